//! What must hold after every case, whatever happened in it: I1, I2, I4, I5 and I7 of the catalogue of faults. `always` holds at any moment,
//! even between a crash and the next run; `converged` after the next runs.

use std::collections::{BTreeMap, BTreeSet};

use rezept_journal::{Checkpoint, Direction, FileState, Journal, ParcelRow, ParcelState as S, VerifyLevel};
use rezept_parcel::{Digest, Header};
use rezept_testkit::model::ModelVolume;
use rezept_transfer::STAGING;

use crate::bench::{Bench, Site};

/// What a story knows besides the world itself.
#[derive(Clone, Default)]
pub struct Story {
    /// Contents that staff took out of an inbox: they need not be there, and must not come again.
    pub taken: BTreeSet<[u8; 32]>,
    /// Contents that others put into an inbox.
    pub foreign: BTreeSet<[u8; 32]>,
    /// Contents whose author replaced or removed them before they were sent.
    pub withdrawn: BTreeSet<[u8; 32]>,
}

/// Every violation, as sentences; empty if all is well.
pub fn always(bench: &Bench, story: &Story) -> Vec<String> {
    always_with(bench, story, &journals(bench))
}

/// Opening a journal costs more than all the looking into it.
fn journals(bench: &Bench) -> Vec<Journal> {
    bench.sites.iter().map(Site::journal).collect()
}

fn always_with(bench: &Bench, story: &Story, journals: &[Journal]) -> Vec<String> {
    let mut wrong = Vec::new();
    let sent = sent(bench);
    for (site, journal) in bench.sites.iter().zip(journals) {
        inbox_holds_whole_files_once(site, &sent, story, &mut wrong);
        let handed_out: Vec<Checkpoint> = journal
            .parcels_in(Direction::Out, S::ALL)
            .unwrap()
            .iter()
            .map(|parcel| Header::parse(&parcel.header).unwrap().audit)
            .map(|audit| Checkpoint { seq: audit.sequence, hash: audit.hash.0 })
            .collect();
        let chain = journal.verify_chain(&handed_out).unwrap();
        if !chain.is_sound() {
            wrong.push(format!("I4: the chain of {} is broken: {chain:?}", site.name));
        }
        for direction in [Direction::Out, Direction::In] {
            for parcel in journal.parcels_in(direction, S::ALL).unwrap() {
                level_is_not_overstated(bench, &parcel, &mut wrong);
            }
        }
    }
    if bench.is_sealed() {
        nothing_is_readable(bench, &mut wrong);
    }
    for (number, name, bytes) in &bench.sent {
        let journal = &journals[*number];
        source_is_not_lost(&bench.sites[*number], journal, (name, bytes), story, &mut wrong);
    }
    wrong
}

/// I3: on media and in the spools stands nothing of a content, of its name, or of the facility, but for the station's own
/// copies of what it accepted.
fn nothing_is_readable(bench: &Bench, wrong: &mut Vec<String>) {
    let spools = bench.sites.iter().map(|site| &site.spool);
    for volume in bench.media.iter().chain(spools) {
        for path in volume.paths().into_iter().filter(|path| !path.starts_with("kept/")) {
            let bytes = (!path.ends_with('/')).then(|| volume.get(&path)).flatten().unwrap_or_default();
            for secret in ["claim,", "RECEIPTC", "9999015", "2024-11", "202411"] {
                let readable = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                if readable || path.contains(secret) {
                    wrong.push(format!("I3: {secret} can be read in {path}"));
                }
            }
        }
    }
}

/// What must hold besides when everything had its turns.
pub fn converged(bench: &Bench, story: &Story) -> Vec<String> {
    let journals = journals(bench);
    let mut wrong = always_with(bench, story, &journals);
    for (site, journal) in bench.sites.iter().zip(&journals) {
        for parcel in journal.parcels_in(Direction::Out, S::ALL).unwrap() {
            if !matches!(parcel.state, S::Archived | S::Cancelled) && !waits_with_reason(&parcel) {
                wrong.push(format!("I5: {} still has {} in {}", site.name, parcel.id, parcel.state));
            }
        }
        for parcel in journal.parcels_in(Direction::In, S::ALL).unwrap() {
            if !matches!(parcel.state, S::AckWritten | S::Cancelled) && !waits_with_reason(&parcel) {
                wrong.push(format!("I5: {} received {} only to {}", site.name, parcel.id, parcel.state));
            }
        }
        let held = journal.parcels_in(Direction::In, &[S::Held]).unwrap();
        for volume in [&site.inbox, &site.archive, &site.source] {
            for path in leftovers(volume) {
                let waits =
                    held.iter().any(|parcel| path.contains(&parcel.id)) || path == format!("{STAGING}/");
                if !waits || held.is_empty() {
                    wrong.push(format!("I5: {} is left in {}", path, site.name));
                }
            }
        }
        for path in site.spool.paths().into_iter().filter(|path| path.starts_with("kept/")) {
            let id = path.trim_start_matches("kept/").split('-').next().and_then(|id| id.parse().ok());
            let row = id.and_then(|id: i64| journal.file(id).ok());
            let over = [FileState::Kept, FileState::Archived, FileState::Cancelled, FileState::Gone];
            if row.is_some_and(|row| over.contains(&row.state)) {
                wrong.push(format!("I5: {path} is kept in {} for nothing", site.name));
            }
        }
        for row in journal.files_in(&[FileState::Seen, FileState::Stable, FileState::Gated]).unwrap() {
            wrong.push(format!("I5: {} of {} is still {}", row.place.path, site.name, row.state));
        }
    }
    let waiting: Vec<ParcelRow> = journals
        .iter()
        .flat_map(|journal| {
            let mut waiting =
                journal.parcels_in(Direction::In, &[S::Held, S::Quarantined, S::Cancelled]).unwrap();
            waiting.extend(journal.parcels_in(Direction::Out, &[S::Committed, S::Held]).unwrap());
            waiting
        })
        .collect();
    for stick in &bench.media {
        // What others put on a medium stays there, and so does its id.
        let ours =
            |path: &String| path.starts_with("REZEPT/") && !path.ends_with('/') && path != "REZEPT/medium.id";
        for path in stick.paths().into_iter().filter(ours) {
            if !waiting.iter().any(|parcel| path.contains(&parcel.id)) {
                wrong.push(format!("I5: {path} is left on the medium"));
            }
        }
    }
    if waiting.is_empty() {
        every_content_arrived(bench, story, &mut wrong);
    }
    wrong
}

