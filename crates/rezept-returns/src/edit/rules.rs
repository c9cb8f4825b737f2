//! What a value must be to stand in an item: mode, size, code table, real dates. It judges values that a person types,
//! never bytes that came from a review body.

use crate::encode::{EncodeError, encode};
use rezept_claim::layout::{Mode, Req};
use rezept_claim::{Date, Family, ItemLayout, Layout, Month, check_digit, codes};

/// What is wrong with a value. The value itself is never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The item must not be empty.
    #[error("must not be empty")]
    Empty,
    /// A character that cannot stand there.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Too many bytes.
    #[error("{found} bytes, at most {max} fit")]
    TooLong {
        /// Bytes that fit.
        max: u32,
        /// Bytes in Shift_JIS.
        found: usize,
    },
    /// Not exactly the size of the item.
    #[error("{found} bytes, exactly {size} needed")]
    NotExact {
        /// Bytes needed.
        size: u32,
        /// Bytes in Shift_JIS.
        found: usize,
    },
    /// Not a number of the form `12` or `1.5`.
    #[error("not a number")]
    NotANumber,
    /// Not a code of its table.
    #[error("not a code of the table {table}")]
    UnknownCode {
        /// The table's name.
        table: &'static str,
    },
    /// Not a real month.
    #[error("not a month")]
    NotAMonth,
    /// Not a real date.
    #[error("not a date")]
    NotADate,
    /// Not a number of an insurer: 8 digits, 6, or the old 4.
    #[error("not the number of an insurer")]
    NotAnInsurer,
    /// The last digit is not the check digit of those before it.
    #[error("wrong check digit")]
    CheckDigit,
    /// Spaces at the end, zeros in front, or zeros behind a decimal point.
    #[error("spaces or zeros that do not belong there")]
    Padding,
    /// Spaces where none may be.
    #[error("spaces are not allowed here")]
    Space,
    /// More items than the record has.
    #[error("{found} items, the record has {expected}")]
    ItemCount {
        /// Items given, the record id included.
        found: usize,
        /// Items of the layout.
        expected: usize,
    },
}

/// A value that can be written, and what is doubtful about it.
pub(super) struct Accepted {
    pub(super) value: Vec<u8>,
    pub(super) doubts: Vec<Problem>,
}

/// Judges a value. What would be wrong by a layout that is not certain is only a doubt; what would break the record or
/// the character code never is.
pub(super) fn accept(
    family: Family,
    layout: &Layout,
    item: &ItemLayout,
    text: &str,
) -> Result<Accepted, Problem> {
    let certain = layout.certain && item.certain;
    let text = padded(item, text);
    let mut doubts = Vec::new();
    let value = match encode(&text, item.mode) {
        Err(mode @ EncodeError::Mode { .. }) if !certain => {
            doubts.push(mode.into());
            encode(&text, Mode::Unknown)?
        }
        value => value?,
    };
    for (problem, grave) in problems(family, layout, item, &value) {
        if grave && certain {
            return Err(problem);
        }
        doubts.push(problem);
    }
    Ok(Accepted { value, doubts })
}

/// An insurer number typed without its leading spaces gets them: 保険者番号 is right-aligned in 8 bytes.
fn padded(item: &ItemLayout, text: &str) -> String {
    let short = matches!(text.len(), 4 | 6) && text.bytes().all(|b| b.is_ascii_digit());
    if is_insurer(item) && short { format!("{text:>8}") } else { text.to_owned() }
}

fn is_insurer(item: &ItemLayout) -> bool {
    item.name == "insurer_no"
}

/// Everything that is wrong, and whether it is grave.
fn problems(family: Family, layout: &Layout, item: &ItemLayout, value: &[u8]) -> Vec<(Problem, bool)> {
    let mut found = Vec::new();
    if value.is_empty() {
        found.extend((item.req == Req::Yes).then_some((Problem::Empty, true)));
        return found;
    }
    found.extend(size(layout, item, value));
    if item.name.ends_with("_ym") {
        found.extend(Month::parse(value).is_none().then_some((Problem::NotAMonth, true)));
    } else if item.name.ends_with("_date") {
        found.extend(Date::parse(value).is_none().then_some((Problem::NotADate, true)));
    } else if is_insurer(item) {
        found.extend(insurer(value));
    } else if matches!(item.name, "payer_no" | "recipient_no") {
        // Some local subsidies give numbers without a valid check digit.
        found.extend((!check_digit::is_valid(value)).then_some((Problem::CheckDigit, false)));
    } else if item.mode == Mode::Digits {
        found.extend(digits(layout, item, value));
    }
    if matches!((&layout.id.0, item.name), (b"HO", "symbol" | "number"))
        && crate::lines::without_spaces(value) != value
    {
        found.push((Problem::Space, true));
    }
    if value.ends_with(b" ") && !is_insurer(item) {
        found.push((Problem::Padding, false));
    }
    found.extend(code(family, layout, item, value));
    found
}

