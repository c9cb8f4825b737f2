//! Compiles `layouts/*.toml` into static tables, and the CP932 character classes out of `encoding_rs`.
//! It must not read anything outside this crate: the tables are part of the sources.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The order of `Family` in the crate: the position is the index of its look-up table.
const FAMILIES: [&str; 5] = ["ika", "dpc", "shika", "chozai", "houkan"];
const FILES: [&str; 8] = ["common", "ika", "dpc", "shika", "chozai", "houkan", "return", "history"];
/// Two capital letters: 26 * 26 slots, 0 = no layout, n = layout n - 1.
const SLOTS: usize = 26 * 26;

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let layouts = root.join("layouts");
    rerun_if_changed(&layouts);
    emit(&out.join("layouts.rs"), &layout_tables(&layouts));
    emit(&out.join("codes.rs"), &code_tables(&read(&layouts.join("codes.toml"))));
    emit(&out.join("cp932.rs"), &cp932_table());
}

fn rerun_if_changed(folder: &Path) {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
}

#[expect(clippy::disallowed_methods, reason = "a build script writes into its own output folder")]
fn emit(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the output folder is writable");
}

fn read(path: &Path) -> Table {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no text {key} in {table:?}"))
}

fn flag(table: &Table, key: &str, absent: bool) -> bool {
    table.get(key).map_or(absent, |v| v.as_bool().expect("a boolean"))
}

fn list<'a>(table: &'a Table, key: &str) -> &'a [Value] {
    table.get(key).and_then(Value::as_array).unwrap_or_else(|| panic!("no list {key} in {table:?}"))
}

// ---- layouts -------------------------------------------------------------------------------------------------------

fn layout_tables(folder: &Path) -> String {
    let mut statics = String::new();
    let mut names = Vec::new();
    let mut by_family = vec![vec![0u8; SLOTS]; FAMILIES.len()];
    let mut in_history = vec![vec![0u8; SLOTS]; FAMILIES.len()];
    for file in FILES {
        for record in list(&read(&folder.join(format!("{file}.toml"))), "record") {
            let record = record.as_table().expect("a record is a table");
            let number = u8::try_from(names.len() + 1).expect("fewer than 256 layouts");
            let name = format!("LAYOUT_{number}");
            writeln!(statics, "static {name}: Layout = {};", layout(record)).expect("text");
            names.push(name);
            let slot = slot(text(record, "id"));
            // Of the records of return files only HR stands in history too.
            let historic = file != "return" || text(record, "id") == "HR";
            for family in list(record, "families") {
                let family = family.as_str().expect("a family is text");
                let own = FAMILIES.iter().position(|f| *f == family);
                for i in own.map_or(0..FAMILIES.len(), |i| i..i + 1) {
                    // HG of 訪問看護 stands before the common one and replaces it.
                    if family != "history" && (own.is_some() || is_free(&by_family, i, slot)) {
                        set(&mut by_family, i, slot, number);
                    }
                    if historic {
                        set(&mut in_history, i, slot, number);
                    }
                }
            }
        }
    }
    let refs = names.iter().map(|n| format!("&{n}")).collect::<Vec<_>>().join(", ");
    let count = names.len();
    format!(
        "{statics}pub(super) static LAYOUTS: [&Layout; {count}] = [{refs}];\n\
         pub(super) static BY_FAMILY: [[u8; {SLOTS}]; 5] = {by_family:?};\n\
         pub(super) static IN_HISTORY: [[u8; {SLOTS}]; 5] = {in_history:?};\n"
    )
}

fn is_free(tables: &[Vec<u8>], family: usize, slot: usize) -> bool {
    tables.get(family).and_then(|t| t.get(slot)) == Some(&0)
}

fn set(tables: &mut [Vec<u8>], family: usize, slot: usize, number: u8) {
    let place = tables.get_mut(family).and_then(|t| t.get_mut(slot)).expect("inside the table");
    assert_eq!(*place, 0, "two layouts for one record id of one family");
    *place = number;
}

