//! Who is at the keyboard: passwords made and compared with argon2id, and which roles a decision needs. Keeps no password;
//! nothing of one reaches a message, a log or the journal but its hash.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rezept_codes::Code;
use rezept_journal::{Journal, OperatorRole, OperatorRow, PeopleError, Subject};

use crate::problem::Problem;

/// Who may approve what leaves, and who may permit a stick to leave.
pub const APPROVERS: &[OperatorRole] =
    &[OperatorRole::SystemAdmin, OperatorRole::InformationManager, OperatorRole::OperationsManager];
/// Who may let something pass in which a scanner found malware.
pub const GUARDIANS: &[OperatorRole] = &[OperatorRole::SystemAdmin, OperatorRole::InformationManager];

/// A password has at least so many characters. Short enough to be typed many times a day; what keeps guessing slow is the
/// waiting after wrong ones.
pub const PIN_MIN_CHARS: usize = 8;
/// And at most so many bytes: a longer one is a file that went the wrong way.
const PIN_MAX_BYTES: usize = 1024;
const NAME_MAX_CHARS: usize = 40;
/// Other actors of the history: a person must not look like one.
const RESERVED: &[&str] = &[
    "service",
    "look",
    "test",
    "demo",
    "init",
    "watch",
    "send",
    "receive",
    "held",
    "returns",
    "import-returns",
    "resubmit",
    "operator",
    "pair",
    "media",
    "recover",
    "audit",
    "doctor",
    "status",
];

/// A password or PIN as it was typed.
pub struct Pin(String);

impl Pin {
    /// Takes what was typed, without the line's end.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(typed.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Whether nothing was typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(<hidden>)")
    }
}

/// The hash of a new password, as it is stored.
///
/// # Errors
/// `Code::BadPassword` when it is too short, too long or the name itself.
pub fn hash_new(name: &str, pin: &Pin) -> Result<String, Problem> {
    let bad = pin.0.chars().count() < PIN_MIN_CHARS || pin.0.len() > PIN_MAX_BYTES || pin.0 == name;
    if bad { Err(Problem::new(Code::BadPassword, "", "")) } else { hash(pin) }
}

fn hash(pin: &Pin) -> Result<String, Problem> {
    let hashed = Argon2::default().hash_password(pin.0.as_bytes());
    hashed
        .map(|phc| phc.to_string())
        .map_err(|error| Problem::new(Code::CannotHappen, "argon2", error.to_string()))
}

fn is_right(pin: &Pin, stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else { return false };
    Argon2::default().verify_password(pin.0.as_bytes(), &stored).is_ok()
}

/// Whether this can be the name of a person: it stands in the history and is typed on command lines.
///
/// # Errors
/// `Code::BadOperatorName`.
pub fn check_name(name: &str) -> Result<(), Problem> {
    let chars = name.chars().count();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    let bad = chars == 0
        || chars > NAME_MAX_CHARS
        || name.trim() != name
        || name.starts_with('-')
        || name.chars().any(hidden)
        || RESERVED.contains(&name.to_lowercase().as_str());
    if bad { Err(Problem::new(Code::BadOperatorName, name, "")) } else { Ok(()) }
}

/// Proves who is at the keyboard. A wrong password is journalled and counted; an unknown name takes as long as a known one.
///
/// # Errors
/// `Code::OperatorRefused`, `Code::OperatorWaits`, or the journal's own.
pub fn log_in(journal: &mut Journal, name: &str, pin: &Pin) -> Result<OperatorRow, Problem> {
    let Some(operator) = journal.operator(name)? else {
        let _ = hash(pin)?;
        // Not the name: what was typed there by mistake may be a password.
        journal.remark(Subject::Station, "WRONG_PASSWORD", "unknown name")?;
        return Err(Problem::new(Code::OperatorRefused, "", ""));
    };
    let Some(tries) = journal.begin_try(&operator)? else {
        let until = journal.operator(name)?.and_then(|operator| operator.locked_until).unwrap_or_default();
        return Err(Problem::new(Code::OperatorWaits, name, until));
    };
    let stored = journal.operator_secret(operator.id)?;
    if !is_right(pin, &stored) {
        let before = journal.act_as(name);
        let noted = journal.note_wrong_secret(&operator, tries);
        journal.act_as(&before);
        noted?;
        return Err(Problem::new(Code::OperatorRefused, "", ""));
    }
    journal.note_login(&operator)?;
    Ok(operator)
}

/// The person on whose behalf something is asked. The asking command has proved who it is; here only that the person still
/// works here, and that somebody was named where somebody must be.
///
/// # Errors
/// `Code::OperatorMissing`, `Code::OperatorRefused`, or the journal's own.
pub fn current(journal: &Journal, by: Option<&str>) -> Result<Option<OperatorRow>, Problem> {
    match by {
        Some(name) => {
            journal.operator(name)?.map(Some).ok_or_else(|| Problem::new(Code::OperatorRefused, name, ""))
        }
        None if journal.knows_operators()? => Err(Problem::new(Code::OperatorMissing, "", "")),
        None => Ok(None),
    }
}

/// Refuses a person who holds none of the roles. Where nobody was ever named, nobody holds one.
///
/// # Errors
/// `Code::RoleMissing`, with the roles that would do.
pub fn require(operator: Option<&OperatorRow>, roles: &[OperatorRole]) -> Result<(), Problem> {
    if operator.is_some_and(|operator| operator.may(roles)) {
        return Ok(());
    }
    let name = operator.map_or("", |operator| operator.name.as_str());
    let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
    Err(Problem::new(Code::RoleMissing, name, roles.join(", ")))
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        match error {
            PeopleError::NameTaken { name } => Self::new(Code::OperatorNameTaken, name, ""),
            PeopleError::Unknown { name } => Self::new(Code::OperatorUnknown, name, ""),
            PeopleError::NoAdmin => Self::new(Code::AdminNeeded, "", ""),
            PeopleError::Journal(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_proved_by_its_hash_and_hidden_everywhere() {
        let pin = Pin::new("correct horse\r\n");
        let stored = hash_new("山田", &pin).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash_new("山田", &pin).unwrap(), "salted");
        assert!(is_right(&pin, &stored) && is_right(&Pin::new("correct horse"), &stored));
        for (wrong, stored) in [("correct hors", &stored), ("", &stored), ("correct horse", &String::new())] {
            assert!(!is_right(&Pin::new(wrong), stored), "{wrong}");
        }
        assert_eq!(format!("{pin:?}"), "Pin(<hidden>)");
        for bad in ["", "1234567", "山田山田山田山", "yamada-taro", &"x".repeat(1025)] {
            assert_eq!(hash_new("yamada-taro", &Pin::new(bad)).unwrap_err().code, Code::BadPassword, "{bad}");
        }
        assert!(hash_new("x", &Pin::new("12345678")).is_ok());
    }

    #[test]
    fn a_name_is_one_that_the_history_can_show() {
        for good in ["山田", "yamada", "Sato Hanako", "佐藤 花子", "O'Neill"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in
            ["", " ", " 山田", "山田\n", "-x", "service", "Send", "a\u{202e}b", &"山".repeat(41), "a\u{200b}"]
        {
            assert_eq!(check_name(bad).unwrap_err().code, Code::BadOperatorName, "{bad:?}");
        }
    }
}
