//! Which paths are safe to create on any system, and which two names some file system takes for one.
//!
//! The one place with these rules. It judges text only and never touches a disk; links and devices are refused
//! where they are opened.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use unicode_normalization::UnicodeNormalization as _;

/// The longest component that ext4, NTFS, exFAT and APFS all take, in bytes of UTF-8.
pub const COMPONENT_MAX: usize = 255;

/// The longest whole path: what Windows takes without the `\\?\` prefix, the bag's own folder included.
pub const PATH_MAX: usize = 200;

/// Why a path or one of its components is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathProblem {
    /// An empty path, or two separators in a row.
    #[error("an empty name")]
    Empty,
    /// `/x`.
    #[error("an absolute path")]
    Absolute,
    /// `C:\x`, `c:x`.
    #[error("a path with a drive letter")]
    Drive,
    /// `\\server\share`, `\\?\C:\x`, `//server/share`.
    #[error("a network or device path")]
    Unc,
    /// `.` or `..`.
    #[error("a step to this or the parent folder")]
    Dots,
    /// A backslash, which separates components on Windows and nowhere else.
    #[error("a backslash")]
    Backslash,
    /// `~` at the start: a shell would put a home folder there.
    #[error("a name beginning with a tilde")]
    Tilde,
    /// `%NAME%`: a Windows shell would put a variable's value there.
    #[error("a name containing an environment variable")]
    Variable,
    /// A colon: an alternate data stream on NTFS.
    #[error("a colon (alternate data stream)")]
    Stream,
    /// `CON`, `nul.txt`, `COM¹`: devices on Windows, whatever the extension.
    #[error("a reserved device name")]
    ReservedDevice,
    /// A final dot or space, which Windows drops silently.
    #[error("a name ending with a dot or a space")]
    TrailingDotOrSpace,
    /// A control character: line breaks forge manifest lines, escapes forge terminals.
    #[error("a control character")]
    Control,
    /// A character that changes the writing direction or has no width: the name shown is not the name stored.
    #[error("an invisible or direction-changing character")]
    Invisible,
    /// `< > " | ? *`, which Windows refuses.
    #[error("a character that Windows refuses")]
    Forbidden,
    /// A component over [`COMPONENT_MAX`] or a path over [`PATH_MAX`].
    #[error("a name that is too long")]
    TooLong,
    /// Not UTF-8 (or U+FFFD, what is left of a name that was not).
    #[error("a name that is not valid text")]
    NotText,
}

/// Checks a path as bytes: [`check_relative`] for those that are UTF-8.
///
/// # Errors
/// The first [`PathProblem`] found.
pub fn check_relative_bytes(path: &[u8]) -> Result<(), PathProblem> {
    check_relative(std::str::from_utf8(path).map_err(|_| PathProblem::NotText)?)
}

/// Checks that `path`, with `/` between components, stays inside the folder it is joined to and can be created,
/// under exactly this name, on every system that a medium may meet.
///
/// # Errors
/// The first [`PathProblem`] found.
pub fn check_relative(path: &str) -> Result<(), PathProblem> {
    if path.is_empty() {
        return Err(PathProblem::Empty);
    }
    if path.starts_with(r"\\") || path.starts_with("//") {
        return Err(PathProblem::Unc);
    }
    if path.starts_with(['/', '\\']) {
        return Err(PathProblem::Absolute);
    }
    if has_drive(path) {
        return Err(PathProblem::Drive);
    }
    path.split('/').try_for_each(check_component)?;
    if path.len() > PATH_MAX { Err(PathProblem::TooLong) } else { Ok(()) }
}

/// The weaker rule for judging bags of other makers: `path` must not lead out of the bag on any system, whatever
/// separates its components there and whatever a shell makes of its beginning. Names that are merely unwise pass.
pub(crate) fn check_scope(path: &str) -> Result<(), PathProblem> {
    if path.is_empty() {
        return Err(PathProblem::Empty);
    }
    if path.starts_with(r"\\") || path.starts_with("//") {
        return Err(PathProblem::Unc);
    }
    if path.starts_with(['/', '\\']) {
        return Err(PathProblem::Absolute);
    }
    if has_drive(path) {
        return Err(PathProblem::Drive);
    }
    if path.starts_with('~') {
        return Err(PathProblem::Tilde);
    }
    if path.contains('\0') {
        return Err(PathProblem::Control);
    }
    let mut components = path.split(['/', '\\']);
    if components.clone().next().is_some_and(has_variable) {
        return Err(PathProblem::Variable);
    }
    if components.any(|component| component == "..") { Err(PathProblem::Dots) } else { Ok(()) }
}