/// 医科 and DPC take comments up to 400 bytes, with a confirmation beyond the 76 of the layout (check 25390).
const LONG_COMMENT: u32 = 400;

fn size(layout: &Layout, item: &ItemLayout, value: &[u8]) -> Option<(Problem, bool)> {
    let max = item.max?;
    let found = value.len();
    let len = found as u64;
    let dated = item.name.ends_with("_ym") || item.name.ends_with("_date");
    if len > u64::from(max) {
        let grave = !(&layout.id.0 == b"CO" && item.name == "text" && len <= u64::from(LONG_COMMENT));
        return Some((Problem::TooLong { max, found }, grave));
    }
    // Months and dates with an era digit are one byte shorter, and right where the claim is an old one.
    (item.fixed && !dated && len != u64::from(max)).then_some((Problem::NotExact { size: max, found }, true))
}

/// Items that keep their leading zeros although they are not of fixed size.
fn keeps_zeros(item: &ItemLayout) -> bool {
    item.max.is_some_and(|max| max <= 3) && !matches!(item.name, "days" | "times" | "benefit_rate")
        || item.name.ends_with("_no")
        || item.name.contains("code")
        || item.name.ends_with("_time")
        || matches!(item.name, "patient_state" | "leave" | "user_info")
}

fn digits(layout: &Layout, item: &ItemLayout, value: &[u8]) -> Option<(Problem, bool)> {
    let negative = value.starts_with(b"-");
    let unsigned = value.strip_prefix(b"-").unwrap_or(value);
    let (whole, fraction) = match unsigned.iter().position(|b| *b == b'.') {
        Some(at) => (unsigned.get(..at).unwrap_or_default(), unsigned.get(at + 1..)),
        None => (unsigned, None),
    };
    let all = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    // 調整点数 of GT may be negative; nothing else is.
    let sign = !negative || &layout.id.0 == b"GT";
    let point = fraction.is_none_or(|f| all(f) && !item.fixed);
    if !sign || !point || !all(whole) {
        return Some((Problem::NotANumber, true));
    }
    let zeros = whole.len() > 1 && whole.starts_with(b"0") && !item.fixed && !keeps_zeros(item);
    (zeros || fraction.is_some_and(|f| f.ends_with(b"0"))).then_some((Problem::Padding, false))
}

fn insurer(value: &[u8]) -> Option<(Problem, bool)> {
    let digits = value.iter().copied().skip_while(|b| *b == b' ').collect::<Vec<_>>();
    let shape =
        value.len() == 8 && matches!(digits.len(), 4 | 6 | 8) && digits.iter().all(u8::is_ascii_digit);
    if !shape {
        return Some((Problem::NotAnInsurer, true));
    }
    (digits.len() > 4 && !check_digit::is_valid(&digits)).then_some((Problem::CheckDigit, true))
}

fn code(family: Family, layout: &Layout, item: &ItemLayout, value: &[u8]) -> Option<(Problem, bool)> {
    if item.name == "claim_type" {
        let table = claim_types(family);
        return (!is_claim_type(family, value)).then_some((Problem::UnknownCode { table }, true));
    }
    let coded = coded(family, layout, item)?;
    let table = codes::table(coded.table)?;
    // A unit of two spaces stands for an empty one in old files.
    let known = value
        .chunks(if coded.unit == 0 { value.len() } else { coded.unit })
        .all(|unit| table.get(unit).is_some() || (coded.unit == 2 && unit == b"  "));
    let problem = Problem::UnknownCode { table: table.name };
    (!known).then_some((problem, table.certain && coded.complete))
}

/// An item whose values come from a table.
struct Coded {
    table: &'static str,
    /// Bytes of one code where several stand one behind the other; 0: one code.
    unit: usize,
    /// Whether the table is known to be complete and current; if not, an unknown code is only a doubt (check R-012).
    complete: bool,
}

