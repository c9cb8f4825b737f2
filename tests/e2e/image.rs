//! What a finder sees who reads the raw image of a stick, block by block, deleted files and slack included: of paired stations
//! nothing, of stations that are not paired everything, which shows that the search can find it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use rezept_claim::text;
use rezept_testkit::media::LoopMedium;

use crate::desk::{Clinic, files, invented, typed};
use crate::pairing::Pair;
use crate::privacy;

/// The watched file's own names, which stay in the journal.
const SOURCES: [&str; 2] = ["社保１１月請求.UKE", "kokuho-2024-november.UKE"];
const CLAIMS: [&str; 2] = ["ika_shaho/RECEIPTC.UKE", "ika_kokuho/RECEIPTC.UKE"];
const RETURNS: &str = "hen_shaho/RECEIPTC.HEN";
/// How much of an image is looked at at once.
const BLOCK_BYTES: usize = 1 << 20;

const PATIENT: &str = "a patient";
const LINE: &str = "a line of a claim";
const FACILITY: &str = "the facility";
const FILE_NAME: &str = "the name of a file";
const SOURCE_NAME: &str = "the name of a source";

/// The numbers of the secrets that were found, by their kind.
type Found = BTreeMap<&'static str, BTreeSet<usize>>;

/// What is searched for: of which kind, and its bytes.
struct Secrets {
    all: Vec<(&'static str, Vec<u8>)>,
    /// The numbers of those that begin with two bytes.
    by_start: Vec<Vec<usize>>,
}

impl Secrets {
    /// Everything of this journey that nobody may read, in every spelling that a medium may hold it in.
    fn of_the_journey() -> Self {
        let mut all = BTreeSet::new();
        let mut texts: Vec<(&'static str, String)> = Vec::new();
        for file in [CLAIMS[0], CLAIMS[1], RETURNS] {
            let bytes = invented(file);
            for value in privacy::secrets(&bytes) {
                texts.push((PATIENT, text::decode(&value).into_owned()));
                all.insert((PATIENT, value));
            }
            // Lines of a patient and of an insurer, as they stand in the file.
            for line in bytes.split(|byte| *byte == b'\n') {
                if line.starts_with(b"RE,") || line.starts_with(b"HO,") {
                    all.insert((LINE, line.to_vec()));
                }
            }
        }
        // Any such line: in ciphertext these four bytes stand by chance once in four gigabytes.
        all.extend([(LINE, b"\nRE,".to_vec()), (LINE, b"\nHO,".to_vec())]);
        let words = [
            (FACILITY, "1319999015"),
            (FACILITY, "9999015"),
            (FACILITY, "13-1-9999015"),
            (FACILITY, "テスト見本診療所"),
            (FILE_NAME, "RECEIPTC.UKE"),
            (FILE_NAME, "RECEIPTCUKE"),
            (FILE_NAME, "RECEIPTC.HEN"),
            (SOURCE_NAME, SOURCES[0]),
            (SOURCE_NAME, SOURCES[1]),
            (SOURCE_NAME, "社保１１月請求"),
        ];
        texts.extend(words.map(|(kind, word)| (kind, word.to_owned())));
        for (kind, text) in texts {
            // exFAT keeps names as UTF-16.
            all.insert((kind, text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
            all.insert((kind, text.into_bytes()));
        }
        Self::new(all.into_iter().collect())
    }

    fn new(all: Vec<(&'static str, Vec<u8>)>) -> Self {
        let mut by_start = vec![Vec::new(); 1 << 16];
        for (number, (_, bytes)) in all.iter().enumerate() {
            by_start[usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))].push(number);
        }
        Self { all, by_start }
    }

    /// Reads to the end. What was found of each kind, and how many bytes were read.
    fn found_in(&self, mut image: impl Read, block: usize) -> (Found, u64) {
        let longest = self.all.iter().map(|(_, bytes)| bytes.len()).max().unwrap();
        let (mut window, mut total) = (Vec::new(), 0);
        let mut found = Found::new();
        loop {
            // What may have begun in the block before is looked at again.
            window.drain(..window.len().saturating_sub(longest));
            let read = image.by_ref().take(block as u64).read_to_end(&mut window).unwrap();
            total += read as u64;
            for (at, two) in window.windows(2).enumerate() {
                for number in &self.by_start[usize::from(u16::from_le_bytes([two[0], two[1]]))] {
                    let (kind, bytes) = &self.all[*number];
                    if window[at..].starts_with(bytes) {
                        found.entry(kind).or_default().insert(*number);
                    }
                }
            }
            if read == 0 {
                return (found, total);
            }
        }
    }

    fn shown(&self, found: &Found) -> Vec<String> {
        let numbers = found.values().flatten();
        numbers
            .map(|number| {
                format!("{}: {:?}", self.all[*number].0, String::from_utf8_lossy(&self.all[*number].1))
            })
            .collect()
    }
}

/// Two claim files to the terminal, a return file back, everything acknowledged and removed from the stick.
fn journey(clinic: &Clinic, medium: &str) {
    let (recekon, terminal) = (clinic.recekon(), clinic.terminal());
    let sources: Vec<String> = SOURCES
        .iter()
        .zip(CLAIMS)
        .map(|(name, claim)| clinic.put(&format!("recekon/watch/{name}"), &invented(claim)))
        .collect();
    let returns = clinic.put("terminal/watch/RECEIPTC.HEN", &invented(RETURNS));
    let done = |run: crate::bench::Run, state: &str| {
        let states = run.of_type("transfer");
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(states.iter().any(|parcel| parcel["state"] == state), "{state}: {run:?}");
    };
    done(recekon.json(&["send", &sources[0], &sources[1], "--to", medium]), "COMMITTED");
    done(terminal.json(&["receive", "--from", medium]), "ACK_WRITTEN");
    done(terminal.json(&["send", &returns, "--to", medium]), "COMMITTED");
    done(recekon.json(&["receive", "--from", medium]), "ACK_WRITTEN");
    done(terminal.json(&["receive", "--from", medium]), "ARCHIVED");
    let inbox = files(&clinic.at("terminal/inbox"));
    assert_eq!(inbox, ["202411/kokuho/RECEIPTC.UKE", "202411/shaho/RECEIPTC.UKE"]);
}

/// Runs the journey on a stick, takes it out, and reads its image.
fn image_after(
    medium: Result<LoopMedium, String>,
    work: impl FnOnce(&str),
) -> Option<(Found, Secrets, LoopMedium)> {
    let mut stick = match medium {
        Ok(stick) => stick,
        Err(why) => {
            // `sealed.rs` reads every file and every name of a medium that is a folder.
            println!(
                "skipped: no such medium on this machine, only the files of a folder are searched: {why}"
            );
            return None;
        }
    };
    work(&typed(&stick.root()));
    let secrets = Secrets::of_the_journey();
    let (found, total) = secrets.found_in(stick.unplug().unwrap(), BLOCK_BYTES);
    println!(
        "{total} bytes of image searched for {} secrets: {:?}",
        secrets.all.len(),
        secrets.shown(&found)
    );
    assert!(total >= 8 << 20 && secrets.all.len() > 40);
    Some((found, secrets, stick))
}

fn nothing_in_the_image(medium: Result<LoopMedium, String>) {
    let run = |root: &str| journey(&Pair::made_over(root).clinic, root);
    let Some((found, secrets, stick)) = image_after(medium, run) else { return };
    assert!(found.is_empty(), "{:?}", secrets.shown(&found));
    // What was removed from the stick is still in its image, and was searched: the beginning of each ciphertext.
    drop(secrets);
    let marks = Secrets::new(vec![("age", b"age-encryption.org/v1".to_vec())]);
    let (found, _) = marks.found_in(stick.image().unwrap(), BLOCK_BYTES);
    assert_eq!(found.len(), 1, "the image of the journey");
}

fn everything_in_the_image(medium: Result<LoopMedium, String>) {
    let Some((found, ..)) = image_after(medium, |root| journey(&Clinic::with_medium(root), root)) else {
        return;
    };
    let kinds: Vec<&str> = found.into_keys().collect();
    // The names of sources stand on no medium at all.
    assert_eq!(kinds, [LINE, PATIENT, FACILITY, FILE_NAME]);
}

#[test]
fn the_image_of_an_exfat_stick_of_paired_stations_holds_nothing_readable() {
    nothing_in_the_image(LoopMedium::exfat(32));
}

#[test]
fn the_image_of_an_ext4_stick_of_paired_stations_holds_nothing_readable() {
    nothing_in_the_image(LoopMedium::ext4(32));
}

#[test]
fn the_image_of_a_stick_of_unpaired_stations_holds_what_is_searched_for() {
    everything_in_the_image(LoopMedium::exfat(32));
    everything_in_the_image(LoopMedium::ext4(32));
}

#[test]
fn a_secret_is_found_wherever_it_lies() {
    let secrets = Secrets::new(vec![("one", b"secret".to_vec()), ("two", b"se".to_vec())]);
    for at in 0..40 {
        let mut image = vec![b's'; 40];
        image.splice(at..at, b"secret".iter().copied());
        let (found, total) = secrets.found_in(Cursor::new(&image), 8);
        assert_eq!((found.len(), total), (2, 46), "at {at}");
    }
    assert!(secrets.found_in(Cursor::new(b"s ecret s e cret"), 8).0.is_empty());
}
