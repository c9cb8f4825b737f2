//! Sealing of things that fit into memory: acknowledgements.

use std::io::{Cursor, Read as _, Write as _};

use super::age_stream;
use super::error::{SealError, UnsealError};
use crate::keys::{OpeningKey, Recipient};

/// The largest ciphertext of at most `limit_bytes` of content: age's header, and a tag for each chunk of 64 KiB, come on
/// top. A larger file need not even be read.
pub const fn sealed_max_bytes(limit_bytes: usize) -> usize {
    limit_bytes.saturating_add(16 * 1024).saturating_add(limit_bytes / 1024)
}

/// Seals `bytes` so that each of `to` can open them.
///
/// # Errors
/// [`SealError::NoRecipient`].
pub fn seal_small(bytes: &[u8], to: &[Recipient]) -> Result<Vec<u8>, SealError> {
    let mut stream = age_stream::begin(Vec::new(), to)?;
    stream.write_all(bytes)?;
    Ok(age_stream::finish(stream)?)
}

/// Opens what [`seal_small`] made, at most `limit_bytes` of content; larger ciphertext is not even decrypted.
///
/// # Errors
/// [`UnsealError`].
pub fn open_small(sealed: &[u8], keys: &[OpeningKey], limit_bytes: usize) -> Result<Vec<u8>, UnsealError> {
    let too_large = Err(UnsealError::TooLarge { limit_bytes });
    if sealed.len() > sealed_max_bytes(limit_bytes) {
        return too_large;
    }
    let stream = age_stream::open(Cursor::new(sealed), keys)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    stream.take(limit).read_to_end(&mut bytes).map_err(age_stream::of_io)?;
    if bytes.len() > limit_bytes { too_large } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(sealed: &[u8], key: &OpeningKey) -> Result<Vec<u8>, &'static str> {
        open_small(sealed, std::slice::from_ref(key), 70_000).map_err(|error| match error {
            UnsealError::WrongKey => "wrong key",
            UnsealError::Damaged => "damaged",
            UnsealError::UnknownFormat => "unknown",
            UnsealError::TooLarge { .. } => "large",
            _ => "other",
        })
    }

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let (one, other, stranger) = (OpeningKey::generate(), OpeningKey::generate(), OpeningKey::generate());
        let sealed = seal_small(b"ack", &[one.recipient(), other.recipient()]).unwrap();
        assert_eq!(open(&sealed, &one).unwrap(), b"ack");
        assert_eq!(open(&sealed, &other).unwrap(), b"ack");
        assert_eq!(open(&sealed, &stranger), Err("wrong key"));
        assert_eq!(open_small(&sealed, &[stranger, one], 3).unwrap(), b"ack");
        assert!(matches!(open_small(&sealed, &[other], 2), Err(UnsealError::TooLarge { limit_bytes: 2 })));
        assert!(matches!(seal_small(b"ack", &[]), Err(SealError::NoRecipient)));
    }

    #[test]
    fn every_changed_byte_every_cut_and_every_addition_is_noticed() {
        let key = OpeningKey::generate();
        let sealed = seal_small(b"ack", &[key.recipient()]).unwrap();
        for at in 0..sealed.len() {
            assert!(open(&sealed[..at], &key).is_err(), "cut at {at}");
            let mut damaged = sealed.clone();
            for flip in [1, 0x20, 0x80] {
                damaged[at] = sealed[at] ^ flip;
                assert!(open(&damaged, &key).is_err(), "byte {at}");
            }
        }
        // The end of the stream on, before and after the border of a chunk.
        for size in [0, 65_535, 65_536, 65_537] {
            let content = vec![b'x'; size];
            let sealed = seal_small(&content, &[key.recipient()]).unwrap();
            assert_eq!(open(&sealed, &key).unwrap(), content);
            assert_eq!(open(&[&sealed[..], b"x"].concat(), &key), Err("damaged"), "{size}");
            assert_eq!(open(&sealed[..sealed.len() - 1], &key), Err("damaged"), "{size}");
        }
    }

    #[test]
    fn an_age_header_without_end_is_refused_unread() {
        let key = OpeningKey::generate();
        let endless = [b"age-encryption.org/v1\n".as_slice(), &b"-> X25519 aaaa\n".repeat(4000)].concat();
        assert_eq!(open(&endless, &key), Err("damaged"));
        assert_eq!(open(b"", &key), Err("damaged"));
        assert_eq!(open(b"no age file", &key), Err("damaged"));
        assert_eq!(open(b"age-encryption.org/v2\n-> x\n\n---\n", &key), Err("unknown"));
    }
}
