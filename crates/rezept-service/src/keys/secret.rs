//! Where the secret lies under which the private keys are encrypted: in the platform's key store, or beside them and bound
//! to this machine. Written down in clear when it is made, so that a later start never looks in a weaker place.

use std::fmt::Write as _;
use std::path::Path;

use super::KeyError;
use super::private_file;
use crate::config::KeyStore;

/// The note that says where the secret lies.
const NOTE: &str = "store.txt";
/// The part of the secret that lies beside the keys.
const SECRET: &str = "secret.bin";
/// Bytes of a secret: as many as the keys under it are worth.
const SECRET_BYTES: usize = 32;
/// Under this name the platform's key store shows our entries to people.
const SERVICE: &str = "rezept";

/// Where a secret lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretPlace {
    /// In the platform's key store, under this entry.
    Platform {
        /// Random name of the entry: two stations on one machine must not share one.
        entry: String,
    },
    /// In the data folder, bound to this machine: a copied folder does not open elsewhere.
    Machine,
    /// In the data folder only: this machine has no id. Whoever copies the folder has the keys.
    Folder,
}

impl SecretPlace {
    /// The permanent word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Platform { .. } => "platform",
            Self::Machine => "machine",
            Self::Folder => "folder",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Platform { entry } => format!("rezept-keys: 1\nstore: platform\nentry: {entry}\n"),
            other => format!("rezept-keys: 1\nstore: {}\n", other.word()),
        }
    }

    /// Takes exactly what `text` makes.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let found = match text.strip_prefix("rezept-keys: 1\nstore: ")? {
            "machine\n" => Self::Machine,
            "folder\n" => Self::Folder,
            rest => {
                let entry = rest.strip_prefix("platform\nentry: ")?.strip_suffix('\n')?;
                let sound = !entry.is_empty() && entry.bytes().all(|byte| byte.is_ascii_hexdigit());
                Self::Platform { entry: sound.then(|| entry.to_owned())? }
            }
        };
        Some(found)
    }

    /// What the note in a key folder says; `None` if there is none.
    pub(super) fn noted(folder: &Path) -> Result<Option<Self>, KeyError> {
        let path = folder.join(NOTE);
        match private_file::read(&path).map_err(|source| KeyError::Io { path: path.clone(), source })? {
            None => Ok(None),
            Some(bytes) => Self::parse(&bytes).map(Some).ok_or(KeyError::Damaged { path }),
        }
    }
}

/// The secret of a key folder; made, with its note, where there is none yet. A crash in between leaves a secret without
/// note, which is taken as the secret to be noted.
pub(super) fn make(folder: &Path, wanted: KeyStore, machine: Option<&str>) -> Result<String, KeyError> {
    if let Some(place) = SecretPlace::noted(folder)? {
        return read(folder, &place, machine);
    }
    let place = match (wanted, machine) {
        (KeyStore::Platform, _) => SecretPlace::Platform { entry: hex(&random::<8>()) },
        (KeyStore::Machine, Some(_)) => SecretPlace::Machine,
        (KeyStore::Machine, None) => SecretPlace::Folder,
    };
    let secret: [u8; SECRET_BYTES] = random();
    match &place {
        SecretPlace::Platform { entry } => platform::put(SERVICE, entry, &hex(&secret))?,
        SecretPlace::Machine | SecretPlace::Folder => {
            let path = folder.join(SECRET);
            let failed = |source| KeyError::Io { path: path.clone(), source };
            if private_file::read(&path).map_err(failed)?.is_none() {
                private_file::create(&path, &secret).map_err(failed)?;
            }
        }
    }
    let path = folder.join(NOTE);
    private_file::create(&path, place.text().as_bytes())
        .map_err(|source| KeyError::Io { path: path.clone(), source })?;
    read(folder, &place, machine)
}

/// The secret that lies where the note says.
pub(super) fn read(folder: &Path, place: &SecretPlace, machine: Option<&str>) -> Result<String, KeyError> {
    match place {
        SecretPlace::Platform { entry } => platform::get(SERVICE, entry),
        SecretPlace::Machine => {
            let machine = machine.ok_or(KeyError::OtherMachine)?;
            Ok(format!("{}:{machine}", hex(&beside(folder)?)))
        }
        SecretPlace::Folder => Ok(hex(&beside(folder)?)),
    }
}

fn beside(folder: &Path) -> Result<Vec<u8>, KeyError> {
    let path = folder.join(SECRET);
    match private_file::read(&path).map_err(|source| KeyError::Io { path: path.clone(), source })? {
        Some(bytes) if bytes.len() == SECRET_BYTES => Ok(bytes),
        Some(_) => Err(KeyError::Damaged { path }),
        None => Err(KeyError::Lost { path }),
    }
}

