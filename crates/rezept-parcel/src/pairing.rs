//! The pairing card: what one station hands the other on a medium so that a person can pair them. A card proves that
//! its maker holds the signing key on it, not who that is: only the comparison of the short codes does.

use crate::PARCEL_VERSION;
use crate::digest::Digest;
use crate::id::StationName;
use crate::keys::{KeyError, PublicKeys, Recipient, SignatureError, SigningKey};
use crate::names;
use crate::text::{TextError, TextReader, TextWriter};

/// The key of the version line.
const KIND: &str = "rezept-card";

const KEYS: &[&str] = &["station", "signing-key", "opening-key", "recovery-key"];

/// The largest card that is looked at; ours have about 800 bytes, signature included.
pub const CARD_MAX_BYTES: usize = 4 * 1024;

/// What a card says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The station whose card it is.
    pub station: StationName,
    /// Its public keys.
    pub keys: PublicKeys,
    /// The key on its facility's recovery paper: a second recipient of everything sealed for the station.
    pub recovery: Option<Recipient>,
}

/// Why bytes are no card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The text is damaged, newer or malformed.
    #[error(transparent)]
    Text(TextError),
    /// The signature is not one of the signing key on the card.
    #[error("the card is not signed with the key on it")]
    Signature(#[source] SignatureError),
    /// The key that was to sign is not the one on the card, or could not sign.
    #[error("the card could not be signed")]
    Key(#[source] KeyError),
    /// The signing key does not belong to the public key on the card.
    #[error("the card names another key than the one that signs it")]
    OtherKey,
}

impl Card {
    /// The bytes of the card file: the text with its digest, and the four lines of its signature by `key`.
    ///
    /// # Errors
    /// [`CardError::OtherKey`] if `key` is not the private half of the signing key on the card; [`CardError::Key`].
    pub fn to_bytes(&self, key: &SigningKey) -> Result<Vec<u8>, CardError> {
        if key.public().map_err(CardError::Key)? != self.keys.signing {
            return Err(CardError::OtherKey);
        }
        let mut text = TextWriter::new(KIND, PARCEL_VERSION);
        text.line("station", &self.station);
        text.line("signing-key", &self.keys.signing);
        text.line("opening-key", &self.keys.opening);
        text.line_if("recovery-key", self.recovery.as_ref());
        let mut bytes = text.finish(CARD_MAX_BYTES).map_err(CardError::Text)?;
        bytes.extend(key.sign(&bytes).map_err(CardError::Key)?);
        Ok(bytes)
    }

    /// Reads the bytes of a card file and checks its signature.
    ///
    /// # Errors
    /// [`CardError::Text`] and [`CardError::Signature`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > CARD_MAX_BYTES {
            return Err(CardError::Text(TextError::TooLarge { limit_bytes: CARD_MAX_BYTES }));
        }
        let (body, signature) = split_signature(bytes).ok_or(CardError::Text(TextError::Truncated))?;
        let card = Self::parse_text(body).map_err(CardError::Text)?;
        card.keys.signing.verify(body, signature).map_err(CardError::Signature)?;
        Ok(card)
    }

    fn parse_text(body: &[u8]) -> Result<Self, TextError> {
        let mut text = TextReader::open(body, KIND, PARCEL_VERSION, KEYS, CARD_MAX_BYTES)?;
        let station = text.value("station")?;
        let keys = PublicKeys { signing: text.value("signing-key")?, opening: text.value("opening-key")? };
        let recovery = text.value_if("recovery-key")?;
        text.finish()?;
        Ok(Self { station, keys, recovery })
    }

    /// The card's name on a medium: station, and the beginning of the digest of `bytes`, the card file.
    pub fn file_name(&self, bytes: &[u8]) -> String {
        let [a, b, c, d, ..] = Digest::of(bytes).0;
        names::card_name(&self.station, [a, b, c, d])
    }
}

/// Splits before the fourth-last line: a signature has four.
fn split_signature(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let body_end = bytes.strip_suffix(b"\n")?;
    let (at, _) = body_end.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').nth(3)?;
    bytes.split_at_checked(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::OpeningKey;

    fn card(key: &SigningKey, recovery: Option<Recipient>) -> Card {
        let keys = PublicKeys { signing: key.public().unwrap(), opening: OpeningKey::generate().recipient() };
        Card { station: "recekon-1".parse().unwrap(), keys, recovery }
    }

    #[test]
    fn a_card_comes_back_and_is_signed_in_a_form_that_minisign_knows() {
        let key = SigningKey::generate().unwrap();
        for recovery in [None, Some(OpeningKey::generate().recipient())] {
            let card = card(&key, recovery);
            let bytes = card.to_bytes(&key).unwrap();
            assert_eq!(Card::parse(&bytes), Ok(card.clone()));
            let (body, signature) = split_signature(&bytes).unwrap();
            assert!(body.starts_with(b"rezept-card: 1\nstation: recekon-1\nsigning-key: RW"));
            assert_eq!(card.keys.signing.verify(body, signature), Ok(()));
            let (station, tag) = names::parse_card(&card.file_name(&bytes)).unwrap();
            assert_eq!((station, &tag[..]), (card.station, &Digest::of(&bytes).0[..4]));
        }
    }

    /// Everything but the untrusted comment, which says nothing.
    #[test]
    fn no_damaged_card_passes() {
        let key = SigningKey::generate().unwrap();
        let bytes = card(&key, None).to_bytes(&key).unwrap();
        let untrusted = b"untrusted comment: rezept\n";
        let start = bytes.windows(untrusted.len()).position(|window| window == untrusted).unwrap();
        for at in 0..bytes.len() {
            assert!(Card::parse(&bytes[..at]).is_err(), "cut at {at}");
            assert!(Card::parse(&[&bytes[..=at], &bytes[at..]].concat()).is_err() || bytes[at] != b'\n');
            if !(start..start + untrusted.len() - 1).contains(&at) {
                for flip in [1, 4, 0x80] {
                    let mut damaged = bytes.clone();
                    damaged[at] ^= flip;
                    assert!(Card::parse(&damaged).is_err(), "byte {at}");
                }
            }
        }
        assert!(Card::parse(&[&bytes[..], b"\n"].concat()).is_err());
    }

    #[test]
    fn nobody_makes_a_card_of_anothers_key() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let foreign = card(&key, None);
        assert_eq!(foreign.to_bytes(&other), Err(CardError::OtherKey));
        // The text of one card with the signature of another key.
        let bytes = foreign.to_bytes(&key).unwrap();
        let (body, _) = split_signature(&bytes).unwrap();
        let forged = [body, &other.sign(body).unwrap()].concat();
        assert_eq!(Card::parse(&forged), Err(CardError::Signature(SignatureError::OtherKey)));
    }
}
