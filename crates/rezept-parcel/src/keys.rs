//! The keys of a station: one signs (minisign), one opens (age X25519). Their private halves never show themselves in
//! `Debug` or errors, and leave this module as text only through `secret_text`.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use minisign::{KeyPair, SecretKeyBox};
use zeroize::Zeroizing;

/// Text that is no key. The text is not repeated: it may be a private one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a minisign public key in base64.
    #[error("not a public signing key")]
    Verifying,
    /// Not an unencrypted minisign secret key.
    #[error("not a private signing key")]
    Signing,
    /// Not an `age1...` X25519 recipient, or one to which nothing can be sealed.
    #[error("not a public opening key")]
    Recipient,
    /// Not an `AGE-SECRET-KEY-1...` X25519 identity.
    #[error("not a private opening key")]
    Opening,
    /// The operating system gave no random numbers.
    #[error("no key could be made: the system gives no random numbers")]
    NoRandomness,
}

/// Why a signature does not prove what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not the four lines of a minisign signature, or one of the old form that signs without hashing first.
    #[error("not a signature file of this form")]
    Malformed,
    /// A signature of another key than the one pinned.
    #[error("made with another key")]
    OtherKey,
    /// The right key, but other bytes (or a comment that was changed).
    #[error("does not belong to these bytes")]
    Differs,
}

/// The largest signature file that is looked at; ours have about 300 bytes.
pub const SIGNATURE_MAX_BYTES: usize = 1024;

/// What every signature file says of itself. It names no station and no time: it stands in clear on the medium.
const COMMENT: &str = "rezept";

/// The private key with which a station signs headers, acknowledgements and its card.
#[derive(Clone)]
pub struct SigningKey(minisign::SecretKey);

impl SigningKey {
    /// Makes a key of the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate_unencrypted_keypair().map_err(|_| KeyError::NoRandomness)?;
        Ok(Self(pair.sk))
    }

    /// The key as stock `minisign -S -s` reads it: a comment line and the unencrypted key. Only for the vault.
    pub fn secret_text(&self) -> Zeroizing<String> {
        // Formatting into a String cannot fail; the Result belongs to the trait.
        Zeroizing::new(self.0.to_box(Some(COMMENT)).map(SecretKeyBox::into_string).unwrap_or_default())
    }

    /// Reads what [`secret_text`](Self::secret_text) wrote.
    ///
    /// # Errors
    /// [`KeyError::Signing`].
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let key = SecretKeyBox::from_string(text).and_then(SecretKeyBox::into_unencrypted_secret_key);
        key.map(Self).map_err(|_| KeyError::Signing)
    }

    /// The public half.
    ///
    /// # Errors
    /// [`KeyError::Verifying`] if the private half is damaged in a way that its checksum does not show.
    pub fn public(&self) -> Result<VerifyingKey, KeyError> {
        let public = minisign::PublicKey::from_secret_key(&self.0).map_err(|_| KeyError::Verifying)?;
        public.to_base64().parse()
    }

    /// The bytes of a minisign signature file for `bytes` (prehashed, as `minisign -S` makes it today).
    ///
    /// # Errors
    /// [`KeyError::NoRandomness`].
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = minisign::sign(None, &self.0, bytes, Some(COMMENT), Some(COMMENT));
        signature.map(|signature| signature.to_bytes()).map_err(|_| KeyError::NoRandomness)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(<hidden>)")
    }
}

/// The length of a public signing key as text: 42 bytes in base64.
const VERIFYING_KEY_CHARS: usize = 56;

/// The public half of a [`SigningKey`]. Text: minisign's base64, in its only spelling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifyingKey(String);

impl VerifyingKey {
    /// Whether `signature_file` is a signature of exactly `bytes` by this key.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, bytes: &[u8], signature_file: &[u8]) -> Result<(), SignatureError> {
        let text = signature_text(signature_file).ok_or(SignatureError::Malformed)?;
        let signature = minisign_verify::Signature::decode(text).map_err(|_| SignatureError::Malformed)?;
        let key = minisign_verify::PublicKey::from_base64(&self.0).map_err(|_| SignatureError::OtherKey)?;
        key.verify(bytes, &signature, false).map_err(|error| match error {
            minisign_verify::Error::UnexpectedKeyId => SignatureError::OtherKey,
            minisign_verify::Error::UnexpectedAlgorithm => SignatureError::Malformed,
            _ => SignatureError::Differs,
        })
    }

    /// The public key as a file that stock `minisign -V -p` reads.
    pub fn public_key_file(&self) -> String {
        format!("untrusted comment: {COMMENT}\n{}\n", self.0)
    }
}