fn coded(family: Family, layout: &Layout, item: &ItemLayout) -> Option<Coded> {
    let one = |table| Some(Coded { table, unit: 0, complete: true });
    let loose = |table, unit| Some(Coded { table, unit, complete: false });
    match (&layout.id.0, item.name) {
        (_, "sex") => one("sex"),
        (_, "burden") => one("burden"),
        (_, "outcome") if &layout.id.0 == b"BU" => one("dpc_outcome"),
        (_, "outcome") => one("outcome"),
        (_, "ward") => loose("ward", 2),
        (_, "remarks") if family == Family::Houkan => loose("remark_houkan", 2),
        (_, "remarks") => loose("remark", 2),
        (_, "copay_class") => one("copay_class"),
        (_, "patient_state") => loose("patient_state", 3),
        (b"RE", "summary_class") => one("summary_class"),
        (b"RE", "issuer_prefecture") | (b"TI" | b"IH", "prefecture") => one("prefecture"),
        (b"RE", "dept" | "dept_1" | "dept_2" | "dept_3") => loose("department", 0),
        (b"HO", "duty_reason") => one("duty_reason"),
        (_, "reduction_kind") => one("reduction_kind"),
        (_, "payer_kind") => one("payer_kind"),
        (b"SN", "check_kind") => one("check_kind"),
        (b"MF", "copay_kind") => loose("copay_kind", 0),
        (b"JD", name) if name.starts_with("visit_") => {
            one(if family == Family::Chozai { "visit_kind_chozai" } else { "visit_kind" })
        }
        (b"SY" | b"HS", "primary") => one("primary_disease"),
        (b"SJ", "kind") => one("symptom_kind"),
        (b"GR", "reason") => loose("gr_reason", 0),
        (b"GT", "service_class") => one("service_class_dpc"),
        (b"CD", "service_class") => None,
        (_, "service_class") if family == Family::Shika => loose("service_class_dental", 0),
        (_, "service_class") => one("service_class"),
        (b"TO", "unit_code") => loose("unit", 0),
        (b"TI" | b"TR", "donor_kind") => one("donor_kind"),
        (b"SB", "disease_class") => one("disease_class"),
        (b"KK", "admission_kind") => one("admission_kind"),
        (b"GA" | b"HH" | b"GT", "claim_adjust") => one("claim_adjust"),
        (b"HH", "period_class") => one("period_class"),
        (b"HH" | b"GT", "insurer_split") => loose("insurer_split", 0),
        (b"GA", "leave") => loose("leave", 1),
        (b"SH", "form") => loose("dosage_form", 0),
        (b"SH", "usage_1") => loose("usage_chozai", 0),
        (b"CZ", "fee_class") => loose("fee_class", 0),
        (b"CZ", "split_kind") => loose("split_kind", 0),
        (b"CZ" | b"KI", "bundled") => loose("bundled", 0),
        (b"CZ" | b"KI", "other_facility") => loose("other_facility", 0),
        (b"IY", "mix_class") => loose("mix_class", 0),
        _ => None,
    }
}

/// The table of the combinations that a family has.
fn claim_types(family: Family) -> &'static str {
    if family == Family::Houkan { "claim_type.houkan" } else { "claim_type.valid" }
}