/// Puts note and secret aside, so that the next `make` begins anew. An entry of the platform's key store stays: the old
/// keys, which were put aside too, can still be opened with it.
pub(super) fn put_aside(folder: &Path, mark: &str) -> Result<(), KeyError> {
    for name in [NOTE, SECRET] {
        let path = folder.join(name);
        private_file::put_aside(&path, &folder.join(format!("{name}.{mark}.old")))
            .map_err(|source| KeyError::Io { path: path.clone(), source })?;
    }
    Ok(())
}

/// Draws random bytes from the operating system.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The platform's key store: Windows Credential Manager, macOS Keychain.
#[cfg(any(windows, target_os = "macos"))]
mod platform {
    use super::KeyError;

    pub(super) fn put(service: &str, entry: &str, secret: &str) -> Result<(), KeyError> {
        open(service, entry)?.set_password(secret).map_err(failed)
    }

    pub(super) fn get(service: &str, entry: &str) -> Result<String, KeyError> {
        open(service, entry)?.get_password().map_err(failed)
    }

    fn open(service: &str, entry: &str) -> Result<keyring_core::Entry, KeyError> {
        if keyring_core::get_default_store().is_none() {
            #[cfg(windows)]
            keyring_core::set_default_store(windows_native_keyring_store::Store::new().map_err(failed)?);
            #[cfg(target_os = "macos")]
            keyring_core::set_default_store(
                apple_native_keyring_store::keychain::Store::new().map_err(failed)?,
            );
        }
        keyring_core::Entry::new(service, entry).map_err(failed)
    }

    fn failed(error: keyring_core::Error) -> KeyError {
        KeyError::Store { detail: error.to_string() }
    }
}

/// Elsewhere there is none that a service without a logged-in user could ask.
#[cfg(not(any(windows, target_os = "macos")))]
mod platform {
    use super::KeyError;

    pub(super) fn put(_service: &str, _entry: &str, _secret: &str) -> Result<(), KeyError> {
        Err(none())
    }

    pub(super) fn get(_service: &str, _entry: &str) -> Result<String, KeyError> {
        Err(none())
    }

    fn none() -> KeyError {
        KeyError::Store { detail: "this system has no key store that rezept uses".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_note_is_read() {
        for place in
            [SecretPlace::Platform { entry: "00ff12".to_owned() }, SecretPlace::Machine, SecretPlace::Folder]
        {
            let text = place.text();
            assert_eq!(SecretPlace::parse(text.as_bytes()), Some(place));
            for cut in 0..text.len() {
                assert_eq!(SecretPlace::parse(&text.as_bytes()[..cut]), None, "{text} cut at {cut}");
            }
        }
        assert_eq!(SecretPlace::parse(b"rezept-keys: 2\nstore: machine\n"), None);
        assert_eq!(SecretPlace::parse(b"rezept-keys: 1\nstore: platform\nentry: ../x\n"), None);
    }

    #[test]
    fn the_secret_belongs_to_folder_and_machine() {
        let folder = tempfile::tempdir().unwrap();
        let made = make(folder.path(), KeyStore::Machine, Some("this-machine")).unwrap();
        assert_eq!(made, make(folder.path(), KeyStore::Machine, Some("this-machine")).unwrap());
        let elsewhere = make(folder.path(), KeyStore::Machine, Some("another")).unwrap();
        assert_ne!(made, elsewhere);
        assert!(matches!(make(folder.path(), KeyStore::Machine, None), Err(KeyError::OtherMachine)));
        let another = tempfile::tempdir().unwrap();
        assert_ne!(made, make(another.path(), KeyStore::Machine, Some("this-machine")).unwrap());
    }

    #[test]
    fn a_secret_once_noted_is_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), KeyStore::Machine, Some("m")).unwrap();
        std::fs::remove_file(folder.path().join(SECRET)).unwrap();
        assert!(matches!(make(folder.path(), KeyStore::Machine, Some("m")), Err(KeyError::Lost { .. })));
        // Nor in another place, whatever the configuration says by now.
        assert!(matches!(make(folder.path(), KeyStore::Platform, Some("m")), Err(KeyError::Lost { .. })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_a_key_store_nothing_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(make(folder.path(), KeyStore::Platform, Some("m")), Err(KeyError::Store { .. })));
        assert_eq!(SecretPlace::noted(folder.path()).unwrap(), None);
    }
}
