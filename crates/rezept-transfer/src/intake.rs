//! What the receiver asks about contents, which this crate does not understand. The service answers.

use std::io::Read;

use rezept_codes::StoredCode;
use rezept_journal::{Content, Journal, NewRegisterContent, ParcelFile, ParcelRow, ReasonRow, RegisterClaim};
use rezept_parcel::{Header, StationName};

use crate::volume::{RelPath, Volume};

/// A file in the staging folder, whole and with the right hash.
#[derive(Clone, Copy)]
pub struct Staged<'a> {
    /// The volume of its inbox.
    pub volume: &'a dyn Volume,
    /// Where it stands.
    pub path: &'a RelPath,
    /// What the sender calls it: `claim`, `return-hen`, ...
    pub claimed_kind: &'a str,
    /// Its official name in the bag.
    pub official_name: &'a str,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// What people at the sender said about this file.
    pub said: &'a SaidOf,
}

/// What people at the sender said about one file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SaidOf {
    /// Codes that an older program let pass, without what they rested on.
    pub released: Vec<StoredCode>,
    /// Decisions, each for one reason.
    pub decisions: Vec<Decided>,
    /// What the file is for; `None`: the month's own.
    pub purpose: Option<String>,
}

/// A decision that a person at the sender took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The code of the reason.
    pub code: StoredCode,
    /// What the reason rested on: words, separated by spaces.
    pub evidence: String,
    /// Why, in the person's words.
    pub why: String,
}

impl SaidOf {
    /// Collects from a header what concerns one file.
    #[must_use]
    pub fn about(header: &Header, payload_path: &str) -> Self {
        let of = |path: &rezept_parcel::PayloadPath| path.as_str() == payload_path;
        let released = header.released.iter().filter(|one| of(&one.path));
        let decisions = header.decisions.iter().filter(|one| of(&one.path));
        Self {
            released: released.map(|one| StoredCode::from(one.code.as_str())).collect(),
            decisions: decisions
                .map(|one| Decided {
                    code: one.code.as_str().into(),
                    evidence: one.evidence.join(" "),
                    why: one.why.clone(),
                })
                .collect(),
            purpose: header.purposes.iter().find(|one| of(&one.path)).map(|one| one.purpose.clone()),
        }
    }
}

impl<'a> Staged<'a> {
    /// A file of a parcel at its place in staging.
    pub(crate) fn new(
        volume: &'a dyn Volume,
        path: &'a RelPath,
        file: &'a ParcelFile,
        said: &'a SaidOf,
    ) -> Self {
        Self {
            volume,
            path,
            claimed_kind: file.kind.as_deref().unwrap_or_default(),
            official_name: file.payload_path.rsplit('/').next().unwrap_or_default(),
            sha256: file.sha256,
            size_bytes: file.size_bytes,
            said,
        }
    }
}

/// What a staged file proved to be.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it is.
    pub content: Content,
    /// The folder below the inbox for it: `202411/shaho`, with `/vol-01` for a volume.
    pub folder: String,
    /// What it is for; `None`: the month's own.
    pub purpose: Option<String>,
    /// Every reason for which a person must decide before it is delivered, those that a decision answers included.
    pub reasons: Vec<ReasonRow>,
    /// A file that this one takes the place of: its inbox and place, and the SHA-256 it must still have.
    pub replaces: Option<Replaced>,
    /// What the history is to say of it besides.
    pub remark: Option<String>,
}

/// A content for the register, with a print of each claim in it.
pub struct ToRegister {
    /// The content.
    pub content: NewRegisterContent,
    /// Its claims.
    pub claims: Box<dyn Iterator<Item = RegisterClaim>>,
}

impl std::fmt::Debug for ToRegister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToRegister").finish_non_exhaustive()
    }
}

/// A file in an inbox that a corrected one takes the place of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// Root of the inbox.
    pub inbox: String,
    /// Place below it.
    pub place: String,
    /// SHA-256 that it was delivered with.
    pub sha256: [u8; 32],
}

impl Judged {
    /// The first reason that no decision answers.
    #[must_use]
    pub fn holds(&self) -> Option<&ReasonRow> {
        self.reasons.iter().find(|reason| !reason.covered)
    }
}

/// The service's side of receiving.
pub trait Intake {
    /// Whether a parcel may come from this station: it is the `to` of some route.
    fn knows(&self, sender: &StationName) -> bool;

    /// The root of the inbox that takes a kind; `None` if none does.
    fn inbox_for(&self, kind: &str) -> Option<String>;

    /// Is shown a file while it is proved, so that [`judge`](Self::judge) need not read it again. Nothing of it may be believed
    /// before `judge` is asked. The default does nothing.
    fn look(&mut self, file: &Staged<'_>, from: &mut dyn Read) {
        let _ = (file, from);
    }

    /// What the register is to note of a file, before it is judged; `None` for a file that it does not note. The default
    /// notes nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn register(&mut self, file: &Staged<'_>) -> Result<Option<ToRegister>, crate::error::TransferError> {
        let _ = file;
        Ok(None)
    }

    /// Looks into a file of a parcel, whose place in it is `ordinal`. Asked once more for a file that waited for a person.
    ///
    /// # Errors
    /// When it cannot be read or the journal fails.
    fn judge(
        &mut self,
        journal: &Journal,
        parcel: &ParcelRow,
        ordinal: u32,
        file: Staged<'_>,
    ) -> Result<Judged, crate::error::TransferError>;
}