/// A signature file is four lines of text and nothing else: what a library would skip could hide something.
fn signature_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= SIGNATURE_MAX_BYTES)?;
    let plain = text.bytes().all(|byte| matches!(byte, b'\n' | b'\t' | 0x20..=0x7E));
    let lines = text.strip_suffix('\n')?.split('\n');
    // minisign asks for these words, the library that verifies here does not.
    let commented = text.starts_with("untrusted comment: ");
    (plain && commented && lines.count() == 4).then_some(text)
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.0)
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // 42 bytes fill 56 characters without a rest, so each key has one spelling. "RW" is how "Ed" begins.
        let shape = text.len() == VERIFYING_KEY_CHARS && text.starts_with("RW");
        if shape && minisign_verify::PublicKey::from_base64(text).is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyError::Verifying)
        }
    }
}

/// A private age X25519 key, with which a station opens what is sealed to it.
#[derive(Clone)]
pub struct OpeningKey(x25519::Identity);

impl OpeningKey {
    /// Makes a key of the operating system's random numbers.
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The key as stock `age -d -i` reads it, one line `AGE-SECRET-KEY-1...`. Only for the vault and the paper.
    pub fn secret_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// The public half, to which others seal.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// For age itself.
    pub(crate) const fn identity(&self) -> &x25519::Identity {
        &self.0
    }
}

impl FromStr for OpeningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.parse().map(Self).map_err(|_| KeyError::Opening)
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey(<hidden>)")
    }
}

/// The public half of an [`OpeningKey`]. Text `age1...`, in its only spelling.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Recipient(x25519::Recipient);

impl Recipient {
    /// For age itself.
    pub(crate) const fn key(&self) -> &x25519::Recipient {
        &self.0
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl FromStr for Recipient {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let key: x25519::Recipient = text.parse().map_err(|_| KeyError::Recipient)?;
        let one_spelling = key.to_string() == text;
        if one_spelling && !LOW_ORDER.contains(&text) { Ok(Self(key)) } else { Err(KeyError::Recipient) }
    }
}

/// The fourteen spellings of the points of low order on Curve25519. What is sealed to them is sealed to nobody, and age
/// ends the whole program when it notices; a hostile card or header must not be able to do that.
const LOW_ORDER: [&str; 14] = [
    "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
    "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqsuwj9m",
    "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
    "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqqk67yly",
    "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhqqqzyt4v9",
    "age1ur4h5lpmgxu2u9jku0a0r87ydtdqnr0tnsetrlvxvgz3vh6fhzqqxqejhu",
    "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz9ts6wm9s8",
    "age1t7wft09r2zxzfvwsk92eeql0tvzyghxytqwgapkcyf8dm5ylz8ts72fzt7",
    "age1anlllllllllllllllllllllllllllllllllllllllllllllllals4n2t7m",
    "age1anllllllllllllllllllllllllllllllllllllllllllllllllls3hcv9z",
    "age1ahlllllllllllllllllllllllllllllllllllllllllllllllalsn46ayy",
    "age1ahlllllllllllllllllllllllllllllllllllllllllllllllllsh3g6la",
    "age1amlllllllllllllllllllllllllllllllllllllllllllllllalselrwrv",
    "age1amlllllllllllllllllllllllllllllllllllllllllllllllllsam3fc4",
];

/// Both public keys of a station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// What its headers and acknowledgements are checked with.
    pub signing: VerifyingKey,
    /// What is sealed for it.
    pub opening: Recipient,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_belongs_to_its_key_and_its_bytes() {
        let key = SigningKey::generate().unwrap();
        let public = key.public().unwrap();
        let signature = key.sign(b"header").unwrap();
        assert_eq!(public.verify(b"header", &signature), Ok(()));
        assert_eq!(public.verify(b"headex", &signature), Err(SignatureError::Differs));
        let other = SigningKey::generate().unwrap().public().unwrap();
        assert_eq!(other.verify(b"header", &signature), Err(SignatureError::OtherKey));
        assert!(signature.len() <= SIGNATURE_MAX_BYTES);
        assert!(String::from_utf8(signature).unwrap().starts_with("untrusted comment: rezept\nRU"));
    }

