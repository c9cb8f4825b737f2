//! The age stream around everything sealed: begun for recipients, opened with keys. The only place that speaks to age
//! about streams; its errors are told apart here into damage, a wrong key and a reader that failed.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, Identity};

use super::error::{SealError, UnsealError};
use crate::keys::{OpeningKey, Recipient};

/// The longest age header that is looked at: sixty recipients and more, where a parcel has two. age itself reads on until
/// its memory is full.
const AGE_HEADER_MAX_BYTES: u64 = 16 * 1024;

/// How the line begins that ends an age header.
const LAST_HEADER_LINE: &[u8] = b"\n---";

/// A stream being sealed. The buffer is for age's header only: an error while writing that would come back without
/// saying what it was. Chunks are larger than the buffer and pass it by.
pub(super) type Sealing<W> = StreamWriter<BufWriter<W>>;

/// Begins a stream that every one of `to` can open.
pub(super) fn begin<W: Write>(out: W, to: &[Recipient]) -> Result<Sealing<W>, SealError> {
    let recipients = to.iter().map(|recipient| recipient.key() as &dyn age::Recipient);
    // X25519 recipients never disagree with each other, so their absence is the only thing that can be wrong.
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| SealError::NoRecipient)?;
    Ok(encryptor.wrap_output(BufWriter::new(out))?)
}

/// Writes the last chunk.
pub(super) fn finish<W: Write>(stream: Sealing<W>) -> io::Result<W> {
    stream.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
}

/// Opens a stream that begins at the start of `cipher`. What it gives out is authentic chunk by chunk (64 KiB); that the
/// stream is whole is known once its end was read or sought.
pub(super) fn open<R: Read + Seek>(
    cipher: R,
    keys: &[OpeningKey],
) -> Result<StreamReader<BufReader<R>>, UnsealError> {
    // Without a buffer age reads the header a few bytes at a time.
    let mut cipher = BufReader::new(cipher);
    check_header(&mut cipher)?;
    cipher.seek(SeekFrom::Start(0)).map_err(UnsealError::Io)?;
    let decryptor = Decryptor::new_buffered(cipher).map_err(of_age)?;
    if decryptor.is_scrypt() {
        return Err(UnsealError::WrongKey);
    }
    let identities = keys.iter().map(|key| key.identity() as &dyn Identity);
    decryptor.decrypt(identities).map_err(of_age)
}

/// Refuses a header without end before age sees it.
fn check_header(cipher: &mut (impl Read + Seek)) -> Result<(), UnsealError> {
    cipher.seek(SeekFrom::Start(0)).map_err(UnsealError::Io)?;
    let mut head = Vec::new();
    cipher.take(AGE_HEADER_MAX_BYTES).read_to_end(&mut head).map_err(UnsealError::Io)?;
    let ends = head.windows(LAST_HEADER_LINE.len()).any(|window| window == LAST_HEADER_LINE);
    if ends || !head.starts_with(b"age-encryption.org/") { Ok(()) } else { Err(UnsealError::Damaged) }
}

/// What age says, in the words of this crate. Its own sentences are for its own command line.
fn of_age(error: DecryptError) -> UnsealError {
    match error {
        DecryptError::NoMatchingKeys => UnsealError::WrongKey,
        DecryptError::UnknownFormat => UnsealError::UnknownFormat,
        DecryptError::Io(source) => of_io(source),
        _ => UnsealError::Damaged,
    }
}

/// age reports damage in the middle of a stream as an I/O error of these two kinds, and passes on every other one.
pub(super) fn of_io(source: io::Error) -> UnsealError {
    match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => UnsealError::Damaged,
        _ => UnsealError::Io(source),
    }
}
