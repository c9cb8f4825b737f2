//! The written form of a correction: `RE.claim_type=1116`, `SY[2].outcome=3`, `HO[*].symbol=...`, `-JD[2]`,
//! `+SN=1,01,...`. It reads the form only; whether record and item exist is decided against the claim.

use std::fmt;
use std::str::FromStr;

/// Which of several records of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// None was named: right only when there is one.
    Only,
    /// The n-th of the claim, from 1.
    Nth(usize),
    /// Each of them.
    Every,
}

/// One correction as a person writes it. `Debug` hides what is to be written.
#[derive(Clone, PartialEq, Eq)]
pub enum Edit {
    /// Gives an item another value; an empty one clears it.
    Set {
        /// Record id, or its Japanese name.
        record: String,
        /// Which of them.
        which: Which,
        /// The item's English or Japanese name.
        item: String,
        /// The new value.
        value: String,
    },
    /// Takes a whole record out.
    Remove {
        /// Record id, or its Japanese name.
        record: String,
        /// Which of them.
        which: Which,
    },
    /// Puts a whole record in.
    Add {
        /// Record id, or its Japanese name.
        record: String,
        /// The place it is to have among its kind, from 1; `None`: behind the last.
        nth: Option<usize>,
        /// Its items behind the record id.
        items: Vec<String>,
    },
}

/// Why a correction cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditSyntaxError {
    /// No `=` where one must be.
    #[error("no '=' in the correction")]
    NoValue,
    /// No record, or no item behind a point.
    #[error("no record and item before the '='")]
    NoItem,
    /// Something else than `[1]`, `[2]`, ... or `[*]` behind the record.
    #[error("the number in brackets is no place of a record")]
    BadIndex,
    /// `[*]` or `=` where a whole record is put in or taken out.
    #[error("not a whole record")]
    NotWhole,
}

impl FromStr for Edit {
    type Err = EditSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix('-') {
            if rest.contains(['=', '.']) {
                return Err(EditSyntaxError::NotWhole);
            }
            let (record, which) = record(rest)?;
            return Ok(Self::Remove { record, which });
        }
        let (left, value) = text.split_once('=').ok_or(EditSyntaxError::NoValue)?;
        if let Some(rest) = left.strip_prefix('+') {
            let (record, which) = record(rest)?;
            let nth = match which {
                Which::Only => None,
                Which::Nth(n) => Some(n),
                Which::Every => return Err(EditSyntaxError::NotWhole),
            };
            return Ok(Self::Add { record, nth, items: value.split(',').map(str::to_owned).collect() });
        }
        let (left, item) = left.split_once('.').ok_or(EditSyntaxError::NoItem)?;
        let (record, which) = record(left)?;
        match item.trim() {
            "" => Err(EditSyntaxError::NoItem),
            item => Ok(Self::Set { record, which, item: item.to_owned(), value: value.to_owned() }),
        }
    }
}

/// `SY`, `SY[2]` or `SY[*]`.
pub(super) fn record(text: &str) -> Result<(String, Which), EditSyntaxError> {
    let text = text.trim();
    let (name, which) = match text.split_once('[') {
        None => (text, Which::Only),
        Some((name, index)) => {
            let index = index.strip_suffix(']').ok_or(EditSyntaxError::BadIndex)?;
            let which = match index {
                "*" => Which::Every,
                digits => {
                    Which::Nth(digits.parse().ok().filter(|n| *n > 0).ok_or(EditSyntaxError::BadIndex)?)
                }
            };
            (name, which)
        }
    };
    if name.is_empty() { Err(EditSyntaxError::NoItem) } else { Ok((name.to_owned(), which)) }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { record, which, item, .. } => {
                write!(f, "Set({record} {which:?} {item})")
            }
            Self::Remove { record, which } => write!(f, "Remove({record} {which:?})"),
            Self::Add { record, nth, items } => write!(f, "Add({record} {nth:?}, {} items)", items.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let set = |record: &str, which, item: &str, value: &str| Edit::Set {
            record: record.to_owned(),
            which,
            item: item.to_owned(),
            value: value.to_owned(),
        };
        let read = |text: &str| text.parse::<Edit>().unwrap();
        assert_eq!(read("RE.claim_type=1116"), set("RE", Which::Only, "claim_type", "1116"));
        assert_eq!(read("SY[2].outcome="), set("SY", Which::Nth(2), "outcome", ""));
        assert_eq!(read("HO[*].記号=ａ＝ｂ=c"), set("HO", Which::Every, "記号", "ａ＝ｂ=c"));
        assert_eq!(read("-JD[2]"), Edit::Remove { record: "JD".to_owned(), which: Which::Nth(2) });
        assert_eq!(
            read("+SN[1]=1,,x"),
            Edit::Add {
                record: "SN".to_owned(),
                nth: Some(1),
                items: ["1", "", "x"].map(str::to_owned).to_vec()
            }
        );
    }

    #[test]
    fn other_forms_are_refused() {
        use EditSyntaxError::{BadIndex, NoItem, NoValue, NotWhole};
        for (text, error) in [
            ("", NoValue),
            ("RE.claim_type", NoValue),
            ("RE=1", NoItem),
            ("RE.=1", NoItem),
            (".name=1", NoItem),
            ("SY[0].outcome=1", BadIndex),
            ("SY[-1].outcome=1", BadIndex),
            ("SY[1.outcome=1", BadIndex),
            ("SY[].outcome=1", BadIndex),
            ("-JD.day=1", NotWhole),
            ("+SN[*]=1", NotWhole),
            ("+SN", NoValue),
        ] {
            assert_eq!(text.parse::<Edit>(), Err(error), "{text}");
        }
    }

    #[test]
    fn debug_hides_values() {
        let shown = format!("{:?}", "HO.symbol=SECRET".parse::<Edit>().unwrap());
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}