/// A parcel that waits must say why.
fn waits_with_reason(parcel: &ParcelRow) -> bool {
    matches!(parcel.state, S::Held | S::Quarantined | S::Expired)
        && parcel.reason.as_ref().is_some_and(|reason| reason.code.as_str().starts_with("RZ-"))
}

fn leftovers(volume: &ModelVolume) -> Vec<String> {
    volume.paths().into_iter().filter(|path| path.contains(STAGING) || path.contains(".part")).collect()
}

fn sent(bench: &Bench) -> BTreeMap<[u8; 32], &str> {
    bench.sent.iter().map(|(_, name, bytes)| (Digest::of(bytes).0, name.as_str())).collect()
}

/// The files that people see in an inbox, with their contents.
pub fn delivered(site: &Site) -> Vec<(String, Vec<u8>)> {
    let paths = site.inbox.paths();
    let shown = paths.into_iter().filter(|path| !path.ends_with('/') && !path.starts_with(STAGING));
    shown.filter_map(|path| site.inbox.get(&path).map(|bytes| (path, bytes))).collect()
}

fn inbox_holds_whole_files_once(
    site: &Site,
    sent: &BTreeMap<[u8; 32], &str>,
    story: &Story,
    wrong: &mut Vec<String>,
) {
    let mut seen = BTreeSet::new();
    for (path, bytes) in delivered(site) {
        let digest = Digest::of(&bytes).0;
        if story.foreign.contains(&digest) {
            continue;
        }
        if !sent.contains_key(&digest) {
            wrong.push(format!(
                "I2: {path} in {} is nothing that was sent ({} bytes)",
                site.name,
                bytes.len()
            ));
        }
        if story.taken.contains(&digest) {
            wrong.push(format!("I2: {path} in {} came again after it was taken out", site.name));
        }
        if !seen.insert(digest) {
            wrong.push(format!("I2: {path} in {} is there twice", site.name));
        }
    }
}

fn every_content_arrived(bench: &Bench, story: &Story, wrong: &mut Vec<String>) {
    for (number, name, bytes) in &bench.sent {
        let digest = Digest::of(bytes).0;
        if story.taken.contains(&digest) || story.withdrawn.contains(&digest) {
            continue;
        }
        let peer = bench.sites[*number].peer;
        let receiver = bench.sites.iter().find(|site| site.name == peer).unwrap();
        if !delivered(receiver).iter().any(|(_, there)| there == bytes) {
            wrong.push(format!("I2: {name} never arrived at {peer}"));
        }
    }
}

/// Either the source has its bytes, or the archive does and the receiver said that it delivered them.
fn source_is_not_lost(
    site: &Site,
    journal: &Journal,
    (name, bytes): (&str, &[u8]),
    story: &Story,
    wrong: &mut Vec<String>,
) {
    if story.withdrawn.contains(&Digest::of(bytes).0) || site.source.get(name).as_deref() == Some(bytes) {
        return;
    }
    let archived = site.archive.paths().into_iter().any(|path| {
        !path.contains(".part") && !path.ends_with('/') && site.archive.get(&path).as_deref() == Some(bytes)
    });
    let digest = Digest::of(bytes).0;
    let acknowledged = journal
        .parcels_in(Direction::Out, &[S::Acknowledged, S::Archived])
        .unwrap()
        .iter()
        .any(|parcel| journal.parcel_files(parcel.row).unwrap().iter().any(|file| file.sha256 == digest));
    if !archived || !acknowledged {
        wrong
            .push(format!("I1: {name} left its folder (archived: {archived}, acknowledged: {acknowledged})"));
    }
}

/// The volumes of a story prove so much and no more; only an acknowledgement is L4.
fn level_is_not_overstated(bench: &Bench, parcel: &ParcelRow, wrong: &mut Vec<String>) {
    let most = match (parcel.direction, parcel.state) {
        (Direction::Out, S::Acknowledged | S::Archived) => VerifyLevel::L4,
        _ => bench.provable,
    };
    if parcel.verify_level > most {
        wrong.push(format!("I7: {} is {} in {}", parcel.id, parcel.verify_level, parcel.state));
    }
}
