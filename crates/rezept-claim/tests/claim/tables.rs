//! The compiled layouts and codes against the handed-out tables, and the look-ups.

use crate::common::handed_out;
use rezept_claim::layout::{self, Mode, Req, Scope};
use rezept_claim::{Family, ItemLayout, RecordId, codes};
use toml::{Table, Value};

fn family(name: &str) -> Option<Family> {
    Family::ALL.into_iter().find(|f| f.as_str() == name)
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table[key].as_str().unwrap()
}

/// The items of a record as (name, table), repeats expanded.
fn expand(fields: &[Value]) -> Vec<(String, String, &Table)> {
    let mut all = Vec::new();
    for field in fields {
        let field = field.as_table().unwrap();
        match field.get("repeat").and_then(Value::as_integer) {
            Some(n) => {
                for i in 1..=n {
                    for inner in field["fields"].as_array().unwrap() {
                        let inner = inner.as_table().unwrap();
                        let ja = text(inner, "ja").replace("{n}", &i.to_string());
                        all.push((format!("{}_{i}", text(inner, "name")), ja, inner));
                    }
                }
            }
            None => all.push((text(field, "name").to_owned(), text(field, "ja").to_owned(), field)),
        }
    }
    all
}

fn mode(item: &ItemLayout) -> &'static str {
    match item.mode {
        Mode::Digits => "数字",
        Mode::HalfWidth => "英数",
        Mode::FullWidth => "漢字",
        Mode::HalfOrFull => "英数又は漢字",
        Mode::Unknown => "不明",
    }
}

fn req(item: &ItemLayout) -> &'static str {
    match item.req {
        Req::Yes => "yes",
        Req::Conditional => "cond",
        Req::No => "no",
    }
}

#[test]
fn layouts_equal_the_handed_out_table() {
    let Some(bytes) = handed_out("domain/records.toml") else { return };
    let table: Table = String::from_utf8(bytes).unwrap().parse().unwrap();
    let records = table["record"].as_array().unwrap();
    assert_eq!(records.len(), layout::all().count());
    for record in records.iter().map(|r| r.as_table().unwrap()) {
        let id = RecordId::parse(text(record, "id").as_bytes()).unwrap();
        for name in record["families"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()) {
            let found = match (family(name), name) {
                (Some(family), _) => layout::layout(family, id),
                (None, "ret") => layout::layout(Family::Ika, id),
                (None, _) => layout::history_layout(Family::Ika, id),
            };
            compare(record, found.unwrap_or_else(|| panic!("{id} of {name}")));
        }
    }
}

fn compare(record: &Table, found: &layout::Layout) {
    let int = |table: &Table, key: &str| table.get(key).and_then(Value::as_integer);
    let flag =
        |table: &Table, key: &str, absent: bool| table.get(key).map_or(absent, |v| v.as_bool().unwrap());
    let id = text(record, "id");
    let count = int(record, "field_count").unwrap();
    assert_eq!(found.ja, text(record, "ja"), "{id}");
    assert_eq!(i64::try_from(found.item_count), Ok(count), "{id}");
    assert_eq!(i64::try_from(found.min_items), Ok(int(record, "min_fields").unwrap_or(count)), "{id}");
    assert_eq!(found.open_ended, flag(record, "open_ended", false), "{id}");
    assert_eq!(found.certain, flag(record, "certain", true), "{id}");
    let scope = match found.scope {
        Scope::File => "file",
        Scope::Claim => "claim",
        Scope::History => "history",
    };
    assert_eq!(scope, text(record, "scope"), "{id}");
    let fields = expand(record["fields"].as_array().unwrap());
    assert_eq!(fields.len(), found.items.len(), "{id}");
    for ((name, ja, field), item) in fields.iter().zip(found.items) {
        assert_eq!((item.name, item.ja), (name.as_str(), ja.as_str()), "{id}");
        assert_eq!(mode(item), text(field, "mode"), "{id}.{name}");
        assert_eq!(item.max.map(i64::from), int(field, "max"), "{id}.{name}");
        assert_eq!(item.fixed, flag(field, "fixed", false), "{id}.{name}");
        assert_eq!(req(item), text(field, "req"), "{id}.{name}");
        assert_eq!(item.certain, flag(field, "certain", true), "{id}.{name}");
    }
}

