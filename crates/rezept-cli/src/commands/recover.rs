//! `rezept recover`: opens a sealed parcel with the recovery key from paper, on any PC: no configuration, no journal, nothing is
//! acknowledged. Files get their names only when the whole parcel is proven; no file is ever replaced.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rezept_parcel::header::{Content, HEADER_MAX_BYTES, Header};
use rezept_parcel::keys::SIGNATURE_MAX_BYTES;
use rezept_parcel::sealed::{SealedStream, SegmentReader, UnsealError, Unsealed};
use rezept_parcel::{
    Digest, Envelope, HashingReader, OpeningKey, PayloadFile, TextError, VerifyingKey, names,
};
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{RelPath, Volume};

use crate::cli::RecoverArgs;
use crate::json::RecoveredObject;
use crate::report::{Failure, Report, causes};
use crate::shown::{shown, shown_text};
use crate::ui::{Progress, Ui};
use rezept_codes::{Code, Exit};

/// A file with a key is a few lines long.
const KEY_FILE_MAX_BYTES: u64 = 64 * 1024;
/// How much is copied at a time.
const BUFFER_BYTES: usize = 128 * 1024;

/// Runs the command.
///
/// # Errors
/// Why the parcel cannot be opened; then nothing was written.
pub fn run(args: &RecoverArgs, ui: &Ui) -> Result<Exit, Failure> {
    let parcel = Parcel::find(&args.path)?;
    match &args.public_key {
        Some(given) => parcel.check_sender(given)?,
        None => ui.report(&Report::new(Code::RecoverUnproven).at(shown(&parcel.header_path))),
    }
    parcel.check_segments(ui)?;
    let key = key(args.key_file.as_deref(), ui)?;
    let envelope = &parcel.envelope;
    let content = &parcel.content;
    let opener = |index: usize| File::open(content.join(names::segment_name(index)));
    let mut opened = Unsealed::open(SegmentReader::new(envelope, opener), &parcel.header, &[key])
        .map_err(|error| of_unseal(error, &parcel.header_path))?;
    let files = opened.bag().files().to_vec();
    let target = Target::prepare(&args.out, parcel.header.id, &files)?;
    let mut progress = ui.progress(files.iter().map(|file| file.size).sum());
    let written = target.write(&files, &mut opened, &mut progress).and_then(|()| {
        opened.finish().map_err(|error| of_unseal(error, &parcel.header_path))?;
        target.publish(&files)
    });
    drop(progress);
    target.clear(files.len());
    for (path, file) in written?.iter().zip(&files) {
        ui.object(&RecoveredObject { path, sha256: file.sha256.to_string(), size: file.size });
        ui.line(&format!("{}  {}", shown_text(path), file.sha256));
    }
    ui.note(&ui.say("recover-done", &[("n", files.len().into())]));
    Ok(Exit::Ok)
}

fn told(code: Code, place: &Path, detail: Option<String>) -> Failure {
    Failure::Told { code, place: shown(place), detail }
}

fn of_unseal(error: UnsealError, place: &Path) -> Failure {
    let code = match &error {
        UnsealError::WrongKey => Code::RecoverWrongKey,
        _ => Code::RecoverDamaged,
    };
    let detail = [Some(error.to_string()), causes(&error)].into_iter().flatten().collect::<Vec<_>>();
    told(code, place, Some(detail.join(": ")))
}

/// A sealed parcel on a medium, or in a copy of one.
struct Parcel {
    header_path: PathBuf,
    /// The folder of its segments.
    content: PathBuf,
    bytes: Vec<u8>,
    header: Header,
    envelope: Envelope,
}

impl Parcel {
    /// Finds header and segments, whichever of the two was named.
    fn find(path: &Path) -> Result<Self, Failure> {
        let is_header = path.extension().is_some_and(|end| end == "hdr");
        let header_path = if is_header { path.to_owned() } else { path.with_extension("hdr") };
        let content = header_path.with_extension("");
        let bytes = limited(&header_path, HEADER_MAX_BYTES as u64).map_err(|error| {
            let detail = error.to_string();
            told(Code::RecoverNoParcel, &header_path, Some(detail))
        })?;
        let header = Header::parse(&bytes).map_err(|error| match error {
            TextError::NewerVersion { .. } => told(Code::NewerParcel, &header_path, None),
            other => told(Code::HeaderDamaged, &header_path, Some(other.to_string())),
        })?;
        match &header.content {
            Content::Sealed(envelope) => {
                let envelope = envelope.clone();
                Ok(Self { header_path, content, bytes, header, envelope })
            }
            Content::Bag(_) => Err(told(Code::RecoverNoParcel, &header_path, None)),
        }
    }

