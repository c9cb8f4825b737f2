//! What the data folder remembers outside the database (`journal.mark`): which journal it has, and how far that had come.
//! So a journal that was deleted, replaced, cut or restored from a backup is noticed before anything is sent twice.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{JournalError, JournalResult};
use crate::history::Checkpoint;

const NAME: &str = "journal.mark";

/// How a mark is called until it is whole.
const UNFINISHED: &str = ".journal.mark";

/// Times that a mark is written anew because another process swept it away unfinished.
const TRIES: u32 = 5;

/// Longer than any mark; more is not one.
const MAX_BYTES: u64 = 256;

/// A mark is written after the commit it tells of: it may lag behind the journal, and never leads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// Random name of the journal, 32 hexadecimal digits.
    pub journal_id: String,
    /// Highest number of a parcel sent.
    pub sequence: u64,
    /// End of the history.
    pub head: Checkpoint,
}

impl Mark {
    pub(crate) fn read(data: &Path) -> JournalResult<Option<Self>> {
        let path = data.join(NAME);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(JournalError::Io { verb: "read", path, source }),
        }
        match Self::parse(&bytes) {
            Some(mark) => Ok(Some(mark)),
            None => Err(JournalError::Damaged { detail: format!("{NAME} is not readable") }),
        }
    }

    /// Replaces the file in one step: on a local disk that is safe, and a torn mark would stop the station.
    pub(crate) fn write(&self, data: &Path) -> JournalResult<()> {
        let path = data.join(NAME);
        let replace = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(data)?;
            file.write_all(self.text().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        let mut written = replace();
        for _ in 1..TRIES {
            match &written {
                Err(error) if error.kind() == io::ErrorKind::NotFound => written = replace(),
                _ => break,
            }
        }
        written.map_err(|source| JournalError::Io { verb: "write", path: path.clone(), source })
    }

    /// Removes what killed processes left of unfinished marks. One that is just being written may go with them: its writer
    /// begins again. What cannot be removed is only rubbish.
    pub(crate) fn sweep(data: &Path) {
        for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn text(&self) -> String {
        use std::fmt::Write;
        let mut text = format!("{}\n{}\n{} ", self.journal_id, self.sequence, self.head.seq);
        for byte in self.head.hash {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        text
    }

    /// Takes exactly what `text` makes: a mark that was cut or edited must not pass for an older one.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        let journal_id = lines.next()?.to_owned();
        let sequence = lines.next()?.parse().ok()?;
        let (seq, hash) = lines.next()?.split_once(' ')?;
        let mark = Self {
            journal_id,
            sequence,
            head: Checkpoint { seq: seq.parse().ok()?, hash: parse_hash(hash)? },
        };
        let named = mark.journal_id.len() == 32 && mark.journal_id.bytes().all(|b| b.is_ascii_hexdigit());
        (named && mark.text() == text).then_some(mark)
    }
}

fn parse_hash(digits: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_takes_unfinished_marks_only_and_keeps_no_writer_from_its_work() {
        let folder = tempfile::tempdir().unwrap();
        let left = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder.path()).unwrap();
        let (_file, left) = left.keep().unwrap();
        let id = "0123456789abcdef0123456789abcdef".to_owned();
        let mark = Mark { journal_id: id, sequence: 1, head: Checkpoint { seq: 1, hash: [1; 32] } };
        mark.write(folder.path()).unwrap();
        Mark::sweep(folder.path());
        assert!(!left.exists());
        // Fewer sweeps than tries: every write must come through, wherever the sweeps fall.
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| (1..TRIES).for_each(|_| Mark::sweep(folder.path())));
            while !sweeper.is_finished() {
                mark.write(folder.path()).unwrap();
            }
        });
        assert_eq!(Mark::read(folder.path()).unwrap(), Some(mark));
    }

    #[test]
    fn only_a_whole_mark_is_read() {
        let mark = Mark {
            journal_id: "0123456789abcdef0123456789abcdef".to_owned(),
            sequence: 120,
            head: Checkpoint { seq: 4711, hash: [0xa5; 32] },
        };
        let text = mark.text();
        assert_eq!(Mark::parse(text.as_bytes()), Some(mark));
        for cut in 0..text.len() {
            assert_eq!(Mark::parse(text.as_bytes().get(..cut).unwrap()), None, "cut at {cut}");
        }
        for bad in [
            format!("{text}\n"),
            text.replace("120", "0120"),
            text.replace("120", "+120"),
            text.replace('5', "g"),
            text.replace("a5a5", "A5A5"),
            text.replace('\n', "\r\n"),
            text.replace("abcdef\n", "\n"),
        ] {
            assert_eq!(Mark::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Mark::parse(&[0xff; 64]), None);
    }
}
