//! Whether what is said about sending is true wherever it can be said. A sentence that denies or affirms that something was
//! handed over must belong to a situation in which the journal proves it; every other sentence must do neither.

use std::collections::BTreeSet;
use std::io;

use rezept_codes::Code;
use rezept_journal::ParcelState;
use rezept_service::Problem;
use rezept_text::{Lang, Text};
use rezept_transfer::TransferError;
use rezept_transfer::volume::{Verb, VolumeError};

/// What a sentence says of handing over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Says {
    NotHandedOver,
    HandedOver,
    Neither,
}

/// Words by which a sentence denies that something was handed over, in both languages.
const DENIES: &[&str] = &[
    "渡っていません",
    "届いていません",
    "渡していません",
    "送っていません",
    "何も送っておらず",
    "入れていません",
    "did not reach",
    "not been sent",
    "not sent",
    "othing was sent",
    "othing new was sent",
    "not handed over",
    "not put into the inbox",
    "was put into the inbox",
    "not delivered",
];
/// Words by which it affirms that.
const AFFIRMS: &[&str] = &[
    "届いています",
    "正しく届き",
    "It arrived at the other station",
    "It arrived whole",
    "arrived at the other station after all",
];
/// Sentences that speak of everything, and so deny nothing of anything.
const OF_ALL: &[&str] = &[
    "まだのものも、なくなっていません",
    "Nothing that is not handed over yet is lost",
    "ほかの受渡しに影響はありません",
];

fn says(sentence: &str) -> Says {
    let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    if has(OF_ALL) {
        Says::Neither
    } else if has(AFFIRMS) {
        Says::HandedOver
    } else if has(DENIES) {
        Says::NotHandedOver
    } else {
        Says::Neither
    }
}

/// The sentence about sending, with the sentences that it borrows.
fn sentence(text: &Text, code: Code) -> String {
    text.get(&format!("{}-sent", code.as_str()), &[])
}

/// States of a parcel in which its files may be in the other station's inbox.
fn may_have_arrived(state: ParcelState) -> bool {
    use ParcelState as S;
    !matches!(state, S::Spooled | S::Written | S::ReadBack | S::Found | S::Authentic | S::Copied | S::Valid)
}

/// What the engine can fail with, and the states of a parcel in which it can.
fn failures() -> Vec<(TransferError, Vec<ParcelState>)> {
    use ParcelState as S;
    let all = || S::ALL.to_vec();
    let at = || "place".to_owned();
    let volume = |kind: io::ErrorKind, verb: Verb| {
        TransferError::Volume(VolumeError { verb, place: at(), source: kind.into() })
    };
    let mut failures = Vec::new();
    for kind in [
        io::ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
        io::ErrorKind::StorageFull,
        io::ErrorKind::AlreadyExists,
        io::ErrorKind::Other,
    ] {
        for verb in [Verb::OpenVolume, Verb::Read, Verb::Write, Verb::Remove, Verb::Flush] {
            failures.push((volume(kind, verb), all()));
        }
    }
    failures.push((TransferError::NotPresent { root: at() }, all()));
    failures.push((TransferError::NoRoom { root: at(), needed_bytes: 2, free_bytes: 1 }, all()));
    failures.push((TransferError::MediumSwapped { root: at() }, all()));
    failures.push((TransferError::ReadBackDiffers { place: at() }, all()));
    failures.push((TransferError::Contradiction { place: at() }, all()));
    failures.push((TransferError::SpoolDamaged { path: at() }, all()));
    failures.push((TransferError::NoKeys, all()));
    failures.push((TransferError::NotPaired { peer: at() }, all()));
    // Only before anything of the parcel was published.
    failures.push((TransferError::SourceChanged { path: at() }, vec![S::Spooled]));
    failures.push((TransferError::KeptLost { path: at() }, vec![S::Spooled]));
    let cause = Box::new(TransferError::NotPresent { root: at() });
    failures.push((TransferError::NotArchived { place: at(), cause }, vec![S::Acknowledged]));
    failures
}

#[test]
fn what_is_said_of_a_failure_is_true_in_every_state_of_its_parcel() {
    let mut tried = 0;
    for (failure, states) in failures() {
        let code = Problem::from(&failure).code.known().unwrap();
        for &lang in Lang::ALL {
            let sentence = sentence(&Text::new(lang), code);
            let says = says(&sentence);
            for state in &states {
                let arrived = matches!(
                    state,
                    ParcelState::Acknowledged
                        | ParcelState::Archived
                        | ParcelState::Delivered
                        | ParcelState::AckWritten
                );
                let lie = match says {
                    Says::NotHandedOver => may_have_arrived(*state),
                    Says::HandedOver => !arrived,
                    Says::Neither => false,
                };
                assert!(!lie, "{code:?} of a parcel that is {state}: {sentence}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

/// The codes that may deny or affirm, each because of where it is raised.
fn proven() -> Vec<(Says, Vec<Code>)> {
    let group = |letter: char| -> Vec<Code> {
        Code::ALL.iter().copied().filter(|code| code.as_str().chars().nth(3) == Some(letter)).collect()
    };
    vec![
        // Commands that are refused before they begin, and those that only look at files.
        (
            Says::NotHandedOver,
            [group('U'), group('F'), group('A'), group('K'), group('O'), group('J')].concat(),
        ),
        // Of one file that waits at a gate, or of one thing in a watched folder.
        (Says::NotHandedOver, [group('G'), group('W')].concat()),
        // Of returns and resubmissions: the command made nothing.
        (Says::NotHandedOver, group('R')),
        // Of one parcel that was set aside.
        (
            Says::NotHandedOver,
            vec![
                Code::HeaderDamaged,
                Code::NewerParcel,
                Code::HeaderMisplaced,
                Code::NotForUs,
                Code::UnknownSender,
                Code::ForeignParcel,
                Code::ParcelDamaged,
                Code::SameIdOtherContent,
                Code::NoInbox,
                Code::Unsigned,
                Code::SignatureBad,
                Code::SenderNotPaired,
                Code::SenderRevoked,
                Code::NoKeyOpens,
                Code::SealedContentBad,
                Code::AcknowledgedBefore,
                Code::RefusedByReceiver,
            ],
        ),
        // Of a file or parcel that was not published.
        (Says::NotHandedOver, vec![Code::SourceChanged, Code::KeptLost, Code::CannotKeep]),
        // Besides the medium that was written before.
        (Says::NotHandedOver, vec![Code::SpoolLost]),
        // Only after the acknowledgement.
        (Says::HandedOver, vec![Code::ArchiveFailed, Code::OriginalStays, Code::AckOfCancelled]),
    ]
}

#[test]
fn only_codes_whose_place_proves_it_say_whether_something_was_handed_over() {
    let proven = proven();
    for &lang in Lang::ALL {
        let text = Text::new(lang);
        let mut speaking = BTreeSet::new();
        for &code in Code::ALL {
            let id = format!("{}-sent", code.as_str());
            if !text.has(&id) {
                continue;
            }
            let sentence = sentence(&text, code);
            let says = says(&sentence);
            if says == Says::Neither {
                continue;
            }
            let allowed = proven.iter().any(|(what, codes)| *what == says && codes.contains(&code));
            assert!(allowed, "{lang} {} says {says:?}: {sentence}", code.as_str());
            speaking.insert(code.as_str());
        }
        assert!(speaking.len() > 80, "{lang}: the words that deny are no longer found: {}", speaking.len());
    }
}
