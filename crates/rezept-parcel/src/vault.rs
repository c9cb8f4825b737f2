//! The private keys of a station as one encrypted text. Where it lies, and where the secret that opens it comes from, is
//! for others; no key leaves this file unencrypted but to the parts of this crate that use it.

use age::scrypt;
use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::keys::{KeyError, OpeningKey, SigningKey};
use crate::text::{TextError, TextReader, TextWriter};
use crate::words::Timestamp;

/// The key of the version line.
const KIND: &str = "rezept-vault";
const VERSION: u32 = 1;
const KEYS: &[&str] = &["signing", "opening"];

/// The largest vault that is looked at: a station has a handful of keys, and drops old ones.
pub const VAULT_MAX_BYTES: usize = 64 * 1024;

/// The work of opening it, as a power of two. The secret is 256 random bits from a key store or a file beside it, not a
/// word that anybody could guess: the work adds nothing but the time of every start.
const WORK_FACTOR: u8 = 12;
/// The work under a word that a person remembers: 32 MiB of memory. Every further step doubles it, and the program promises
/// to stay below 64 MiB.
const PASSPHRASE_WORK_FACTOR: u8 = 15;
/// More work than any vault of ours asks for: a file put in its place must not stop the station for minutes.
const MAX_WORK_FACTOR: u8 = 16;

/// Why a vault cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The secret is not the one it was written with, or its bytes are damaged.
    #[error("the keys cannot be opened with this secret, or are damaged")]
    Closed,
    /// What is inside is not what a vault of ours holds.
    #[error("the keys are not in a form that this build knows")]
    Text(#[from] TextError),
    /// Encrypting failed.
    #[error("the keys cannot be encrypted")]
    Encrypt,
    /// A key cannot be made or read.
    #[error("a key of the vault cannot be used")]
    Key(#[from] KeyError),
}

/// A key that opens what arrives, and since when others use a newer one.
#[derive(Clone, Debug)]
pub struct DatedOpeningKey {
    /// When it was made.
    pub made: Timestamp,
    /// When a newer one took its place.
    pub superseded: Option<Timestamp>,
    /// The key.
    pub key: OpeningKey,
}

/// All private keys of a station. `Debug` hides them.
#[derive(Clone, Debug)]
pub struct Vault {
    signing: SigningKey,
    /// Oldest first; never empty.
    opening: Vec<DatedOpeningKey>,
}

impl Vault {
    /// New keys of the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate(now: Timestamp) -> Result<Self, KeyError> {
        let key = DatedOpeningKey { made: now, superseded: None, key: OpeningKey::generate() };
        Ok(Self { signing: SigningKey::generate()?, opening: vec![key] })
    }

    /// The key that signs.
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// Every key that may open what arrives, newest first: most of what arrives is sealed to it.
    pub fn opening_keys(&self) -> Vec<OpeningKey> {
        self.opening.iter().rev().map(|dated| dated.key.clone()).collect()
    }

    /// As [`opening_keys`](Self::opening_keys), with their dates, oldest first.
    pub fn opening(&self) -> &[DatedOpeningKey] {
        &self.opening
    }

    /// The key that others are told to seal to.
    pub fn newest_opening(&self) -> &OpeningKey {
        &self.opening.last().expect("a vault is made with a key and keeps its newest").key
    }

    /// Makes a newer opening key; the ones before stay, to open what is still on its way.
    pub fn rotate(&mut self, now: &Timestamp) {
        for dated in self.opening.iter_mut().filter(|dated| dated.superseded.is_none()) {
            dated.superseded = Some(now.clone());
        }
        self.opening.push(DatedOpeningKey {
            made: now.clone(),
            superseded: None,
            key: OpeningKey::generate(),
        });
    }

    /// Drops every superseded key of which `is_due` says so. What was sealed to it only can never be opened again. Returns
    /// the dropped ones.
    pub fn drop_superseded(
        &mut self,
        mut is_due: impl FnMut(&DatedOpeningKey) -> bool,
    ) -> Vec<DatedOpeningKey> {
        self.opening.extract_if(.., |dated| dated.superseded.is_some() && is_due(dated)).collect()
    }

    /// The encrypted bytes. `secret` should have 256 random bits.
    ///
    /// # Errors
    /// [`VaultError::Encrypt`], or [`VaultError::Text`] for more keys than fit.
    pub fn to_bytes(&self, secret: &str) -> Result<Vec<u8>, VaultError> {
        self.encrypt(secret, WORK_FACTOR)
    }

    /// The encrypted bytes under what a person can remember. Slow on purpose, and takes 32 MiB; the same
    /// [`from_bytes`](Self::from_bytes) opens it.
    ///
    /// # Errors
    /// As [`to_bytes`](Self::to_bytes).
    pub fn to_bytes_with_passphrase(&self, passphrase: &str) -> Result<Vec<u8>, VaultError> {
        self.encrypt(passphrase, PASSPHRASE_WORK_FACTOR)
    }

    fn encrypt(&self, secret: &str, work_factor: u8) -> Result<Vec<u8>, VaultError> {
        let mut text = TextWriter::new(KIND, VERSION);
        let signing = self.signing.secret_text();
        text.line("signing", signing.lines().nth(1).unwrap_or_default());
        for DatedOpeningKey { made, superseded, key } in &self.opening {
            let superseded = superseded.as_ref().map_or("-", Timestamp::as_str);
            text.line("opening", format_args!("{made} {superseded} {}", key.secret_text().as_str()));
        }
        let text = Zeroizing::new(text.finish(VAULT_MAX_BYTES)?);
        let mut recipient = scrypt::Recipient::new(SecretString::from(secret.to_owned()));
        recipient.set_work_factor(work_factor);
        age::encrypt(&recipient, &text).map_err(|_| VaultError::Encrypt)
    }

    /// Opens what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`VaultError::Closed`] for another secret and for damage alike: age cannot tell them apart.
    pub fn from_bytes(bytes: &[u8], secret: &str) -> Result<Self, VaultError> {
        if bytes.len() > VAULT_MAX_BYTES + 1024 {
            return Err(VaultError::Closed);
        }
        let mut identity = scrypt::Identity::new(SecretString::from(secret.to_owned()));
        identity.set_max_work_factor(MAX_WORK_FACTOR);
        let text = Zeroizing::new(age::decrypt(&identity, bytes).map_err(|_| VaultError::Closed)?);
        let mut text = TextReader::open(&text, KIND, VERSION, KEYS, VAULT_MAX_BYTES)?;
        let signing = text.value_with("signing", |line| {
            let file = Zeroizing::new(format!("untrusted comment: rezept\n{line}\n"));
            SigningKey::from_secret_text(&file).ok()
        })?;
        let mut opening = vec![text.value_with("opening", parse_opening)?];
        while text.next_is("opening") {
            opening.push(text.value_with("opening", parse_opening)?);
        }
        text.finish()?;
        Ok(Self { signing, opening })
    }
}