/// `C:` at the start, whatever follows.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Checks one component, which must not contain a separator.
///
/// # Errors
/// The first [`PathProblem`] found.
pub fn check_component(name: &str) -> Result<(), PathProblem> {
    if name.is_empty() {
        return Err(PathProblem::Empty);
    }
    if name == "." || name == ".." {
        return Err(PathProblem::Dots);
    }
    if name.len() > COMPONENT_MAX {
        return Err(PathProblem::TooLong);
    }
    name.chars().try_for_each(check_char)?;
    if name.starts_with('~') {
        return Err(PathProblem::Tilde);
    }
    if has_variable(name) {
        return Err(PathProblem::Variable);
    }
    if name.ends_with(['.', ' ']) {
        return Err(PathProblem::TrailingDotOrSpace);
    }
    if is_reserved_device(name) { Err(PathProblem::ReservedDevice) } else { Ok(()) }
}

fn check_char(c: char) -> Result<(), PathProblem> {
    match c {
        '/' | '\\' => Err(PathProblem::Backslash),
        ':' => Err(PathProblem::Stream),
        '<' | '>' | '"' | '|' | '?' | '*' => Err(PathProblem::Forbidden),
        // Embeddings, overrides and isolates; marks, joiners, soft hyphen, word joiners, BOM; line separators.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' | '\u{200B}'..='\u{200F}' | '\u{061C}' => {
            Err(PathProblem::Invisible)
        }
        '\u{2060}'..='\u{2065}'
        | '\u{FEFF}'
        | '\u{00AD}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{E0000}'..='\u{E007F}' => Err(PathProblem::Invisible),
        char::REPLACEMENT_CHARACTER => Err(PathProblem::NotText),
        c if c.is_control() => Err(PathProblem::Control),
        _ => Ok(()),
    }
}

/// `%NAME%` with a name of letters, digits and underscores; a lone `%` or `%7E` is an ordinary name.
fn has_variable(name: &str) -> bool {
    let parts: Vec<&str> = name.split('%').collect();
    let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().any(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether Windows would open a device instead of a file: the part before the first dot, without the spaces at
/// its end, is one of the reserved names; `COM` and `LPT` also take the superscript digits.
pub fn is_reserved_device(name: &str) -> bool {
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut digits = number.chars();
        matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    })
}

/// How two different spellings come to mean one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TwinKind {
    /// The same text twice.
    Same,
    /// The same characters, composed differently (NFC and NFD).
    Normalization,
    /// Letters differing in case only.
    Case,
}

/// A set of paths that notices names which some file system takes for one.
#[derive(Debug, Default)]
pub struct Collisions {
    seen: HashMap<String, String>,
}

impl Collisions {
    /// Adds `path`; on a collision nothing is added, and the earlier path comes back with the way they collide.
    ///
    /// # Errors
    /// The earlier path and the [`TwinKind`].
    pub fn insert(&mut self, path: &str) -> Result<(), (String, TwinKind)> {
        match self.seen.entry(fold(path)) {
            Entry::Vacant(slot) => {
                slot.insert(path.to_owned());
                Ok(())
            }
            Entry::Occupied(slot) => {
                let earlier = slot.get();
                let kind = if earlier == path {
                    TwinKind::Same
                } else if earlier.nfc().eq(path.nfc()) {
                    TwinKind::Normalization
                } else {
                    TwinKind::Case
                };
                Err((earlier.clone(), kind))
            }
        }
    }
}

/// Folds case and normalization away. Upper before lower case, because some letters (ſ, ς, ß) meet only there:
/// better to call two names twins that a disk could tell apart than the reverse.
pub fn fold(path: &str) -> String {
    path.nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}
