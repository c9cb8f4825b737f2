//! Opening a sealed parcel: first its whole frame, the header inside and the tag files are checked against each other and
//! against the header outside; only then files are given out, each authentic to the byte.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use age::stream::StreamReader;

use super::error::{Trick, UnsealError};
use super::frame::{Content as EntryContent, Frame};
use super::layout::Entry;
use super::{BUFFER_BYTES, age_stream};
use crate::bag::{BAG_INFO, BAGIT, MANIFEST, TAGMANIFEST};
use crate::header::{Content, HEADER_MAX_BYTES, Header};
use crate::keys::OpeningKey;
use crate::names;
use crate::payload::PayloadPath;
use crate::received::{ReceivedBag, TAG_FILE_MAX_BYTES, TagFiles};
use crate::text::TextError;

/// The decrypted stream of a ciphertext `R`.
pub type SealedStream<R> = StreamReader<BufReader<R>>;

/// How many entries stand before the payload: the header and four tag files.
const BEFORE_PAYLOAD: usize = 5;

/// A sealed parcel that was opened and found to be what its header says. `P` is the decrypted stream.
pub struct Unsealed<P> {
    plain: P,
    entries: Vec<Entry>,
    header: Header,
    header_bytes: Vec<u8>,
    bag: ReceivedBag,
}

impl<R: Read + Seek> Unsealed<SealedStream<R>> {
    /// Opens `cipher`, which begins at its start, with whichever of `keys` fits. `outer` is the header on the medium,
    /// whose signature and segment digests the caller has checked.
    ///
    /// # Errors
    /// [`UnsealError`]; no content was given out.
    pub fn open(cipher: R, outer: &Header, keys: &[OpeningKey]) -> Result<Self, UnsealError> {
        Self::from_plaintext(age_stream::open(cipher, keys)?, outer)
    }
}

impl<P: Read + Seek> Unsealed<P> {
    /// The same for a stream that is decrypted already.
    ///
    /// # Errors
    /// [`UnsealError`]; no content was given out.
    pub fn from_plaintext(mut plain: P, outer: &Header) -> Result<Self, UnsealError> {
        let entries = Frame::read(&mut plain)?.entries;
        let mut small = Small { plain: &mut plain, entries: &entries };
        let folder = names::bag_name(outer.id);
        let header_bytes = small.read(0, &names::header_name(outer.id), HEADER_MAX_BYTES)?;
        let header = Header::parse(&header_bytes).map_err(UnsealError::Inner)?;
        check_header(&header, outer)?;
        let mut tag = |index, name| small.read(index, &format!("{folder}/{name}"), TAG_FILE_MAX_BYTES);
        let (bagit, bag_info) = (tag(1, BAGIT)?, tag(2, BAG_INFO)?);
        let (manifest, tagmanifest) = (tag(3, MANIFEST)?, tag(4, TAGMANIFEST)?);
        let tags =
            TagFiles { bagit: &bagit, bag_info: &bag_info, manifest: &manifest, tagmanifest: &tagmanifest };
        let bag = ReceivedBag::parse_with_header(tags, &header).map_err(UnsealError::Bag)?;
        check_payload(&entries, &bag, &folder)?;
        Ok(Self { plain, entries, header, header_bytes, bag })
    }

    /// The header inside: facility, bag and releases.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes of the header inside.
    pub fn header_bytes(&self) -> &[u8] {
        &self.header_bytes
    }

    /// The bag, as its tag files describe it.
    pub const fn bag(&self) -> &ReceivedBag {
        &self.bag
    }

