//! The rows of parcels and of what they hold, and how they are read from the database. Changes nothing.

use rezept_codes::StoredCode;
use rusqlite::Row;

use crate::files::{Reason, stored_code, word};
use crate::history::Checkpoint;
use crate::state::{ParcelState, VerifyLevel};

/// Which way a parcel goes, seen from this station.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// It leaves.
    Out,
    /// It arrives.
    In,
}

impl Direction {
    /// The permanent name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }

    /// Whether a parcel going this way can be in that state at all: sender and receiver have their own, and share the
    /// side exits that a person decides about.
    #[must_use]
    pub const fn knows(self, state: ParcelState) -> bool {
        use ParcelState::{
            AckWritten, Acknowledged, Archived, Authentic, Cancelled, Committed, Copied, Delivered, Expired,
            Found, Held, Quarantined, ReadBack, Spooled, Valid, Written,
        };
        match state {
            Held | Cancelled => true,
            Spooled | Written | ReadBack | Committed | Acknowledged | Archived | Expired => {
                matches!(self, Self::Out)
            }
            Found | Authentic | Copied | Valid | Delivered | AckWritten | Quarantined => {
                matches!(self, Self::In)
            }
        }
    }
}

/// How a parcel stands on a medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// A folder that everybody can read.
    #[default]
    Bag,
    /// Ciphertext.
    Sealed,
}

impl Form {
    /// The permanent name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bag => "bag",
            Self::Sealed => "sealed",
        }
    }
}

/// A row of `parcel`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParcelRow {
    /// Row number.
    pub row: i64,
    /// The id on the medium.
    pub id: String,
    /// The station that made it.
    pub sender: String,
    /// Which way it goes.
    pub direction: Direction,
    /// The other station.
    pub peer: String,
    /// The route it leaves by.
    pub route: Option<String>,
    /// The medium it was last written to or found on.
    pub medium: Option<String>,
    /// The sender's sequence number.
    pub sequence: u64,
    /// How often writing it was begun.
    pub attempt: u32,
    /// State.
    pub state: ParcelState,
    /// Since when.
    pub state_at: String,
    /// What was proved so far.
    pub verify_level: VerifyLevel,
    /// Why it waits or was set aside.
    pub reason: Option<Reason>,
    /// The reason code that a person let pass.
    pub released_code: Option<StoredCode>,
    /// The bytes of the header file. Of a sealed parcel that was planned and not yet sealed: those of the header inside.
    pub header: Vec<u8>,
    /// Their SHA-256.
    pub header_sha256: [u8; 32],
    /// How it stands on the medium, or will.
    pub form: Form,
    /// The plain header inside a sealed parcel, once it is known.
    pub inner: Option<Vec<u8>>,
    /// The bytes of the header's signature file; `None`: unsigned.
    pub signature: Option<Vec<u8>>,
    /// When it was made or found.
    pub created_at: String,
    /// When the header stood on the medium.
    pub committed_at: Option<String>,
}

/// Whether a file of a parcel that arrived is kept from being delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Waits {
    /// It is not.
    #[default]
    No,
    /// A person must decide.
    ForPerson,
    /// A person refused it: it is never delivered, and the answer says so.
    Refused,
}

impl Waits {
    /// The number in the journal.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::No => 0,
            Self::ForPerson => 1,
            Self::Refused => 2,
        }
    }
}

/// One file of a parcel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParcelFile {
    /// Place in the parcel, from 0.
    pub ordinal: u32,
    /// `data/...`
    pub payload_path: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// `claim`, `return`, `notice`.
    pub kind: Option<String>,
    /// `ika`, ...
    pub family: Option<String>,
    /// Payer body.
    pub payer: Option<String>,
    /// Month `YYYY-MM`.
    pub month: Option<String>,
    /// Volume of the header.
    pub volume: Option<String>,
    /// The identity as one word.
    pub identity: Option<String>,
    /// Out: row of the source.
    pub file: Option<i64>,
    /// In: root of the inbox.
    pub inbox: Option<String>,
    /// In: planned place below it.
    pub destination: Option<String>,
    /// In: it stands there.
    pub delivered: bool,
    /// What it is for; `None`: the month's own, or nobody said.
    pub purpose: Option<String>,
    /// In: it waits for a person, or was refused by one, though others of its parcel were delivered.
    pub waits: Waits,
}

/// Where one file of an incoming parcel is going to stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Its place in the parcel.
    pub ordinal: u32,
    /// Root of the inbox.
    pub inbox: String,
    /// Place below it.
    pub destination: String,
}

