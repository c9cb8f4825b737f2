//! What every input must obey, whatever it claims to be: no panic, and whatever is accepted has exactly one spelling, so
//! that nobody can give two different files one meaning. Shared by the driver and by `fuzz/fuzz_targets/parcel.rs`.

use std::io::Cursor;

use rezept_parcel::received::TagFiles;
use rezept_parcel::sealed::{UnsealError, Unsealed};
use rezept_parcel::{Ack, Card, Header, ReceivedBag};

/// Checks one input. The first byte says what it is tried as; the rest are its bytes.
///
/// # Panics
/// When a promise is broken.
pub fn check(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 5 {
        0 => header(bytes),
        1 => ack(bytes),
        2 => card(bytes),
        3 => tag_files(bytes),
        _ => archive(bytes),
    }
}

fn header(bytes: &[u8]) {
    if let Ok(header) = Header::parse(bytes) {
        assert_eq!(header.to_bytes().as_deref(), Ok(bytes), "two spellings of a header");
    }
}

fn ack(bytes: &[u8]) {
    if let Ok(ack) = Ack::parse(bytes) {
        assert_eq!(ack.to_bytes().as_deref(), Ok(bytes), "two spellings of an acknowledgement");
    }
}

/// A card that parses is signed by its own key over exactly its text.
fn card(bytes: &[u8]) {
    if let Ok(card) = Card::parse(bytes) {
        let text = bytes.windows(20).position(|window| window == b"\nuntrusted comment: ");
        let (text, signature) = bytes.split_at(text.expect("a card has a signature") + 1);
        assert_eq!(card.keys.signing.verify(text, signature), Ok(()));
    }
}

/// The four tag files, one after the other with a zero byte between them.
fn tag_files(bytes: &[u8]) {
    let mut parts = bytes.splitn(4, |&byte| byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let tags = TagFiles { bagit: next(), bag_info: next(), manifest: next(), tagmanifest: next() };
    if let Ok(bag) = ReceivedBag::parse(tags) {
        let again: Vec<_> = bag.plan().tag_files().into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(again.join(&0), bytes, "two spellings of a bag");
    }
}

/// The ZIP layer without age: an outer header, a zero byte, and the plaintext.
fn archive(bytes: &[u8]) {
    let Some(border) = bytes.iter().position(|&byte| byte == 0) else { return };
    let (outer, plain) =
        (bytes.get(..border).unwrap_or_default(), bytes.get(border + 1..).unwrap_or_default());
    let Ok(outer) = Header::parse(outer) else { return };
    match Unsealed::from_plaintext(Cursor::new(plain), &outer) {
        Ok(mut opened) => {
            let mut payload = 0;
            for file in opened.bag().files().to_vec() {
                let read = opened
                    .file(&file.path)
                    .map(|mut reader| std::io::copy(&mut reader, &mut std::io::sink()));
                assert!(matches!(read, Ok(Ok(count)) if count == file.size), "a file of another size");
                payload += file.size;
            }
            assert!(payload < plain.len() as u64, "more payload than archive");
            assert_eq!(opened.bag().plan().id(), outer.id);
            opened.finish().expect("nothing can fail in memory");
        }
        // The plaintext is in memory and not encrypted here, so only its form can be wrong.
        Err(error) => assert!(!matches!(error, UnsealError::Io(_) | UnsealError::WrongKey), "{error:?}"),
    }
}