fn slot(id: &str) -> usize {
    match id.as_bytes() {
        [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => usize::from(a - b'A') * 26 + usize::from(b - b'A'),
        _ => panic!("record id {id}"),
    }
}

fn layout(record: &Table) -> String {
    let mut items = Vec::new();
    for value in list(record, "items") {
        let item = value.as_table().expect("an item is a table");
        match item.get("repeat").and_then(Value::as_integer) {
            Some(n) => (1..=n).for_each(|i| {
                for value in list(item, "items") {
                    items.push(item_layout(value.as_table().expect("a table"), Some(i)));
                }
            }),
            None => items.push(item_layout(item, None)),
        }
    }
    let count = record.get("item_count").and_then(Value::as_integer).expect("item_count");
    assert_eq!(usize::try_from(count), Ok(items.len()), "item_count of {}", text(record, "id"));
    let min = record.get("min_items").and_then(Value::as_integer).unwrap_or(count);
    let scope = match text(record, "scope") {
        "file" => "File",
        "claim" => "Claim",
        "history" => "History",
        other => panic!("scope {other}"),
    };
    format!(
        "Layout {{ id: RecordId(*b{:?}), ja: {:?}, item_count: {count}, min_items: {min}, open_ended: {}, certain: {}, \
         scope: Scope::{scope}, items: &[{}] }}",
        text(record, "id"),
        text(record, "ja"),
        flag(record, "open_ended", false),
        flag(record, "certain", true),
        items.join(", ")
    )
}

fn item_layout(item: &Table, repeat: Option<i64>) -> String {
    let mut name = text(item, "name").to_owned();
    let mut ja = text(item, "ja").to_owned();
    if let Some(n) = repeat {
        write!(name, "_{n}").expect("text");
        ja = ja.replace("{n}", &n.to_string());
    }
    let mode = match text(item, "mode") {
        "数字" => "Digits",
        "英数" => "HalfWidth",
        "漢字" => "FullWidth",
        "英数又は漢字" => "HalfOrFull",
        "不明" => "Unknown",
        other => panic!("mode {other}"),
    };
    let req = match text(item, "req") {
        "yes" => "Yes",
        "cond" => "Conditional",
        "no" => "No",
        other => panic!("req {other}"),
    };
    let max = item.get("max").and_then(Value::as_integer);
    format!(
        "ItemLayout {{ name: {name:?}, ja: {ja:?}, mode: Mode::{mode}, max: {max:?}, fixed: {}, req: Req::{req}, certain: {} }}",
        flag(item, "fixed", false),
        flag(item, "certain", true)
    )
}

// ---- code tables ---------------------------------------------------------------------------------------------------

fn code_tables(tables: &Table) -> String {
    let mut rows = Vec::new();
    for (name, value) in tables {
        let table = value.as_table().expect("a code table");
        let remark = |table: &Table| table.get("note").and_then(Value::as_str).map(str::to_owned);
        let mut parts: Vec<(String, String, Vec<Code>)> = Vec::new();
        for (key, value) in table {
            let Some(codes) = value.as_table() else { continue };
            let name = if key == "codes" { name.clone() } else { format!("{name}.{key}") };
            let note = remark(codes).or_else(|| remark(table)).unwrap_or_default();
            let codes = codes.iter().filter(|(code, _)| *code != "note").map(Code::new).collect();
            parts.push((name, note, codes));
        }
        if let Some(known) = table.get("known").and_then(Value::as_array) {
            let codes = &mut parts.first_mut().expect("known stands beside codes").2;
            for code in known.iter().map(|v| v.as_str().expect("a code is text")) {
                if !codes.iter().any(|c| c.code == code) {
                    codes.push(Code { code: code.to_owned(), text: String::new(), attrs: Vec::new() });
                }
            }
        }
        for (family, only) in table.iter().filter_map(|(key, only)| Some((key.strip_prefix("only_")?, only)))
        {
            let codes = &mut parts.first_mut().expect("only_... stands beside codes").2;
            for code in only.as_array().expect("a list of codes") {
                let code = codes.iter_mut().find(|c| Some(c.code.as_str()) == code.as_str());
                let code = code.expect("only_... names codes of the table");
                code.attrs.push(("only".to_owned(), family.to_owned()));
            }
        }
        for (name, note, mut codes) in parts {
            codes.sort_by(|a, b| a.code.cmp(&b.code));
            rows.push((
                name.clone(),
                code_table(&name, text(table, "ja"), &note, flag(table, "certain", true), &codes),
            ));
        }
    }
    rows.sort();
    let count = rows.len();
    let rows = rows.into_iter().map(|r| r.1).collect::<Vec<_>>().join(",\n");
    format!(
        "pub(super) static TABLES: [CodeTable; {count}] = [{rows}];\n\
         pub(super) static BURDEN: [u8; 256] = {:?};\n",
        burden(tables)
    )
}

struct Code {
    code: String,
    text: String,
    attrs: Vec<(String, String)>,
}

impl Code {
    fn new((code, value): (&String, &Value)) -> Self {
        let mut entry = Self { code: code.clone(), text: String::new(), attrs: Vec::new() };
        match value {
            Value::String(s) => entry.text.clone_from(s),
            Value::Array(list) => entry.attrs.push(("payers".to_owned(), flat(list))),
            Value::Table(table) => {
                for (key, value) in table {
                    match (key.as_str(), value) {
                        ("ja", Value::String(s)) => entry.text.clone_from(s),
                        (_, Value::String(s)) => entry.attrs.push((key.clone(), s.clone())),
                        (_, Value::Array(list)) => entry.attrs.push((key.clone(), flat(list))),
                        (_, other) => entry.attrs.push((key.clone(), other.to_string())),
                    }
                }
            }
            other => panic!("code {code}: {other:?}"),
        }
        entry
    }
}

/// Flattens a list into one text: booleans and digits stand one behind the other (`[true, false]` is `10`), texts have a
/// space between them.
fn flat(list: &[Value]) -> String {
    let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if !texts.is_empty() {
        return texts.join(" ");
    }
    list.iter()
        .map(|v| match v {
            Value::Boolean(b) => u8::from(*b).to_string(),
            other => other.to_string(),
        })
        .collect()
}

fn code_table(name: &str, ja: &str, note: &str, certain: bool, codes: &[Code]) -> String {
    let rows = codes
        .iter()
        .map(|c| format!("Code {{ code: {:?}, text: {:?}, attrs: &{:?} }}", c.code, c.text, c.attrs))
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "CodeTable {{ name: {name:?}, ja: {ja:?}, note: {note:?}, certain: {certain}, codes: &[{rows}] }}"
    )
}

