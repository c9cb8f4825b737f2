//! The private keys of a station as one encrypted text: an age file under a secret from the platform's key store, or under
//! a passphrase. Where the file lies and where the secret comes from is for others.

use std::fmt;
use std::io::{Cursor, Read as _, Write as _};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use zeroize::Zeroizing;

use crate::PARCEL_VERSION;
use crate::keys::{KeyError, OpeningKey, Recipient, SigningKey};
use crate::text::{TextError, TextReader, TextWriter};
use crate::words::Timestamp;

/// The key of the version line.
const KIND: &str = "rezept-vault";

const KEYS: &[&str] = &["signing-key", "opening-key"];

/// The largest vault that is looked at: room for four hundred opening keys, thirty years of monthly ones.
pub const VAULT_MAX_BYTES: usize = 64 * 1024;

/// Work (as the power of two) under a secret of 256 random bits: nobody guesses those, so stretching adds nothing.
const RANDOM_SECRET_LOG_N: u8 = 12;

/// Work under a passphrase: 32 MiB of memory. More would break the promise that the program stays below 64 MiB.
const PASSPHRASE_LOG_N: u8 = 15;

/// Why a vault is not opened or not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The secret does not open it.
    #[error("another secret")]
    WrongSecret,
    /// Not what was written.
    #[error("the vault is damaged")]
    Damaged,
    /// Larger than [`VAULT_MAX_BYTES`].
    #[error("larger than {VAULT_MAX_BYTES} bytes")]
    TooLarge,
    /// It asks for more work than any vault of ours; doing it could take hours.
    #[error("asks for more work than any vault of this program")]
    ExcessiveWork,
    /// The decrypted text cannot be read.
    #[error("the text of the vault cannot be read")]
    Text(#[source] TextError),
    /// A key in it, or one that was to go in, is none.
    #[error("a key of the vault is no key")]
    Key(#[source] KeyError),
}

/// One opening key with its days.
#[derive(Clone, Debug)]
pub struct DatedOpeningKey {
    /// When it was made.
    pub made: Timestamp,
    /// Since when another one is announced. `None`: this is the one that others seal to now.
    pub superseded: Option<Timestamp>,
    /// The key.
    pub key: OpeningKey,
}

/// The private keys of a station: one that signs, and one or more that open, of which exactly one is current.
pub struct Vault {
    signing: SigningKey,
    current: (Timestamp, OpeningKey),
    /// Oldest first; each with a day of its end.
    superseded: Vec<(Timestamp, Timestamp, OpeningKey)>,
}

impl Vault {
    /// A vault with its first keys.
    pub const fn new(signing: SigningKey, opening: OpeningKey, made: Timestamp) -> Self {
        Self { signing, current: (made, opening), superseded: Vec::new() }
    }

    /// The key that signs.
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The key that others seal to now.
    pub const fn current(&self) -> &OpeningKey {
        &self.current.1
    }

    /// Every key that can still open something, the current one first.
    pub fn opening_keys(&self) -> Vec<OpeningKey> {
        let old = self.superseded.iter().rev().map(|(_, _, key)| key.clone());
        std::iter::once(self.current.1.clone()).chain(old).collect()
    }

    /// The same with their days.
    pub fn dated(&self) -> Vec<DatedOpeningKey> {
        let (made, key) = self.current.clone();
        let old = self.superseded.iter().rev().cloned();
        let old =
            old.map(|(made, superseded, key)| DatedOpeningKey { made, superseded: Some(superseded), key });
        std::iter::once(DatedOpeningKey { made, superseded: None, key }).chain(old).collect()
    }

    /// Makes `key` the current one; the one before keeps opening what was sealed to it.
    pub fn rotate(&mut self, key: OpeningKey, now: Timestamp) {
        let (made, old) = std::mem::replace(&mut self.current, (now.clone(), key));
        self.superseded.push((made, now, old));
    }

    /// Another signing key, after the old one may have become known to somebody. Every peer must be paired again.
    pub fn replace_signing(&mut self, key: SigningKey) {
        self.signing = key;
    }

    /// Forgets superseded keys for which `due` says so, given when they were made and superseded; their public halves
    /// come back. Once the vault is written, no copy of what was sealed to them can be read with it any more. The current
    /// key is never asked about.
    pub fn destroy(&mut self, mut due: impl FnMut(&Timestamp, &Timestamp) -> bool) -> Vec<Recipient> {
        let mut gone = Vec::new();
        self.superseded.retain(|(made, superseded, key)| {
            let go = due(made, superseded);
            if go {
                gone.push(key.recipient());
            }
            !go
        });
        gone
    }

    /// The bytes of the vault under a secret of at least 256 random bits.
    ///
    /// # Errors
    /// [`VaultError::TooLarge`] with more keys than a vault holds.
    pub fn to_bytes(&self, secret: &str) -> Result<Vec<u8>, VaultError> {
        self.encrypt(secret, RANDOM_SECRET_LOG_N)
    }

    /// The bytes of the vault under what a person can remember; slow on purpose, and takes 32 MiB.
    ///
    /// # Errors
    /// As [`to_bytes`](Self::to_bytes).
    pub fn to_bytes_with_passphrase(&self, passphrase: &str) -> Result<Vec<u8>, VaultError> {
        self.encrypt(passphrase, PASSPHRASE_LOG_N)
    }

    /// Opens what either of the two wrote.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn from_bytes(bytes: &[u8], secret: &str) -> Result<Self, VaultError> {
        if bytes.len() > VAULT_MAX_BYTES {
            return Err(VaultError::TooLarge);
        }
        let mut identity = scrypt::Identity::new(SecretString::from(secret.to_owned()));
        identity.set_max_work_factor(PASSPHRASE_LOG_N);
        let decryptor = Decryptor::new_buffered(Cursor::new(bytes)).map_err(|_| VaultError::Damaged)?;
        if !decryptor.is_scrypt() {
            return Err(VaultError::Damaged);
        }
        let stream = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
        let mut stream = stream.map_err(|error| match error {
            DecryptError::ExcessiveWork { .. } => VaultError::ExcessiveWork,
            DecryptError::NoMatchingKeys
            | DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed => VaultError::WrongSecret,
            _ => VaultError::Damaged,
        })?;
        let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
        stream.read_to_end(&mut text).map_err(|_| VaultError::Damaged)?;
        Self::parse(&text)
    }

    fn encrypt(&self, secret: &str, log_n: u8) -> Result<Vec<u8>, VaultError> {
        let text = self.text()?;
        let mut recipient = scrypt::Recipient::new(SecretString::from(secret.to_owned()));
        recipient.set_work_factor(log_n);
        let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        // Into memory, for one recipient: neither can fail, and a vault that is not whole must not be written.
        let encrypt = || {
            let mut stream = encryptor.ok()?.wrap_output(Vec::new()).ok()?;
            stream.write_all(&text).ok()?;
            stream.finish().ok()
        };
        let bytes = encrypt().ok_or(VaultError::Damaged)?;
        if bytes.len() > VAULT_MAX_BYTES { Err(VaultError::TooLarge) } else { Ok(bytes) }
    }

    fn text(&self) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let mut text = TextWriter::new(KIND, PARCEL_VERSION);
        let signing = self.signing.secret_text();
        // The second line of minisign's file is the key; the first says nothing.
        text.line("signing-key", signing.lines().nth(1).unwrap_or_default());
        for (made, superseded, key) in &self.superseded {
            text.line("opening-key", format_args!("{made} {superseded} {}", *key.secret_text()));
        }
        let (made, key) = &self.current;
        text.line("opening-key", format_args!("{made} - {}", *key.secret_text()));
        text.finish(VAULT_MAX_BYTES).map(Zeroizing::new).map_err(|_| VaultError::TooLarge)
    }

    fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut text =
            TextReader::open(bytes, KIND, PARCEL_VERSION, KEYS, VAULT_MAX_BYTES).map_err(VaultError::Text)?;
        let signing = text.value_with("signing-key", |line| Some(line.to_owned()));
        let signing = Zeroizing::new(signing.map_err(VaultError::Text)?);
        let signing = Zeroizing::new(format!("untrusted comment: rezept\n{}\n", *signing));
        let signing = SigningKey::from_secret_text(&signing).map_err(VaultError::Key)?;
        let mut superseded = Vec::new();
        let current = loop {
            let (made, end, key) = text.value_with("opening-key", parse_key).map_err(VaultError::Text)?;
            match end {
                Some(end) => superseded.push((made, end, key)),
                None => break (made, key),
            }
        };
        text.finish().map_err(VaultError::Text)?;
        Ok(Self { signing, current, superseded })
    }
}