    #[test]
    fn every_changed_byte_of_a_signature_file_is_noticed_but_those_of_the_untrusted_comment() {
        let key = SigningKey::generate().unwrap();
        let public = key.public().unwrap();
        let signature = key.sign(b"header").unwrap();
        let untrusted = signature.iter().position(|&byte| byte == b'\n').unwrap();
        for at in untrusted..signature.len() {
            for flip in [1, 0x20, 0x80] {
                let mut damaged = signature.clone();
                damaged[at] ^= flip;
                assert!(public.verify(b"header", &damaged).is_err(), "byte {at} ^ {flip}");
            }
            assert!(public.verify(b"header", &signature[..at]).is_err(), "cut at {at}");
        }
        for tail in [b"\n".as_slice(), b"x", b"x\n", &signature] {
            let longer = [&signature, tail].concat();
            assert_eq!(public.verify(b"header", &longer), Err(SignatureError::Malformed));
        }
        let uncommented =
            String::from_utf8(signature.clone()).unwrap().replacen("untrusted comment: ", "", 1);
        assert_eq!(public.verify(b"header", uncommented.as_bytes()), Err(SignatureError::Malformed));
        let crlf = String::from_utf8(signature).unwrap().replace('\n', "\r\n");
        assert_eq!(public.verify(b"header", crlf.as_bytes()), Err(SignatureError::Malformed));
    }

    #[test]
    fn keys_come_back_from_their_text() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_secret_text(&key.secret_text()).unwrap();
        assert_eq!(again.public(), key.public());
        let public = key.public().unwrap();
        assert_eq!(public.to_string().parse(), Ok(public.clone()));
        let text = public.to_string();
        for bad in [String::new(), format!("{text} "), text[1..].to_owned(), text.replacen("RW", "RU", 1)] {
            assert_eq!(bad.parse::<VerifyingKey>(), Err(KeyError::Verifying), "{bad}");
        }
        let mut damaged = key.secret_text().to_string();
        let at = damaged.len() - 20;
        let changed = if damaged.as_bytes()[at] == b'A' { "B" } else { "A" };
        damaged.replace_range(at..=at, changed);
        assert_eq!(SigningKey::from_secret_text(&damaged).err(), Some(KeyError::Signing));
        assert_eq!(SigningKey::from_secret_text("").err(), Some(KeyError::Signing));

        let key = OpeningKey::generate();
        let again: OpeningKey = key.secret_text().parse().unwrap();
        assert_eq!(again.recipient(), key.recipient());
        let public = key.recipient();
        assert_eq!(public.to_string().parse(), Ok(public.clone()));
        for bad in [String::new(), public.to_string().to_uppercase(), format!("{public} ")] {
            assert_eq!(bad.parse::<Recipient>(), Err(KeyError::Recipient), "{bad}");
        }
        assert_eq!(public.to_string().parse::<OpeningKey>().err(), Some(KeyError::Opening));
    }

    #[test]
    fn private_keys_do_not_show_themselves() {
        let signing = SigningKey::generate().unwrap();
        let opening = OpeningKey::generate();
        let shown = format!("{signing:?} {opening:?}");
        assert_eq!(shown, "SigningKey(<hidden>) OpeningKey(<hidden>)");
    }

    /// The list is what age itself says: each of them makes it give up.
    #[test]
    fn points_to_which_nothing_can_be_sealed_are_no_keys() {
        // What age has to say to each is no news.
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let mut gave_up = Vec::new();
        let sealed_to = |point: &x25519::Recipient| {
            age::Encryptor::with_recipients(std::iter::once(point as &dyn age::Recipient)).is_ok()
        };
        for text in LOW_ORDER {
            assert_eq!(text.parse::<Recipient>(), Err(KeyError::Recipient), "{text}");
            let point: x25519::Recipient = text.parse().unwrap();
            assert_eq!(point.to_string(), text);
            let sealed = std::panic::catch_unwind(|| sealed_to(&point));
            gave_up.push(sealed.is_err());
        }
        std::panic::set_hook(told);
        assert_eq!(gave_up, [true; 14]);
    }
}
