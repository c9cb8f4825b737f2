//! clamd's protocol, as its manual describes it: VERSION and INSTREAM. The content goes in blocks and is never held whole;
//! an answer that is not understood is not "clean".

use rezept_codes::Code;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{Broken, Verdict};
use crate::config::Address;

/// So much goes at a time.
const BLOCK_BYTES: usize = 64 << 10;
/// No answer is longer.
const ANSWER_MAX_BYTES: u64 = 4096;
/// A scanner on this machine takes a call at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A way to clamd and back.
pub(super) trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

pub(super) fn connect(address: &Address, timeout: Duration) -> io::Result<Box<dyn Stream>> {
    match address {
        Address::Tcp(socket) => {
            let stream = TcpStream::connect_timeout(socket, CONNECT_TIMEOUT.min(timeout))?;
            stream.set_read_timeout(Some(timeout))?;
            stream.set_write_timeout(Some(timeout))?;
            Ok(Box::new(stream))
        }
        #[cfg(unix)]
        Address::Unix(path) => super::unix::connect(path, timeout),
        #[cfg(not(unix))]
        Address::Unix(path) => super::windows::connect(path, timeout),
    }
}

/// What clamd says of itself and its definitions.
pub(super) fn version(address: &Address, timeout: Duration) -> io::Result<String> {
    let mut stream = connect(address, timeout)?;
    stream.write_all(b"zVERSION\0")?;
    stream.flush()?;
    let said = answer(&mut *stream)?;
    // Whatever else listens there is no scanner.
    if said.starts_with("ClamAV ") { Ok(said) } else { Err(io::Error::other("not clamd")) }
}

/// When the definitions were made: `ClamAV 1.4.3/27800/Mon Oct 13 09:26:04 2025`. `None` where it does not say.
pub(super) fn definitions_of(version: &str) -> Option<Timestamp> {
    let date = version.splitn(3, '/').nth(2)?;
    // Which zone is meant is not said; the age is counted in days.
    let words: Vec<&str> = date.split_whitespace().collect();
    let [_, month, day, time, year] = words.as_slice() else { return None };
    let made = DateTime::strptime("%b %d %H:%M:%S %Y", format!("{month} {day} {time} {year}")).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(made).ok()
}

/// Sends a content and reads what was found in it.
pub(super) fn scan(stream: &mut dyn Stream, from: &mut dyn Read) -> Result<Verdict, Broken> {
    let sent = send(stream, from);
    match sent {
        Err(Broken::Source(error)) => Err(Broken::Source(error)),
        // clamd hangs up on what is too large for it, and says so first.
        Err(Broken::Scanner(error)) => match answer(stream) {
            Ok(said) if !said.is_empty() => Ok(verdict(&said)),
            _ => Err(Broken::Scanner(error)),
        },
        Ok(()) => answer(stream).map(|said| verdict(&said)).map_err(Broken::Scanner),
    }
}

fn send(stream: &mut dyn Stream, from: &mut dyn Read) -> Result<(), Broken> {
    stream.write_all(b"zINSTREAM\0").map_err(Broken::Scanner)?;
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let length = match from.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(Broken::Source)?,
        };
        let head = u32::try_from(length).unwrap_or_default().to_be_bytes();
        stream.write_all(&head).map_err(Broken::Scanner)?;
        let Some(data) = block.get(..length).filter(|data| !data.is_empty()) else { break };
        stream.write_all(data).map_err(Broken::Scanner)?;
    }
    stream.flush().map_err(Broken::Scanner)
}

/// An answer ends with a zero byte.
fn answer(stream: &mut dyn Stream) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while bytes.len() < usize::try_from(ANSWER_MAX_BYTES).unwrap_or(usize::MAX) {
        match stream.read(&mut byte) {
            Ok(0) => break,
            Ok(_) if byte == [0] => break,
            Ok(_) => bytes.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// `stream: OK`, `stream: NAME FOUND`, or why it could not.
fn verdict(answer: &str) -> Verdict {
    match answer.strip_prefix("stream: ") {
        Some("OK") => Verdict::Clean,
        Some(said) if let Some(name) = said.strip_suffix(" FOUND") => Verdict::Infected(name.to_owned()),
        _ => Verdict::Unscanned(Code::NotScanned, answer.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_clean() {
        assert_eq!(verdict("stream: OK"), Verdict::Clean);
        assert_eq!(verdict("stream: Eicar-Test FOUND"), Verdict::Infected("Eicar-Test".into()));
        for other in [
            "",
            "OK",
            "stream: ",
            "stream: OK FOUND me",
            "stream: not OK",
            "INSTREAM size limit exceeded. ERROR",
            "stream: Can't allocate memory ERROR",
        ] {
            assert!(matches!(verdict(other), Verdict::Unscanned(Code::NotScanned, _)), "{other}");
        }
    }

    #[test]
    fn the_age_of_definitions_is_read_where_it_is_said() {
        let made = definitions_of("ClamAV 1.4.3/27800/Mon Oct 13 09:26:04 2025").unwrap();
        assert_eq!(made.to_string(), "2025-10-13T09:26:04Z");
        assert_eq!(
            definitions_of("ClamAV 1.0.9/27001/Sat Aug  3 10:37:00 2024").map(|made| made.to_string()),
            Some("2024-08-03T10:37:00Z".to_owned())
        );
        for unknown in ["ClamAV 1.4.3", "ClamAV 1.4.3/27800", "ClamAV 1.4.3/27800/yesterday", ""] {
            assert_eq!(definitions_of(unknown), None, "{unknown}");
        }
    }

    /// Both ends in memory: what was sent is kept, what is answered was laid there before.
    struct Both {
        sent: Vec<u8>,
        answer: io::Cursor<Vec<u8>>,
        room: usize,
    }

    impl Read for Both {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.answer.read(into)
        }
    }

    impl Write for Both {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.sent.len() + bytes.len() > self.room {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.sent.extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn both(answer: &[u8], room: usize) -> Both {
        Both { sent: Vec::new(), answer: io::Cursor::new(answer.to_vec()), room }
    }

    #[test]
    fn a_content_goes_in_blocks_that_say_their_length() {
        for size in [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES] {
            let content: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let mut way = both(b"stream: OK\0", usize::MAX);
            assert!(matches!(scan(&mut way, &mut content.as_slice()), Ok(Verdict::Clean)));
            let mut rest = way.sent.strip_prefix(b"zINSTREAM\0").unwrap();
            let mut got: Vec<u8> = Vec::new();
            loop {
                let (head, after) = rest.split_first_chunk::<4>().unwrap();
                let length = usize::try_from(u32::from_be_bytes(*head)).unwrap();
                assert!(length <= BLOCK_BYTES);
                got.extend(&after[..length]);
                rest = &after[length..];
                if length == 0 {
                    break;
                }
            }
            assert!(rest.is_empty() && got == content, "{size}");
        }
    }

    #[test]
    fn hanging_up_is_told_with_its_reason_where_there_is_one() {
        let content = vec![7; 4 * BLOCK_BYTES];
        let mut limit = both(b"INSTREAM size limit exceeded. ERROR\0", 2 * BLOCK_BYTES);
        let said = scan(&mut limit, &mut content.as_slice());
        assert!(
            matches!(said, Ok(Verdict::Unscanned(Code::NotScanned, cause)) if cause.starts_with("INSTREAM"))
        );
        let mut silent = both(b"", 2 * BLOCK_BYTES);
        assert!(matches!(scan(&mut silent, &mut content.as_slice()), Err(Broken::Scanner(_))));
    }
}
