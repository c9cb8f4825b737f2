//! Where a change was made, and its written form for a journal: `HO[1].3`, `-JD@14`, `+SN@5`. Numbers, not names: a
//! name may be mended in a later version, the place in the record stays.

use crate::edit::parse::{Which, record};
use rezept_claim::text::RawText;
use rezept_claim::{Family, RecordId};
use std::fmt;
use std::str::FromStr;

/// One change as it was made. `Debug` hides the values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub place: Place,
    /// What stood there: an item's bytes, or a line with its end; empty for a record that was put in.
    pub before: RawText,
    /// What stands there now: an item's bytes, or a line with its end; empty for a record that was taken out.
    pub after: RawText,
}

/// The place of a change in the request data as it was when the change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An item.
    Item {
        /// The record.
        record: RecordId,
        /// Which of its kind, from 1.
        nth: usize,
        /// The item, the record id being 1.
        item: usize,
    },
    /// A record that was taken out.
    Removed {
        /// The record.
        record: RecordId,
        /// Its line, from 1.
        line: usize,
    },
    /// A record that was put in.
    Added {
        /// The record.
        record: RecordId,
        /// The line that it became, from 1.
        line: usize,
    },
}

/// A written place cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the place of a change")]
pub struct PlaceSyntaxError;

impl Place {
    /// Whether it is one item, not a whole record.
    pub fn is_item(&self) -> bool {
        matches!(self, Self::Item { .. })
    }

    /// The record.
    pub fn record(&self) -> RecordId {
        match self {
            Self::Item { record, .. } | Self::Removed { record, .. } | Self::Added { record, .. } => *record,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item { record, nth, item } => write!(f, "{record}[{nth}].{item}"),
            Self::Removed { record, line } => write!(f, "-{record}@{line}"),
            Self::Added { record, line } => write!(f, "+{record}@{line}"),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = |text: &str| RecordId::parse(text.as_bytes()).ok_or(PlaceSyntaxError);
        let count = |text: &str| text.parse().ok().filter(|n| *n > 0).ok_or(PlaceSyntaxError);
        if let Some((name, line)) = text.get(1..).and_then(|rest| rest.split_once('@')) {
            let (record, line) = (id(name)?, count(line)?);
            return match text.as_bytes().first() {
                Some(b'-') => Ok(Self::Removed { record, line }),
                Some(b'+') => Ok(Self::Added { record, line }),
                _ => Err(PlaceSyntaxError),
            };
        }
        let (left, item) = text.split_once('.').ok_or(PlaceSyntaxError)?;
        match record(left) {
            Ok((name, Which::Nth(nth))) => Ok(Self::Item { record: id(&name)?, nth, item: count(item)? }),
            _ => Err(PlaceSyntaxError),
        }
    }
}

/// The order of the records in a claim (docs/formats.md 3): a record that the claim does not have yet goes behind the
/// last one of its own or a lower rank. Unknown ones rank with the details.
pub(super) fn rank(family: Family, id: RecordId) -> usize {
    let order: &[&[&[u8; 2]]] = match family {
        Family::Ika => &[
            &[b"RE"],
            &[b"HO"],
            &[b"KO"],
            &[b"SN"],
            &[b"JD"],
            &[b"MF"],
            &[b"GR"],
            &[b"SY"],
            &[b"SI", b"IY", b"TO", b"CO"],
            &[b"SJ"],
            &[b"TI"],
            &[b"TR"],
            &[b"TS"],
        ],
        Family::Dpc => &[
            &[b"RE"],
            &[b"HO"],
            &[b"KO"],
            &[b"SN"],
            &[b"JD"],
            &[b"MF"],
            &[b"GR"],
            &[b"BU"],
            &[b"SB"],
            &[b"KK"],
            &[b"SK"],
            &[b"SY"],
            &[b"GA", b"HH", b"GT"],
            &[b"SI", b"IY", b"TO", b"CO"],
            &[b"CD"],
            &[b"SJ"],
        ],
        Family::Shika => &[
            &[b"IR"],
            &[b"RE"],
            &[b"HO"],
            &[b"KO"],
            &[b"SN"],
            &[b"JD"],
            &[b"MF"],
            &[b"HS"],
            &[b"SS", b"SI", b"IY", b"TO", b"CO"],
            &[b"SJ"],
        ],
        Family::Chozai => &[
            &[b"RE"],
            &[b"HO"],
            &[b"KO"],
            &[b"SN"],
            &[b"JD"],
            &[b"MF"],
            &[b"SH", b"CZ", b"IY", b"TO", b"CO"],
            &[b"TK"],
            &[b"KI"],
            &[b"ST"],
        ],
        Family::Houkan => &[
            &[b"RE"],
            &[b"HO"],
            &[b"KO"],
            &[b"SN"],
            &[b"JD"],
            &[b"MF"],
            &[b"GI"],
            &[b"IH"],
            &[b"HJ"],
            &[b"JS"],
            &[b"SY"],
            &[b"RJ"],
            &[b"TJ"],
            &[b"TZ"],
            &[b"KS"],
            &[b"CO"],
            &[b"KA"],
        ],
    };
    let details = |rank: &&[&[u8; 2]]| rank.contains(&b"IY") || rank.contains(&b"KA");
    order
        .iter()
        .position(|rank| rank.contains(&&id.0))
        .or_else(|| order.iter().position(details))
        .unwrap_or(order.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_places_are_read_back() {
        for text in ["HO[1].3", "RE[12].40", "-JD@14", "+SN@5"] {
            assert_eq!(text.parse::<Place>().map(|p| p.to_string()).as_deref(), Ok(text));
        }
        for text in
            ["", "HO.3", "HO[1]", "HO[*].3", "HO[0].3", "HO[1].0", "-JD", "-JD@0", "*JD@1", "ho[1].3", "ー"]
        {
            assert_eq!(text.parse::<Place>(), Err(PlaceSyntaxError), "{text}");
        }
    }
}