fn parse_key(text: &str) -> Option<(Timestamp, Option<Timestamp>, OpeningKey)> {
    let (made, rest) = text.split_once(' ')?;
    let (superseded, key) = rest.split_once(' ')?;
    let superseded = if superseded == "-" { None } else { Some(superseded.parse().ok()?) };
    Some((made.parse().ok()?, superseded, key.parse().ok()?))
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} opening keys, <hidden>)", self.superseded.len() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "5f1c7d0e9a3b4c8d5f1c7d0e9a3b4c8d5f1c7d0e9a3b4c8d5f1c7d0e9a3b4c8d";

    fn day(day: u32) -> Timestamp {
        format!("2026-05-{day:02}T09:30:00+09:00").parse().unwrap()
    }

    fn vault() -> Vault {
        let mut vault = Vault::new(SigningKey::generate().unwrap(), OpeningKey::generate(), day(1));
        vault.rotate(OpeningKey::generate(), day(2));
        vault.rotate(OpeningKey::generate(), day(3));
        vault
    }

    fn recipients(vault: &Vault) -> Vec<Recipient> {
        vault.opening_keys().iter().map(OpeningKey::recipient).collect()
    }

    #[test]
    fn a_vault_comes_back_with_its_keys_and_days() {
        let vault = vault();
        for bytes in [vault.to_bytes(SECRET).unwrap(), vault.to_bytes_with_passphrase(SECRET).unwrap()] {
            assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
            let again = Vault::from_bytes(&bytes, SECRET).unwrap();
            assert_eq!(again.signing().public(), vault.signing().public());
            assert_eq!(recipients(&again), recipients(&vault));
            assert_eq!(again.current().recipient(), recipients(&vault)[0]);
            let dated = again.dated();
            let days: Vec<_> = dated.iter().map(|key| (key.made.clone(), key.superseded.clone())).collect();
            assert_eq!(days, [(day(3), None), (day(2), Some(day(3))), (day(1), Some(day(2)))]);
            assert_eq!(Vault::from_bytes(&bytes, "another").err(), Some(VaultError::WrongSecret));
            assert_eq!(Vault::from_bytes(&bytes, "").err(), Some(VaultError::WrongSecret));
        }
    }

    #[test]
    fn no_damaged_vault_opens() {
        let bytes = vault().to_bytes(SECRET).unwrap();
        // Every byte of the header of age, and some of what follows.
        for at in (0..180).chain((180..bytes.len()).step_by(41)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Vault::from_bytes(&damaged, SECRET).is_err(), "byte {at}");
        }
        for at in (0..bytes.len()).step_by(23) {
            assert!(Vault::from_bytes(&bytes[..at], SECRET).is_err(), "cut at {at}");
        }
        assert!(Vault::from_bytes(&[&bytes[..], b"x"].concat(), SECRET).is_err());
        let large = vec![b'a'; VAULT_MAX_BYTES + 1];
        assert_eq!(Vault::from_bytes(&large, SECRET).err(), Some(VaultError::TooLarge));
    }

    /// A vault that somebody exchanged must not keep the machine busy for hours or fill its memory.
    #[test]
    fn absurd_work_is_refused_at_once() {
        let bytes = vault().to_bytes(SECRET).unwrap();
        let text = String::from_utf8_lossy(&bytes[..80]).into_owned();
        let (stanza, _) = text.split_once(" 12\n").unwrap();
        let rest = &bytes[stanza.len() + " 12\n".len()..];
        for work in ["16", "22", "63"] {
            let changed = [stanza.as_bytes(), b" ", work.as_bytes(), b"\n", rest].concat();
            assert_eq!(Vault::from_bytes(&changed, SECRET).err(), Some(VaultError::ExcessiveWork), "{work}");
        }
        for work in ["64", "255", "999999", "-1", "012"] {
            let changed = [stanza.as_bytes(), b" ", work.as_bytes(), b"\n", rest].concat();
            assert!(Vault::from_bytes(&changed, SECRET).is_err(), "{work}");
        }
    }

    #[test]
    fn an_age_file_for_a_key_is_no_vault() {
        let key = OpeningKey::generate();
        let sealed = crate::sealed::seal_small(b"text", &[key.recipient()]).unwrap();
        assert_eq!(Vault::from_bytes(&sealed, SECRET).err(), Some(VaultError::Damaged));
    }

    #[test]
    fn destroyed_keys_are_gone_and_the_current_one_stays() {
        let mut vault = vault();
        let [_, second, first] = recipients(&vault).try_into().unwrap();
        let gone = vault.destroy(|_, superseded| *superseded == day(2));
        assert_eq!(gone, std::slice::from_ref(&first));
        assert_eq!(vault.destroy(|_, _| true), [second]);
        let again = Vault::from_bytes(&vault.to_bytes(SECRET).unwrap(), SECRET).unwrap();
        assert_eq!(recipients(&again), [vault.current().recipient()]);
        let sealed = crate::sealed::seal_small(b"text", &[first]).unwrap();
        assert!(crate::sealed::open_small(&sealed, &again.opening_keys(), 10).is_err());
    }

    #[test]
    fn as_many_keys_as_thirty_years_need_fit_and_no_more_are_written() {
        let mut vault = vault();
        while vault.superseded.len() < 400 {
            vault.rotate(OpeningKey::generate(), day(4));
        }
        let bytes = vault.to_bytes(SECRET).unwrap();
        assert_eq!(Vault::from_bytes(&bytes, SECRET).unwrap().opening_keys().len(), 401);
        while vault.superseded.len() < 600 {
            vault.rotate(OpeningKey::generate(), day(4));
        }
        assert_eq!(vault.to_bytes(SECRET).err(), Some(VaultError::TooLarge));
    }

    #[test]
    fn a_vault_shows_no_key() {
        let vault = vault();
        assert_eq!(format!("{vault:?}"), "Vault(3 opening keys, <hidden>)");
        let shown = format!("{:?}", vault.dated());
        assert!(!shown.contains("AGE-SECRET-KEY") && shown.contains("OpeningKey(<hidden>)"));
    }
}