fn parse_opening(line: &str) -> Option<DatedOpeningKey> {
    let mut words = line.split(' ');
    let (made, superseded, key) = (words.next()?, words.next()?, words.next()?);
    let superseded = match superseded {
        "-" => None,
        at => Some(at.parse().ok()?),
    };
    let dated = DatedOpeningKey { made: made.parse().ok()?, superseded, key: key.parse().ok()? };
    words.next().is_none().then_some(dated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u8) -> Timestamp {
        format!("2026-05-{day:02}T09:00:00+09:00").parse().unwrap()
    }

    #[test]
    fn a_vault_opens_with_its_secret_only_and_has_the_same_keys() {
        let mut vault = Vault::generate(at(1)).unwrap();
        vault.rotate(&at(2));
        let bytes = vault.to_bytes("the secret").unwrap();
        let back = Vault::from_bytes(&bytes, "the secret").unwrap();
        assert_eq!(back.signing().public().unwrap(), vault.signing().public().unwrap());
        let recipients = |vault: &Vault| -> Vec<_> {
            vault.opening_keys().iter().map(|key| key.recipient().to_string()).collect()
        };
        assert_eq!(recipients(&back), recipients(&vault));
        assert_eq!(back.newest_opening().recipient(), vault.newest_opening().recipient());
        assert_eq!(back.opening()[0].superseded, Some(at(2)));
        assert!(matches!(Vault::from_bytes(&bytes, "another"), Err(VaultError::Closed)));
        for index in (0..bytes.len()).step_by(23) {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1;
            assert!(Vault::from_bytes(&damaged, "the secret").is_err(), "byte {index}");
        }
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(Vault::from_bytes(&bytes[..cut], "the secret").is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_passphrase_costs_more_and_opens_as_well() {
        let vault = Vault::generate(at(1)).unwrap();
        let bytes = vault.to_bytes_with_passphrase("みほん の 合言葉").unwrap();
        let stanza = String::from_utf8_lossy(&bytes[..80]).into_owned();
        assert!(
            stanza.starts_with("age-encryption.org/v1\n-> scrypt ") && stanza.contains(" 15\n"),
            "{stanza}"
        );
        let back = Vault::from_bytes(&bytes, "みほん の 合言葉").unwrap();
        assert_eq!(back.newest_opening().recipient(), vault.newest_opening().recipient());
        assert!(matches!(Vault::from_bytes(&bytes, "みほんの合言葉"), Err(VaultError::Closed)));
    }

    #[test]
    fn only_superseded_keys_are_dropped() {
        let mut vault = Vault::generate(at(1)).unwrap();
        vault.rotate(&at(2));
        vault.rotate(&at(3));
        let newest = vault.newest_opening().recipient();
        assert_eq!(vault.drop_superseded(|key| key.made == at(1)).len(), 1);
        assert_eq!(vault.opening().len(), 2);
        assert_eq!(vault.drop_superseded(|_| true).len(), 1);
        assert_eq!(vault.newest_opening().recipient(), newest);
        assert_eq!(vault.opening_keys().len(), 1);
    }

    #[test]
    fn a_vault_that_asks_for_endless_work_is_refused() {
        let mut recipient = scrypt::Recipient::new(SecretString::from("s".to_owned()));
        recipient.set_work_factor(MAX_WORK_FACTOR + 1);
        let bytes = age::encrypt(&recipient, b"anything").unwrap();
        assert!(matches!(Vault::from_bytes(&bytes, "s"), Err(VaultError::Closed)));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = format!("{:?}", Vault::generate(at(1)).unwrap());
        assert!(!shown.contains("SECRET-KEY") && shown.contains("<hidden>"), "{shown}");
    }
}
