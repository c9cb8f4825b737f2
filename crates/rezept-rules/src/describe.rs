//! What a content is to the protocol: kind, identity, official name, folder. Decided by content; a name helps only where
//! the content of a notice lacks something.

use std::fmt;
use std::str::FromStr;

use rezept_claim::{FileFacts, Kind, Month, OfficialName, Payer};

/// The three kinds that routes and inboxes name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RouteKind {
    /// A claim file (請求ファイル).
    Claim,
    /// A return file (返戻ファイル).
    Return,
    /// A notice (帳票CSV).
    Notice,
}

impl RouteKind {
    /// The word in configuration, journal and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Return => "return",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for RouteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for RouteKind {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Claim, Self::Return, Self::Notice].into_iter().find(|kind| kind.word() == word).ok_or(())
    }
}

/// Prefecture, point table and code: the key of a facility, as text of fixed form.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FacilityKey {
    /// Two digits.
    pub prefecture: String,
    /// One digit.
    pub point_table: String,
    /// Seven digits.
    pub code: String,
}

impl fmt::Display for FacilityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.prefecture, self.point_table, self.code)
    }
}

/// A content that is known and complete enough to be carried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Described {
    /// Kind.
    pub kind: RouteKind,
    /// `ika`, ...; `None` for a notice.
    pub family: Option<&'static str>,
    /// Payer body.
    pub payer: Payer,
    /// Whose it is.
    pub facility: FacilityKey,
    /// Billing month, month of processing, or month of the notice.
    pub month: Month,
    /// Volume of the header; `None` for a notice.
    pub volume: Option<String>,
    /// The name under which it is handed over.
    pub official_name: String,
    /// One word: equal for two contents that claim to be the same file.
    pub identity: String,
    /// The folder below an inbox.
    pub folder: String,
}

/// Says what a content is. `file_name` is the name it was found under; only notices need it.
///
/// # Errors
/// The first thing that is missing: the content cannot be carried before a person looked at it.
pub fn describe(facts: &FileFacts, file_name: &str) -> Result<Described, Missing> {
    match facts.kind {
        Kind::Claim => described(facts, RouteKind::Claim, "claim"),
        Kind::Return => {
            // A return file without any claim says nothing of its kind; then its extension is all there is.
            let by_name = if file_name.to_ascii_uppercase().contains(".SAH") { "sah" } else { "hen" };
            described(facts, RouteKind::Return, facts.return_kind.map_or(by_name, |kind| kind.as_str()))
        }
        Kind::Notice => notice(facts, file_name),
        Kind::Unknown => Err(Missing::Kind),
    }
}

/// What a content does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// It is nothing known.
    Kind,
    /// The payer body.
    Payer,
    /// The facility.
    Facility,
    /// A month of the calendar.
    Month,
    /// The family.
    Family,
    /// A notice whose name is not an official one.
    OfficialName,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "kind",
            Self::Payer => "payer body",
            Self::Facility => "facility",
            Self::Month => "month",
            Self::Family => "family",
            Self::OfficialName => "official name",
        })
    }
}

fn described(facts: &FileFacts, kind: RouteKind, word: &str) -> Result<Described, Missing> {
    let payer = facts.payer.ok_or(Missing::Payer)?;
    let month = facts.month.ok_or(Missing::Month)?;
    let facility = FacilityKey {
        prefecture: facts.prefecture.ok_or(Missing::Facility)?.to_string(),
        point_table: facts.point_table.ok_or(Missing::Facility)?.to_string(),
        code: facts.facility.ok_or(Missing::Facility)?.to_string(),
    };
    let family = facts.family.ok_or(Missing::Family)?.as_str();
    let official_name = facts.official_name().ok_or(Missing::OfficialName)?.to_owned();
    let volume = facts.volume.map_or_else(|| "00".to_owned(), |volume| volume.to_string());
    let identity = format!("{word}/{family}/{}/{facility}/{month}/{volume}", payer.code());
    let last = facts
        .declared
        .as_ref()
        .and_then(|declared| declared.volume)
        .is_none_or(|volume| volume.to_string() == "99");
    let mut folder = format!("{}/{}", month.compact(), payer.as_str());
    if volume != "00" || !last {
        folder = format!("{folder}/vol-{volume}");
    }
    Ok(Described {
        kind,
        family: Some(family),
        payer,
        facility,
        month,
        volume: Some(volume),
        official_name,
        identity,
        folder,
    })
}

fn notice(facts: &FileFacts, file_name: &str) -> Result<Described, Missing> {
    let official_name = without_copy_mark(file_name);
    let name = OfficialName::parse(&official_name).ok_or(Missing::OfficialName)?;
    let month = facts.month.or(name.month).ok_or(Missing::Month)?;
    let facility = FacilityKey {
        prefecture: name.prefecture.to_string(),
        point_table: name.point_table.to_string(),
        code: name.facility.to_string(),
    };
    if facts.facility.is_some_and(|inside| inside.to_string() != facility.code) {
        return Err(Missing::Facility);
    }
    let identity = format!("notice/{}", official_name.to_ascii_lowercase());
    let folder = format!("{}/{}", month.compact(), name.payer.as_str());
    let payer = name.payer;
    Ok(Described {
        kind: RouteKind::Notice,
        family: None,
        payer,
        facility,
        month,
        volume: None,
        official_name,
        identity,
        folder,
    })
}

/// Takes off what browsers add to a second download: `name (1).csv`.
fn without_copy_mark(name: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let stem = match stem.rsplit_once(" (") {
        Some((before, digits))
            if digits.strip_suffix(')').is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit())) =>
        {
            before
        }
        _ => stem,
    };
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

/// Whether a name is one under which claim files, return files or notices are handed over: contents that are nothing
/// known are worth a person's look under such a name, and none of our business under any other.
#[must_use]
pub fn is_claim_like(file_name: &str) -> bool {
    let upper = file_name.to_ascii_uppercase();
    let known_end = [".UKE", ".CYO", ".HEN", ".SAH"]
        .iter()
        .any(|end| upper.ends_with(end) || upper.contains(&format!("{end}.")));
    known_end
        || (upper.starts_with("RECEIPT") && !upper.ends_with(".ISO"))
        || OfficialName::parse(&without_copy_mark(file_name)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_marks_come_off() {
        assert_eq!(without_copy_mark("RIzogn1131999901550612 (2).csv"), "RIzogn1131999901550612.csv");
        assert_eq!(without_copy_mark("a(1).csv"), "a(1).csv");
        assert_eq!(without_copy_mark("plain"), "plain");
    }

    #[test]
    fn names_worth_a_look() {
        for name in
            ["RECEIPTC.UKE", "receiptc (1).hen", "RECEIPTC.HEN.txt", "RECEIPT", "RIzogn1131999901550612.csv"]
        {
            assert!(is_claim_like(name), "{name}");
        }
        for name in ["readme.txt", "RECEIPTC.iso", "photo.jpg", "CODING.DPC"] {
            assert!(!is_claim_like(name), "{name}");
        }
    }
}
