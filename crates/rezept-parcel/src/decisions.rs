//! What people at the sender said about the files of a parcel: decisions, and what each file is for. Lines of the header;
//! what a code or a purpose means is for other crates.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::payload::PayloadPath;
use crate::words::{ReleaseCode, WordError};

/// Everything that would break a line of the header into other words.
const SPECIAL: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b',');
/// The most bytes of a reason in its encoded form; a longer one is cut at a character.
const WHY_MAX_BYTES: usize = 900;
/// The most bytes of evidence.
const EVIDENCE_MAX_BYTES: usize = 4096;

/// One reason of one file that a person at the sender decided. Text `<code> <path> <evidence> <why>`: evidence are words
/// joined by commas, the reason is percent-encoded UTF-8, and `-` stands for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentDecision {
    /// The code of the reason.
    pub code: ReleaseCode,
    /// The file.
    pub path: PayloadPath,
    /// What the reason rested on: words of printable ASCII without commas.
    pub evidence: Vec<String>,
    /// Why, in the person's words; at most 300 characters of Japanese reach the receiver.
    pub why: String,
}

/// What a file is for, where that is not the month's file. Text `<word> <path>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPurpose {
    /// The word.
    pub purpose: String,
    /// The file.
    pub path: PayloadPath,
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text != "-" && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// The reason as it stands in the line, cut so that the line has a bound.
fn encoded(why: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4];
    for char in why.chars() {
        let piece: String = utf8_percent_encode(char.encode_utf8(&mut buffer), SPECIAL).collect();
        if text.len() + piece.len() > WHY_MAX_BYTES {
            break;
        }
        text.push_str(&piece);
    }
    if text == "-" { "%2D".to_owned() } else { text }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

impl fmt::Display for SentDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let evidence = self.evidence.join(",");
        write!(f, "{} {} {} {}", self.code, self.path, or_dash(&evidence), or_dash(&encoded(&self.why)))
    }
}

impl FromStr for SentDecision {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [code, path, evidence, why] = parts.as_slice() else { return Err(WordError::Decision) };
        let words: Vec<String> = match *evidence {
            "-" => Vec::new(),
            words => words.split(',').map(str::to_owned).collect(),
        };
        let good = evidence.len() <= EVIDENCE_MAX_BYTES && words.iter().all(|word| is_word(word));
        let why = match *why {
            "-" => Cow::Borrowed(""),
            text if text.len() <= WHY_MAX_BYTES => {
                percent_decode_str(text).decode_utf8().map_err(|_| WordError::Decision)?
            }
            _ => return Err(WordError::Decision),
        };
        if !good || why.chars().any(char::is_control) {
            return Err(WordError::Decision);
        }
        Ok(Self {
            code: code.parse()?,
            path: path.parse().map_err(|_| WordError::Decision)?,
            evidence: words,
            why: why.into_owned(),
        })
    }
}

impl fmt::Display for SentPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.purpose, self.path)
    }
}

impl FromStr for SentPurpose {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let (purpose, path) = text.split_once(' ').ok_or(WordError::Decision)?;
        if !is_word(purpose) || purpose.len() > 96 {
            return Err(WordError::Decision);
        }
        Ok(Self { purpose: purpose.to_owned(), path: path.parse().map_err(|_| WordError::Decision)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(evidence: &[&str], why: &str) -> SentDecision {
        SentDecision {
            code: "RZ-G108".parse().unwrap(),
            path: "data/202604-shaho-01/RECEIPTC.UKE".parse().unwrap(),
            evidence: evidence.iter().map(|word| (*word).to_owned()).collect(),
            why: why.to_owned(),
        }
    }

    #[test]
    fn decisions_are_read_as_they_were_written() {
        for one in [decision(&[], ""), decision(&["a", "b2"], "訂正 100%, 再提出"), decision(&["x"], "-")]
        {
            let text = one.to_string();
            assert!(text.is_ascii() && !text.contains('\n'), "{text}");
            assert_eq!(text.parse(), Ok(one));
        }
        for bad in [
            "",
            "RZ-G108 x - -",
            "RZ-G108 data/202604-shaho-01/RECEIPTC.UKE a,, -",
            "RZ-G108 data/202604-shaho-01/RECEIPTC.UKE - %FF",
        ] {
            assert!(bad.parse::<SentDecision>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let text = decision(&[], &"訂".repeat(1000)).to_string();
        let read: SentDecision = text.parse().unwrap();
        assert_eq!(read.why, "訂".repeat(100));
    }
}