/// A property as the tables give it: lists of texts with spaces between them.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(flat).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[test]
fn codes_equal_the_handed_out_tables() {
    let Some(bytes) = handed_out("domain/codes.toml") else { return };
    let tables: Table = String::from_utf8(bytes).unwrap().parse().unwrap();
    for (name, value) in &tables {
        let value = value.as_table().unwrap();
        let Some(list) = value.get("codes").and_then(Value::as_table) else { continue };
        let found = codes::table(name).unwrap_or_else(|| panic!("no table {name}"));
        assert_eq!(found.ja, text(value, "ja"), "{name}");
        for (code, meaning) in list {
            let entry = found.get(code.as_bytes()).unwrap_or_else(|| panic!("{name} {code}"));
            if let Some(meaning) = meaning.as_str() {
                assert_eq!(entry.text, meaning, "{name} {code}");
            }
            for (key, value) in meaning.as_table().into_iter().flatten() {
                let told = if key == "ja" { Some(entry.text) } else { entry.attr(key) };
                assert_eq!(told, Some(flat(value).as_str()), "{name} {code} {key}");
            }
            for family in ["dpc", "ika"] {
                let only = value.get(&format!("only_{family}")).and_then(Value::as_array);
                let named = only.is_some_and(|only| only.iter().any(|c| c.as_str() == Some(code)));
                assert_eq!(entry.attr("only") == Some(family), named, "{name} {code} {family}");
            }
            for (i, pays) in meaning.as_array().into_iter().flatten().enumerate() {
                let mask = codes::burden_mask(code.as_bytes()[0]);
                assert_eq!(mask & (1 << i) != 0, pays.as_bool().unwrap(), "{name} {code}");
            }
        }
        let known = value.get("known").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        assert!(known.iter().all(|c| found.get(c.as_str().unwrap().as_bytes()).is_some()), "{name}");
    }
}

#[test]
fn look_ups() {
    let id = |text: &str| RecordId::parse(text.as_bytes()).unwrap();
    let re = layout::layout(Family::Ika, id("RE")).unwrap();
    assert_eq!((re.item_count, re.min_items), (38, 36));
    assert_eq!(re.item(19).map(|i| i.name), Some("search_no"));
    assert_eq!(re.item(36).map(|i| i.name), Some("dept_disease_3"));
    assert_eq!(layout::layout(Family::Dpc, id("RE")).map(|l| l.item_count), Some(30));
    assert!(re.item(0).is_none() && re.item(39).is_none());
    assert!(layout::layout(Family::Ika, id("RC")).is_none(), "only behind the prefix");
    assert!(layout::history_layout(Family::Ika, id("RC")).is_some());
    assert!(layout::history_layout(Family::Ika, id("HR")).is_some());
    assert!(layout::history_layout(Family::Ika, id("HI")).is_none());
    let count = |family, name| layout::layout(family, id(name)).map(|l| l.item_count);
    assert_eq!((count(Family::Shika, "HG"), count(Family::Houkan, "HG")), (Some(4), Some(3)));
    assert_eq!((count(Family::Dpc, "HH"), count(Family::Houkan, "HH")), (Some(9), Some(5)));
    assert_eq!((count(Family::Dpc, "GO"), count(Family::Houkan, "GO")), (Some(4), Some(1)));
    assert!(layout::history_layout(Family::Dpc, id("HH")).is_some());
    assert!(layout::history_layout(Family::Houkan, id("HH")).is_none(), "a header of return files");
    for family in Family::ALL {
        let place = layout::layout(family, id("RE")).and_then(|re| re.item(family.search_no_item()));
        assert_eq!(place.map(|i| i.name), Some("search_no"), "{family:?}");
    }
    assert_eq!(codes::table("prefecture").and_then(|t| t.get(b"13")).map(|c| c.text), Some("東京"));
    assert_eq!(
        codes::table("public_order").and_then(|t| t.get(b"12")).and_then(|c| c.attr("rank")),
        Some("27")
    );
    let attr = |table: &str, code: &str, key: &str| {
        codes::table(table).and_then(|t| t.get(code.as_bytes())).and_then(|c| c.attr(key))
    };
    assert_eq!(attr("notice_kind", "uasp", "prefixes"), Some("RI RD CD"));
    assert_eq!(attr("asp_code", "L1070", "only"), Some("dpc"));
    assert_eq!(attr("asp_code", "L1011", "only"), None);
    assert_eq!(attr("claim_type.houkan", "3", "d4"), Some("80"));
    assert!(codes::table("claim_type.d4").is_some() && codes::table("nothing").is_none());
    assert_eq!((codes::burden_mask(b'1'), codes::burden_mask(b'2'), codes::burden_mask(b'?')), (1, 3, 0));
}