    /// Opens a file. Files read in the order of the manifest are decrypted once; any other order costs a chunk of 64 KiB
    /// for each jump. That its bytes are the manifest's is for the caller to see, who hashes them.
    ///
    /// # Errors
    /// [`UnsealError::NoSuchFile`], [`UnsealError::Io`], [`UnsealError::Damaged`].
    pub fn file(&mut self, path: &PayloadPath) -> Result<SealedFile<'_, P>, UnsealError> {
        let files = self.bag.files();
        let index =
            files.binary_search_by(|file| file.path.cmp(path)).map_err(|_| UnsealError::NoSuchFile)?;
        let entry = self.entries.get(BEFORE_PAYLOAD + index).ok_or(UnsealError::NoSuchFile)?;
        let content = EntryContent::open(&mut self.plain, entry).map_err(age_stream::of_io)?;
        Ok(SealedFile(content))
    }

    /// Reads what is left behind the last file, to the last byte: after it, nothing of the stream is unread or unproven.
    ///
    /// # Errors
    /// [`UnsealError::Damaged`], [`UnsealError::Io`].
    pub fn finish(mut self) -> Result<(), UnsealError> {
        let end = self.entries.last().map_or(0, |entry| entry.start + entry.local_len() + entry.size);
        self.plain.seek(SeekFrom::Start(end)).map_err(age_stream::of_io)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        while self.plain.read(&mut buffer).map_err(age_stream::of_io)? > 0 {}
        Ok(())
    }
}

/// Reads the small entries before the payload, each of which must have its name and place.
struct Small<'a, P> {
    plain: &'a mut P,
    entries: &'a [Entry],
}

impl<P: Read + Seek> Small<'_, P> {
    fn read(&mut self, index: usize, name: &str, limit_bytes: usize) -> Result<Vec<u8>, UnsealError> {
        let trick = |what| UnsealError::Trick { entry: index, what };
        let entry = self.entries.get(index).ok_or_else(|| trick(Trick::Missing))?;
        if entry.name != name {
            return Err(trick(Trick::Unexpected));
        }
        if entry.size > limit_bytes as u64 {
            return Err(UnsealError::TooLarge { limit_bytes });
        }
        let mut bytes = Vec::new();
        let mut content = EntryContent::open(self.plain, entry).map_err(age_stream::of_io)?;
        content.read_to_end(&mut bytes).map_err(age_stream::of_io)?;
        Ok(bytes)
    }
}

/// The header inside must be of a plain bag, and of the same parcel as the one outside.
fn check_header(inner: &Header, outer: &Header) -> Result<(), UnsealError> {
    if !matches!(inner.content, Content::Bag(_)) {
        return Err(UnsealError::Inner(TextError::WrongForm));
    }
    let field = if inner.id != outer.id {
        "id"
    } else if inner.from != outer.from {
        "from"
    } else if inner.to != outer.to {
        "to"
    } else if inner.sequence != outer.sequence {
        "sequence"
    } else if inner.created != outer.created {
        "created"
    } else {
        return Ok(());
    };
    Err(UnsealError::HeaderDiffers { field })
}

/// Exactly the files of the bag, in its order, of its sizes.
fn check_payload(entries: &[Entry], bag: &ReceivedBag, folder: &str) -> Result<(), UnsealError> {
    let found = entries.get(BEFORE_PAYLOAD..).unwrap_or_default();
    let files = bag.files();
    for (index, (entry, file)) in found.iter().zip(files).enumerate() {
        let trick = |what| UnsealError::Trick { entry: BEFORE_PAYLOAD + index, what };
        let same = entry.name.strip_prefix(folder).and_then(|name| name.strip_prefix('/'));
        if same != Some(file.path.as_str()) {
            return Err(trick(Trick::Unexpected));
        }
        if entry.size != file.size {
            return Err(trick(Trick::SizeDiffers));
        }
    }
    let entry = BEFORE_PAYLOAD + found.len().min(files.len());
    match found.len().cmp(&files.len()) {
        std::cmp::Ordering::Less => Err(UnsealError::Trick { entry, what: Trick::Missing }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(UnsealError::Trick { entry, what: Trick::Unexpected }),
    }
}

/// One file of a sealed parcel. A byte that was changed on the way is an error of kind `InvalidData` or
/// `UnexpectedEof`; [`UnsealError::from_read`] says so in words.
pub struct SealedFile<'a, P>(EntryContent<'a, P>);

impl<P: Read> Read for SealedFile<'_, P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