/// A parcel about to be planned.
#[derive(Clone, Debug)]
pub struct NewParcel {
    /// Random id.
    pub id: String,
    /// The bytes of its header; for one to be sealed, of the header inside.
    pub header: Vec<u8>,
    /// Their SHA-256.
    pub header_sha256: [u8; 32],
    /// How it is to stand on the medium.
    pub form: Form,
    /// The header's signature file, where it is signed already.
    pub signature: Option<Vec<u8>>,
    /// Its files, with `file` set.
    pub files: Vec<ParcelFile>,
}

/// A parcel found on a medium.
#[derive(Clone, Debug)]
pub struct FoundParcel {
    /// Its id.
    pub id: String,
    /// Who made it.
    pub sender: String,
    /// Its sequence number.
    pub sequence: u64,
    /// The medium.
    pub medium: String,
    /// The bytes of its header.
    pub header: Vec<u8>,
    /// Their SHA-256.
    pub header_sha256: [u8; 32],
    /// How it stands there, as far as its header can be read.
    pub form: Form,
    /// The bytes of the header's signature file, if there is one.
    pub signature: Option<Vec<u8>>,
}

/// What changes with the state of a parcel. Empty by default.
#[derive(Clone, Debug, Default)]
pub struct ParcelChange {
    /// What was proved.
    pub verify_level: Option<VerifyLevel>,
    /// The medium now.
    pub medium: Option<String>,
    /// Why it waits or was set aside; cleared if not given.
    pub reason: Option<Reason>,
    /// For the history.
    pub note: String,
}

/// What the plan of a parcel may use: drawn in the same transaction that stores it.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    /// The number it gets.
    pub sequence: u64,
    /// The end of the history before it.
    pub checkpoint: Checkpoint,
    /// The time.
    pub at: jiff::Timestamp,
}

pub(crate) const COLUMNS: &str = "row, id, sender, direction, peer, route, medium, sequence, attempt, state, state_at, verify_level, \
    reason_code, reason_detail, released_code, header, header_sha256, created_at, committed_at, form, inner, signature";

/// The table takes no other words than these two.
pub(crate) fn read_direction(row: &Row<'_>, i: usize) -> rusqlite::Result<Direction> {
    let word: String = row.get(i)?;
    Ok(if word == Direction::Out.word() { Direction::Out } else { Direction::In })
}

/// As [`read_direction`].
fn read_form(row: &Row<'_>, i: usize) -> rusqlite::Result<Form> {
    let word: String = row.get(i)?;
    Ok(if word == Form::Sealed.word() { Form::Sealed } else { Form::Bag })
}

pub(crate) fn read_row(row: &Row<'_>) -> rusqlite::Result<ParcelRow> {
    let code: Option<String> = row.get(12)?;
    let detail: Option<String> = row.get(13)?;
    Ok(ParcelRow {
        row: row.get(0)?,
        id: row.get(1)?,
        sender: row.get(2)?,
        direction: read_direction(row, 3)?,
        peer: row.get(4)?,
        route: row.get(5)?,
        medium: row.get(6)?,
        sequence: row.get(7)?,
        attempt: row.get(8)?,
        state: word(row, 9)?,
        state_at: row.get(10)?,
        verify_level: word(row, 11)?,
        reason: code.map(|code| Reason::new(code, detail.unwrap_or_default())),
        released_code: stored_code(row, 14)?,
        header: row.get(15)?,
        header_sha256: row.get(16)?,
        created_at: row.get(17)?,
        committed_at: row.get(18)?,
        form: read_form(row, 19)?,
        inner: row.get(20)?,
        signature: row.get(21)?,
    })
}

pub(crate) fn read_file(row: &Row<'_>) -> rusqlite::Result<ParcelFile> {
    Ok(ParcelFile {
        ordinal: row.get(0)?,
        payload_path: row.get(1)?,
        sha256: row.get(2)?,
        size_bytes: row.get(3)?,
        kind: row.get(4)?,
        family: row.get(5)?,
        payer: row.get(6)?,
        month: row.get(7)?,
        volume: row.get(8)?,
        identity: row.get(9)?,
        file: row.get(10)?,
        inbox: row.get(11)?,
        destination: row.get(12)?,
        delivered: row.get(13)?,
        purpose: row.get(14)?,
        waits: match row.get::<_, i64>(15)? {
            0 => Waits::No,
            2 => Waits::Refused,
            // A number of a newer build: whatever it means, nothing is delivered unasked.
            _ => Waits::ForPerson,
        },
    })
}

pub(crate) const FILE_COLUMNS: &str = "ordinal, payload_path, sha256, size_bytes, kind, family, payer, month, volume, identity, file, \
    inbox, destination, delivered, purpose, held";