/// Bit i of the entry of a 負担区分 letter: payer i (0 = insurance, 1-4 = public) takes part.
fn burden(tables: &Table) -> Vec<u8> {
    let codes =
        tables.get("burden").and_then(|t| t.get("codes")).and_then(Value::as_table).expect("burden codes");
    let mut masks = vec![0u8; 256];
    for (code, payers) in codes {
        let payers = payers.as_array().expect("a list of payers");
        let mask =
            payers.iter().enumerate().fold(0, |m, (i, v)| m | (u8::from(v.as_bool().expect("bool")) << i));
        *masks.get_mut(usize::from(*code.as_bytes().first().expect("a letter"))).expect("256 entries") = mask;
    }
    masks
}

// ---- CP932 ---------------------------------------------------------------------------------------------------------

/// One byte for each pair of lead (0x81-0x9F, 0xE0-0xFC) and trail (0x40-0xFC): see `Class` in `text.rs`.
fn cp932_table() -> String {
    let leads = (0x81..=0x9Fu8).chain(0xE0..=0xFC);
    let classes =
        leads.flat_map(|lead| (0x40..=0xFCu8).map(move |trail| class(lead, trail))).collect::<Vec<u8>>();
    format!("pub(super) static CLASSES: [u8; {}] = {classes:?};\n", classes.len())
}

fn class(lead: u8, trail: u8) -> u8 {
    let valid = encoding_rs::SHIFT_JIS
        .decode_without_bom_handling_and_without_replacement(&[lead, trail])
        .is_some_and(|s| s.chars().count() == 1);
    if !valid || trail == 0x7F {
        return 0;
    }
    if (lead, trail) == (0x81, 0xAC) {
        return 3;
    }
    let first = if lead < 0xA0 { lead - 0x81 } else { lead - 0xC1 };
    let row = u16::from(first) * 2 + if trail >= 0x9F { 2 } else { 1 };
    if matches!(row, 1..=8 | 16..=84) { 1 } else { 2 }
}