    /// Whether the sender's key signed the header. `given` is the key, or a file with it.
    fn check_sender(&self, given: &str) -> Result<(), Failure> {
        let bad_key = || told(Code::RecoverBadKey, Path::new("--public-key"), None);
        let text = match given.parse::<VerifyingKey>() {
            Ok(_) => given.to_owned(),
            Err(_) => {
                String::from_utf8(limited(Path::new(given), KEY_FILE_MAX_BYTES).map_err(|_| bad_key())?)
                    .map_err(|_| bad_key())?
            }
        };
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        let key: VerifyingKey = last.parse().map_err(|_| bad_key())?;
        let name = names::header_signature_name(self.header.id);
        let path = self.header_path.with_file_name(name);
        let refused = |detail: String| told(Code::RecoverBadSignature, &path, Some(detail));
        let signature =
            limited(&path, SIGNATURE_MAX_BYTES as u64).map_err(|error| refused(error.to_string()))?;
        key.verify(&self.bytes, &signature).map_err(|error| refused(error.to_string()))
    }

    /// Every segment must be the one of the header before a byte is decrypted.
    fn check_segments(&self, ui: &Ui) -> Result<(), Failure> {
        let mut progress = ui.progress(self.envelope.total_bytes());
        for (index, segment) in self.envelope.segments().iter().enumerate() {
            let path = self.content.join(names::segment_name(index));
            let failed = |error: io::Error| told(Code::RecoverDamaged, &path, Some(error.to_string()));
            let mut from = HashingReader::new(File::open(&path).map_err(failed)?.take(segment.size + 1));
            copy(&mut from, &mut io::sink(), &mut progress).map_err(failed)?;
            let (_, digest, bytes) = from.finish();
            if (digest, bytes) != (segment.sha256, segment.size) {
                return Err(told(Code::RecoverDamaged, &path, None));
            }
        }
        Ok(())
    }
}

/// The recovery key: from a file, from standard input (`-`), or typed where nobody else can read it. Never from the command
/// line, which other users of the machine can see.
fn key(file: Option<&Path>, ui: &Ui) -> Result<OpeningKey, Failure> {
    let missing = || told(Code::RecoverBadKey, Path::new("--key-file"), None);
    let text = match file {
        Some(path) if path == Path::new("-") => ui.secret_line().ok_or_else(missing)?,
        Some(path) => {
            let bytes = limited(path, KEY_FILE_MAX_BYTES)
                .map_err(|source| Failure::Open { path: path.to_owned(), source })?;
            String::from_utf8(bytes).map_err(|_| missing())?
        }
        None => ui.ask_secret(&ui.say("recover-ask-key", &[])).ok_or_else(missing)?,
    };
    parse_key(&text).ok_or_else(missing)
}

/// Reads what stands on the sheet, however it was typed: spaces, line ends, small letters and full-width ones; and the files of
/// `age-keygen`, whose comments begin with `#`.
fn parse_key(text: &str) -> Option<OpeningKey> {
    let narrow = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        // What a Japanese input method makes of a hyphen.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' => '-',
        c => c,
    };
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let typed: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).map(narrow).collect();
    typed.to_ascii_uppercase().parse().ok()
}

fn limited(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn copy(from: &mut dyn Read, to: &mut dyn io::Write, progress: &mut Progress<'_>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(buffer.get(..count).unwrap_or_default())?;
        progress.advance(count as u64);
    }
}

/// The folder in which the files are to stand, with those that have no name yet in a folder of their own.
struct Target {
    volume: OsVolume,
    staging: RelPath,
}

impl Target {
    fn prepare(out: &Path, id: rezept_parcel::ParcelId, files: &[PayloadFile]) -> Result<Self, Failure> {
        fs::create_dir_all(out)
            .map_err(|source| told(Code::RecoverCannotWrite, out, Some(source.to_string())))?;
        let volume = OsVolume::open(out).map_err(|error| told_volume(&error))?;
        let target = Self { volume, staging: relative(&format!("{id}.unfinished"))? };
        for file in files {
            let path = place_of(file)?;
            if target.volume.stat(&path).map_err(|error| told_volume(&error))?.is_some() {
                return Err(told(Code::RecoverTargetTaken, &out.join(path.as_str()), None));
            }
        }
        // What an interrupted run left is its own, and useless.
        target.clear(files.len());
        target.volume.make_folder(&target.staging).map_err(|error| told_volume(&error))?;
        Ok(target)
    }

