//! The private keys of this station in its data folder: one encrypted file, and where the secret lies that opens it. What the
//! keys are for is not known here; they never show themselves in errors or logs.

pub(crate) mod private_file;
mod secret;
mod tend;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

use rezept_codes::Code;
use std::io;
use std::path::{Path, PathBuf};

use rezept_journal::{Journal, KeyKind};
use rezept_transfer::keys::{Vault, VaultError};

use crate::config::{Config, KeyStore};
use crate::problem::Problem;

pub use secret::SecretPlace;
pub use tend::{DESTROY_AFTER_DAYS, ROTATE_AFTER_DAYS};

/// The key folder in the data folder.
const FOLDER: &str = "keys";
/// The encrypted keys.
const FILE: &str = "station.age";
/// Where the recovery sheet lies until it is printed.
const SHEET: &str = "recovery-sheet.html";

/// Why the keys cannot be used. Holds nothing of them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("{} is not there", path.display())]
    Lost { path: PathBuf },
    #[error("the secret of this machine does not open the keys, or they are damaged")]
    OtherMachine,
    #[error("{} is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("the key store does not answer: {detail}")]
    Store { detail: String },
    #[error("cannot read or write {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let (code, place) = match &error {
            KeyError::Lost { path } => (Code::KeysLost, path.as_path()),
            KeyError::OtherMachine => (Code::KeysElsewhere, Path::new("")),
            KeyError::Damaged { path } => (Code::KeysDamaged, path.as_path()),
            KeyError::Store { .. } | KeyError::NoRandomness => (Code::KeyStoreFailed, Path::new("")),
            KeyError::Io { path, .. } => (Code::KeyFolderFailed, path.as_path()),
        };
        Self::new(code, place.to_string_lossy(), error.to_string())
    }
}

/// Where the recovery sheet of a station lies from the moment it is made until somebody says that it is printed.
#[must_use]
pub fn sheet_path(data: &Path) -> PathBuf {
    data.join(FOLDER).join(SHEET)
}

/// Makes the key folder of a data folder, for this user only: the recovery sheet is put there.
///
/// # Errors
/// When it cannot be made.
pub fn make_key_folder(data: &Path) -> Result<(), Problem> {
    let path = data.join(FOLDER);
    Ok(private_file::make_folder(&path).map_err(|source| KeyError::Io { path, source })?)
}

/// Whether the keys of a station can be used, and where their secret lies: `None` while it has none. `journal` is the
/// station's, if there is one yet.
///
/// # Errors
/// Why they cannot.
pub fn check_keys(config: &Config, journal: Option<&Journal>) -> Result<Option<SecretPlace>, Problem> {
    let folder = KeyFolder::new(&config.data, config.key_store, machine_id());
    match (folder.load()?, journal) {
        (Some(_), _) => Ok(SecretPlace::noted(&folder.folder)?),
        (None, Some(journal)) if had_keys(journal)? => Err(KeyError::Lost { path: folder.file() }.into()),
        (None, _) => Ok(None),
    }
}

/// Whether a station has a signing key by its journal.
fn had_keys(journal: &Journal) -> Result<bool, Problem> {
    let keys = journal.own_keys()?;
    Ok(keys
        .iter()
        .any(|key| key.kind == KeyKind::Signing && key.superseded_at.is_none() && key.destroyed_at.is_none()))
}

/// The key folder of one station, on one machine.
pub(crate) struct KeyFolder {
    folder: PathBuf,
    wanted: KeyStore,
    machine: Option<String>,
}

impl KeyFolder {
    pub(crate) fn new(data: &Path, wanted: KeyStore, machine: Option<String>) -> Self {
        Self { folder: data.join(FOLDER), wanted, machine }
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// The keys; `None` where none were ever made.
    pub(crate) fn load(&self) -> Result<Option<Vault>, KeyError> {
        let path = self.file();
        let read = private_file::read(&path).map_err(|source| KeyError::Io { path: path.clone(), source })?;
        let Some(bytes) = read else { return Ok(None) };
        let place =
            SecretPlace::noted(&self.folder)?.ok_or_else(|| KeyError::Lost { path: self.folder.clone() })?;
        let secret = secret::read(&self.folder, &place, self.machine.as_deref())?;
        Vault::from_bytes(&bytes, &secret).map(Some).map_err(|error| match error {
            VaultError::Closed => KeyError::OtherMachine,
            _ => KeyError::Damaged { path },
        })
    }

    /// Writes the keys, in place of those that were there: whole, or not at all.
    pub(crate) fn save(&self, vault: &Vault) -> Result<(), KeyError> {
        let failed = |path: PathBuf| move |source| KeyError::Io { path, source };
        private_file::make_folder(&self.folder).map_err(failed(self.folder.clone()))?;
        let secret = secret::make(&self.folder, self.wanted, self.machine.as_deref())?;
        let bytes = vault.to_bytes(&secret).map_err(|_| KeyError::NoRandomness)?;
        private_file::replace(&self.file(), &bytes).map_err(failed(self.file()))
    }

    /// Puts keys that cannot be used aside, under names of their own, so that new ones can be made.
    pub(crate) fn put_aside(&self) -> Result<(), KeyError> {
        private_file::make_folder(&self.folder)
            .map_err(|source| KeyError::Io { path: self.folder.clone(), source })?;
        let mark = secret::hex(&secret::random::<4>());
        let path = self.file();
        private_file::put_aside(&path, &self.folder.join(format!("{FILE}.{mark}.old")))
            .map_err(|source| KeyError::Io { path: path.clone(), source })?;
        secret::put_aside(&self.folder, &mark)
    }
}

/// The id of this machine, where it has one.
pub(crate) fn machine_id() -> Option<String> {
    match machine_uid::get() {
        Ok(id) if !id.trim().is_empty() => Some(id.trim().to_owned()),
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(%error, "this machine has no id");
            None
        }
    }
}
