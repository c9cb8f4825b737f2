//! Volumes that fail: a flush that fails once, no room at any write, a medium that is pulled, or protected from writing.

use rezept_journal::{Direction, ParcelState};
use rezept_testkit::faults::{Failure, Faults};
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_testkit::rng::Rng;
use rezept_transfer::TransferError;
use rezept_transfer::volume::FailureKind;

use crate::bench::{Bench, Process};
use crate::invariants::{Story, always, converged, delivered};
use crate::kind::Kind;
use crate::parallel::on_all_cores;

fn journey_log(world: &Bench) -> Vec<String> {
    let faults = Faults::none().logged();
    world.snapshot().journey(&faults).unwrap();
    faults.log()
}

/// Goes on after a failure and says what is wrong.
fn recover(world: &Bench, at: &str) -> Vec<String> {
    let mut wrong = always(world, &Story::default());
    let failed = world.converge(&[0]);
    wrong.extend(failed.iter().map(|error| format!("the next runs fail: {error:?}")));
    wrong.extend(converged(world, &Story::default()));
    wrong.iter().map(|sentence| format!("{at}: {sentence}")).collect()
}

fn assert_none(wrong: &[Vec<String>], cases: &str) {
    let wrong = wrong.concat();
    println!("{cases}, {} violations", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn any_operation_may_fail_once() {
    let worlds = [
        ("two", Bench::new().with_claims()),
        ("paired", Bench::sealed().with_claims()),
        ("single", Bench::single().with_claims()),
    ];
    for (name, world) in worlds {
        let log = journey_log(&world);
        let kinds = [Failure::Device, Failure::Full, Failure::Denied, Failure::Busy];
        let wrong = on_all_cores(log.len() * kinds.len(), |case| {
            let (number, failure) = (case / kinds.len(), kinds[case % kinds.len()]);
            let run = world.snapshot();
            run.journey(&Faults::none().fail_at(number as u64, failure)).unwrap();
            let at = format!("{failure:?} at {number} {}", log[number]);
            let mut wrong = recover(&run, &at);
            // The empty folder goes with the next parcel; its removal is not worth a failure.
            if log[number].contains("-inbox rmdir .rezept-staging") {
                wrong.retain(|sentence| !sentence.contains(" .rezept-staging/ is left"));
            }
            wrong
        });
        assert_none(&wrong, &format!("{name}: {} operations failed in {} ways", log.len(), kinds.len()));
    }
}

#[test]
fn what_a_failed_flush_left_is_written_again_under_another_name() {
    failed_flush(Kind::Plain);
}

#[test]
fn what_a_failed_flush_left_is_written_again_under_another_name_sealed() {
    failed_flush(Kind::Sealed);
}

fn failed_flush(kind: Kind) {
    let world = kind.world().with_claims();
    let log = journey_log(&world);
    let header =
        log.iter().position(|line| line.starts_with("stick create") && line.contains(".hdr.a")).unwrap();
    let flushes: Vec<usize> = (0..header).filter(|n| log[*n].starts_with("stick flush")).collect();
    assert_eq!(flushes.len(), 2, "one for the content, one for its name");
    for number in flushes {
        let run = world.snapshot();
        let faults = Faults::none().fail_at(number as u64, Failure::Device);
        let errors = run.turn(0, &faults).unwrap();
        assert!(matches!(&errors[..], [TransferError::Volume(_)]), "{errors:?}");
        assert_eq!(run.states(0, Direction::Out), ["SPOOLED"]);
        assert_eq!(recover(&run, &log[number]), Vec::<String>::new());
        assert!(
            run.parcels(0, Direction::Out)[0].attempt >= 2,
            "taken from the failed attempt: {}",
            log[number]
        );
    }
}

#[test]
fn a_volume_without_room_says_so_and_keeps_nothing_half() {
    without_room(Kind::Plain);
}

#[test]
fn a_volume_without_room_says_so_and_keeps_nothing_half_sealed() {
    without_room(Kind::Sealed);
}

fn without_room(kind: Kind) {
    // Only ciphertext goes by the receiver's spool.
    let spools = ["spool of the receiver"];
    let spools = spools.iter().filter(|_| kind == Kind::Sealed);
    for part in ["medium", "inbox", "archive", "spool of the sender"].iter().chain(spools) {
        let world = kind.world().with_claims();
        let volume = match *part {
            "medium" => &world.media[0],
            "inbox" => &world.sites[1].inbox,
            "spool of the sender" => &world.sites[0].spool,
            "spool of the receiver" => &world.sites[1].spool,
            _ => &world.sites[0].archive,
        };
        volume.reconfigure(|options| options.capacity = Some(2000));
        let errors = world.journey(&Faults::none()).unwrap();
        let named = errors.iter().any(|error| match error {
            TransferError::NoRoom { .. } => true,
            TransferError::Volume(error) => error.kind() == FailureKind::Full,
            TransferError::NotArchived { cause, .. } => {
                matches!(&**cause, TransferError::Volume(error) if error.kind() == FailureKind::Full)
            }
            _ => false,
        });
        assert!(named, "{part}: {errors:?}");
        assert_eq!(always(&world, &Story::default()), Vec::<String>::new());
        let half: Vec<String> = volume
            .paths()
            .into_iter()
            .filter(|path| path.contains(".part") || path.contains("staging/") || path.contains("in-"))
            .collect();
        assert!(half.is_empty(), "{part}: {half:?}");
        volume.reconfigure(|options| options.capacity = None);
        assert_eq!(recover(&world, part), Vec::<String>::new());
    }
}

/// The medium is pulled before an operation; whoever works then sees it gone.
fn pulled_at(world: &Bench, number: usize) -> Bench {
    let run = world.snapshot();
    let stick = run.media[0].clone();
    run.journey(&Faults::none().call_at(number as u64, move || stick.pull())).unwrap();
    run
}

#[test]
fn a_pulled_medium_comes_back() {
    for world in [Bench::new().with_claims(), Bench::sealed().with_claims()] {
        pulled_and_put_back(&world);
    }
}

fn pulled_and_put_back(world: &Bench) {
    let log = journey_log(world);
    let wrong = on_all_cores(log.len(), |number| {
        let run = pulled_at(world, number);
        let at = format!("pulled at {number} {}", log[number]);
        run.media[0].put_back(&mut Rng::new(number as u64));
        recover(&run, &at)
    });
    assert_none(&wrong, &format!("medium pulled at {} operations and put back", log.len()));
}

/// A person says that the medium is lost, for every parcel that waits on it.
fn send_again(world: &Bench) {
    let mut process = Process::start(world, 0, &[0], &Faults::none()).unwrap();
    for parcel in process.journal.parcels_in(Direction::Out, &[ParcelState::Committed]).unwrap() {
        process.with(|engine, _| engine.send_again(parcel.row, "lost")).unwrap();
    }
}

#[test]
fn a_pulled_medium_is_lost_and_another_takes_its_place() {
    for world in [Bench::new().with_claims(), Bench::sealed().with_claims()] {
        pulled_and_lost(&world);
    }
}

fn pulled_and_lost(world: &Bench) {
    let log = journey_log(world);
    let wrong = on_all_cores(log.len(), |number| {
        let mut run = pulled_at(world, number);
        let at = format!("lost at {number} {}", log[number]);
        let lost = std::mem::replace(&mut run.media[0], ModelVolume::new(ModelOptions::stick("new")));
        run.converge(&[0]);
        send_again(&run);
        let mut wrong = recover(&run, &at);
        if run.states(0, Direction::Out) != ["ARCHIVED"] {
            wrong.push(format!("{at}: {:?}", run.states(0, Direction::Out)));
        }
        // It was only behind the cupboard. Nothing on it is delivered again, and it is cleaned.
        lost.put_back(&mut Rng::new(number as u64));
        run.media[0] = lost;
        wrong.extend(recover(&run, &format!("{at}, found again")));
        wrong
    });
    assert_none(&wrong, &format!("medium lost at {} operations", log.len()));
}

#[test]
fn a_protected_medium_is_received_from_and_acknowledged_later() {
    protected_medium(Kind::Plain);
}

#[test]
fn a_protected_medium_is_received_from_and_acknowledged_later_sealed() {
    protected_medium(Kind::Sealed);
}

fn protected_medium(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    world.media[0].reconfigure(|options| options.read_only = true);
    let errors = world.turn(1, &Faults::none()).unwrap();
    assert!(
        matches!(&errors[..], [TransferError::Volume(error)] if error.kind() == FailureKind::ReadOnly),
        "{errors:?}"
    );
    assert_eq!(world.states(1, Direction::In), ["DELIVERED"]);
    assert_eq!(delivered(&world.sites[1]).len(), 3);
    assert_eq!(always(&world, &Story::default()), Vec::<String>::new());
    world.media[0].reconfigure(|options| options.read_only = false);
    assert_eq!(recover(&world, "writable again"), Vec::<String>::new());
}

#[test]
fn an_acknowledgement_that_stands_there_is_taken_as_written() {
    standing_acknowledgement(Kind::Plain);
}

#[test]
fn an_acknowledgement_that_stands_there_is_taken_as_written_sealed() {
    standing_acknowledgement(Kind::Sealed);
}

fn standing_acknowledgement(kind: Kind) {
    let world = kind.world().with_claims();
    world.turn(0, &Faults::none()).unwrap();
    let before = world.snapshot();
    let faults = Faults::none().logged();
    before.turn(1, &faults).unwrap();
    let log = faults.log();
    let renamed =
        log.iter().position(|line| line.starts_with("stick rename") && line.ends_with(".ack")).unwrap();
    assert!(world.turn(1, &Faults::none().kill_at(renamed as u64 * 2 + 1)).is_err());
    assert_eq!(world.states(1, Direction::In), ["DELIVERED"]);
    world.turn(1, &Faults::none()).unwrap();
    assert_eq!(world.states(1, Direction::In), ["ACK_WRITTEN"]);
}