    fn waiting(&self, index: usize) -> Result<RelPath, Failure> {
        relative(&format!("{}/{index:05}", self.staging))
    }

    /// Writes every file under a number, and compares it with the manifest.
    fn write<R: Read + io::Seek>(
        &self,
        files: &[PayloadFile],
        opened: &mut Unsealed<SealedStream<R>>,
        progress: &mut Progress<'_>,
    ) -> Result<(), Failure> {
        for (index, file) in files.iter().enumerate() {
            let place = Path::new(file.path.as_str());
            let path = self.waiting(index)?;
            let mut to = self.volume.create_new(&path).map_err(|error| told_volume(&error))?;
            let content = opened.file(&file.path).map_err(|error| of_unseal(error, place))?;
            let mut from = HashingReader::new(content);
            copy(&mut from, &mut to, progress).map_err(|error| of_copy(error, place))?;
            let (_, digest, bytes): (_, Digest, u64) = from.finish();
            to.close().map_err(|source| told(Code::RecoverCannotWrite, place, Some(source.to_string())))?;
            if (digest, bytes) != (file.sha256, file.size) {
                return Err(told(Code::RecoverDamaged, place, None));
            }
        }
        Ok(())
    }

    /// Gives every file its name, which must be free. Returns where they are.
    fn publish(&self, files: &[PayloadFile]) -> Result<Vec<String>, Failure> {
        let failed = |error: rezept_transfer::volume::VolumeError| told_volume(&error);
        let mut made = vec![self.staging.clone()];
        for index in 0..files.len() {
            made.push(self.waiting(index)?);
        }
        self.volume.flush(&made).map_err(failed)?;
        let mut places = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            let path = place_of(file)?;
            let folder = path.parent();
            if self.volume.stat(&folder).map_err(failed)?.is_none() {
                self.volume.make_folder(&folder).map_err(failed)?;
            }
            self.volume.rename_new(&self.waiting(index)?, &path).map_err(failed)?;
            self.volume.flush_folder(&folder).map_err(failed)?;
            places.push(format!("{}/{path}", self.volume.root()));
        }
        self.volume.flush_folder(&RelPath::ROOT).map_err(failed)?;
        Ok(places)
    }

    /// Removes what has no name. What cannot be removed is only rubbish, in a folder that says so.
    fn clear(&self, files: usize) {
        for index in 0..files {
            if let Ok(path) = self.waiting(index) {
                let _ = self.volume.remove_file(&path);
            }
        }
        let _ = self.volume.remove_folder(&self.staging);
    }
}

fn relative(path: &str) -> Result<RelPath, Failure> {
    RelPath::new(path).ok_or_else(|| told(Code::CannotHappen, Path::new(path), None))
}

/// `data/202411-shaho-01/RECEIPTC.UKE` -> `202411-shaho-01/RECEIPTC.UKE`. The profile allows no other form.
fn place_of(file: &PayloadFile) -> Result<RelPath, Failure> {
    let path = file.path.as_str();
    relative(path.strip_prefix("data/").unwrap_or(path))
}

fn told_volume(error: &rezept_transfer::volume::VolumeError) -> Failure {
    rezept_service::Problem::from(error).into()
}

/// A byte that was changed shows while it is read; anything else is the disk that is written to.
fn of_copy(error: io::Error, place: &Path) -> Failure {
    match UnsealError::from_read(error) {
        UnsealError::Io(source) => told(Code::RecoverCannotWrite, place, Some(source.to_string())),
        damaged => of_unseal(damaged, place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_read_however_it_was_typed() {
        let key = OpeningKey::generate();
        let text = key.secret_text().to_string();
        let wide: String = text.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
        let spaced: String = text.chars().flat_map(|c| [c, ' ']).collect();
        let comment = format!("# created: 2026-11-23\n# public key: {}\n{text}\n", key.recipient());
        for typed in [text.clone(), text.to_lowercase(), wide, spaced, comment, text.replace('1', "1\r\n")] {
            let read = parse_key(&typed).map(|read| read.recipient());
            assert_eq!(read, Some(key.recipient()));
        }
        for bad in ["", "AGE-SECRET-KEY-1", &text[..73], &format!("{text}Q"), &key.recipient().to_string()] {
            assert!(parse_key(bad).is_none());
        }
        // One wrong letter is noticed: the text has a check sum.
        let wrong = if text.ends_with('Q') { "P" } else { "Q" };
        assert!(parse_key(&format!("{}{wrong}", &text[..73])).is_none());
    }
}