/// レセプト種別: the first digit is that of the family, the others are combinations of the table.
fn is_claim_type(family: Family, value: &[u8]) -> bool {
    let [d1, d2, d3, d4] = value else { return false };
    let first = match family {
        Family::Ika | Family::Dpc => b'1',
        Family::Shika => b'3',
        Family::Chozai => b'4',
        Family::Houkan => b'6',
    };
    let valid = codes::table(claim_types(family)).and_then(|table| table.get(&[*d2]));
    let allowed = |attr, digit: u8| {
        valid.and_then(|code| code.attr(attr)).is_some_and(|digits| digits.as_bytes().contains(&digit))
    };
    *d1 == first && allowed("d3", *d3) && allowed("d4", *d4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rezept_claim::RecordId;
    use rezept_claim::layout;

    fn judge(family: Family, id: &str, name: &str, text: &str) -> Result<(String, usize), Problem> {
        let layout = layout::layout(family, RecordId::parse(id.as_bytes()).unwrap()).unwrap();
        let item = layout.items.iter().find(|i| i.name == name).unwrap();
        accept(family, layout, item, text)
            .map(|a| (rezept_claim::text::decode(&a.value).into_owned(), a.doubts.len()))
    }

    fn fine(value: &str) -> Result<(String, usize), Problem> {
        Ok((value.to_owned(), 0))
    }

    #[test]
    fn every_table_named_exists() {
        for family in Family::ALL {
            for layout in layout::all().filter(|l| layout::layout(family, l.id).is_some()) {
                for item in layout.items {
                    if let Some(coded) = coded(family, layout, item) {
                        assert!(codes::table(coded.table).is_some(), "{} {}", layout.id, item.name);
                    }
                }
            }
        }
        assert!(Family::ALL.into_iter().all(|family| codes::table(claim_types(family)).is_some()));
    }

    #[test]
    fn insurers_are_aligned_and_checked() {
        let insurer = |text| judge(Family::Ika, "HO", "insurer_no", text);
        assert_eq!(insurer("138016"), fine("  138016"));
        assert_eq!(insurer("  138016"), fine("  138016"));
        assert_eq!(insurer("06132021"), fine("06132021"));
        assert_eq!(insurer("06132022"), Err(Problem::CheckDigit));
        assert_eq!(insurer("0613202"), Err(Problem::NotExact { size: 8, found: 7 }));
        assert_eq!(insurer(""), Err(Problem::Empty));
        assert_eq!(judge(Family::Houkan, "HO", "insurer_no", "06132022"), Err(Problem::CheckDigit));
        assert_eq!(judge(Family::Chozai, "HO", "insurer_no", "06132022"), Ok(("06132022".to_owned(), 1)));
    }

    #[test]
    fn sizes_modes_and_codes() {
        let re = |name, text| judge(Family::Ika, "RE", name, text);
        assert_eq!(re("claim_type", "1116"), fine("1116"));
        assert_eq!(re("claim_type", "1226"), Err(Problem::UnknownCode { table: "claim_type.valid" }));
        assert_eq!(re("claim_type", "3116"), Err(Problem::UnknownCode { table: "claim_type.valid" }));
        assert_eq!(re("sex", "3"), Err(Problem::UnknownCode { table: "sex" }));
        assert_eq!(re("birth_date", "20240230"), Err(Problem::NotADate));
        assert_eq!(re("birth_date", "3450105"), fine("3450105"));
        assert_eq!(re("service_ym", "202413"), Err(Problem::NotAMonth));
        assert_eq!(re("remarks", "2942"), fine("2942"));
        assert_eq!(re("remarks", "99"), Ok(("99".to_owned(), 1)));
        assert_eq!(
            re("name", "あああああああああああああああああああああ"),
            Err(Problem::TooLong { max: 40, found: 42 })
        );
        assert_eq!(re("beds", "010"), Ok(("010".to_owned(), 1)));
        let ho = |name, text| judge(Family::Ika, "HO", name, text);
        assert_eq!(ho("symbol", "２１ ７"), Err(Problem::Encode(EncodeError::Mode { at: 3 })));
        assert_eq!(ho("symbol", "２１　７"), Err(Problem::Space));
        assert_eq!(ho("total_points", "-1"), Err(Problem::NotANumber));
        assert_eq!(ho("days", "1x"), Err(Problem::Encode(EncodeError::Mode { at: 2 })));
        let houkan = |id, name, text| judge(Family::Houkan, id, name, text);
        assert_eq!(houkan("RE", "claim_type", "6110"), fine("6110"));
        assert_eq!(
            houkan("RE", "claim_type", "6111"),
            Err(Problem::UnknownCode { table: "claim_type.houkan" })
        );
        assert_eq!(houkan("RE", "remarks", "9602"), fine("9602"));
        assert_eq!(houkan("RE", "remarks", "03"), Ok(("03".to_owned(), 1)));
        assert_eq!(houkan("RJ", "user_info", "0111"), fine("0111"));
        assert_eq!(houkan("RJ", "end_time", "0930"), fine("0930"));
        let si = |name, text| judge(Family::Ika, "SI", name, text);
        assert_eq!(si("quantity", "1.5"), fine("1.5"));
        assert_eq!(si("quantity", "1.50"), Ok(("1.50".to_owned(), 1)));
        assert_eq!(si("service_class", "98"), Err(Problem::UnknownCode { table: "service_class" }));
        assert_eq!(judge(Family::Ika, "SY", "outcome", "5"), Err(Problem::UnknownCode { table: "outcome" }));
    }
}
