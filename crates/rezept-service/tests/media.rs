//! A station and its registered media, with a clock that the test moves and sticks that are models: clones, two sticks, a stick
//! that is swapped between turns, overdue ones, and media lost in the middle of a parcel.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use rezept_codes::Code;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rezept_journal::{
    Clock, Direction, Disk, Journal, MediumState, OperatorRole, ParcelState, PeerKeys, Timestamp,
};
use rezept_service::media::{self, MediaAsk};
use rezept_service::{Ask, Config, OpenVolumes, OsVolumes, Outcome, Pace, Station, World};
use rezept_testkit::claims::{Body, Invented};
use rezept_testkit::clock::TestClock;
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_transfer::keys::Vault;
use rezept_transfer::volume::{RelPath, Volume, VolumeResult};
use rezept_transfer::{MediumId, write_medium_id};

/// Folders of the machine, and sticks in the slots of the test.
#[derive(Clone, Default)]
struct Slots(Arc<Mutex<BTreeMap<PathBuf, ModelVolume>>>);

impl OpenVolumes for Slots {
    fn open(&self, folder: &Path) -> VolumeResult<Box<dyn Volume>> {
        match self.0.lock().unwrap().get(folder) {
            Some(stick) => Ok(Box::new(stick.clone())),
            None => OsVolumes.open(folder),
        }
    }
}

/// Nobody waits in these tests.
struct NoPace;

impl Pace for NoPace {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _: Duration) {}
}

/// The clock of a test, shared with the station.
struct Shared(Arc<TestClock>);

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// A receipt computer with two slots.
struct Desk {
    folder: tempfile::TempDir,
    slots: Slots,
    clock: Arc<TestClock>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["watch", "data"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, slots: Slots::default(), clock: Arc::new(TestClock::ticking()) }
    }

    fn slot(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn plug(&self, slot: &str, stick: &ModelVolume) {
        self.slots.0.lock().unwrap().insert(self.slot(slot), stick.clone());
    }

    fn pull(&self, slot: &str) {
        self.slots.0.lock().unwrap().remove(&self.slot(slot));
    }

    fn station(&self) -> Station {
        let text = r#"
[station]
name = "recekon-1"
role = "receipt-computer"
data = "data"
[facility]
prefecture = "13"
point_table = "1"
code = "9999015"
name = "テスト見本診療所"
[[route]]
name = "claims"
watch = "watch"
accept = ["claim"]
to = "terminal-1"
[[inbox]]
accept = ["return", "notice"]
folder = "inbox"
[[medium]]
kind = "removable"
path = "e"
[[medium]]
kind = "removable"
path = "f"
[policy]
quiet_time = "0s"
[keys]
store = "machine"
"#;
        let path = self.folder.path().join("rezept.toml");
        let config = Config::parse(text, &path, self.folder.path()).unwrap();
        let world = World {
            clock: Arc::new(Shared(Arc::clone(&self.clock))),
            pace: Box::new(NoPace),
            volumes: Box::new(self.slots.clone()),
            machine_id: Box::new(|| Some("m".to_owned())),
            ..World::real()
        };
        Station::open(config, world, "test").unwrap()
    }

    /// The journal, as another process has it.
    fn journal(&self) -> Journal {
        let disk = Disk { file_system: "ext4".into(), removable: Some(false) };
        let clock = Arc::new(Shared(Arc::clone(&self.clock)));
        Journal::open(&self.folder.path().join("data"), &disk, clock, "test").unwrap()
    }

    /// Pairs the station with one that only its public keys stand for.
    fn pair(&self, station: &mut Station) {
        station.make_keys().unwrap();
        let other = Vault::generate("2024-11-05T01:00:00Z".parse().unwrap()).unwrap();
        let keys = PeerKeys {
            signing: other.signing().public().unwrap().to_string(),
            opening: other.newest_opening().recipient().to_string(),
            recovery: None,
        };
        self.journal().pair("terminal-1", &keys, "0000").unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "a fixture in a throw-away folder")]
    fn put(&self, name: &str, body: Body) {
        fs::write(self.folder.path().join("watch").join(name), Invented::ika().body(body).make()).unwrap();
    }

    fn register(&self, station: &mut Station, slot: &str, label: &str) -> Outcome {
        let (label, owner) = (label.to_owned(), "医事課".to_owned());
        let ask = MediaAsk::Register { path: self.slot(slot), label, owner, class: "genpi".into() };
        station.answer_for(None, &Ask::Media { ask })
    }
}

fn stick(name: &str, serial: &str) -> ModelVolume {
    let mut options = ModelOptions::stick(name);
    options.facts.serial = Some(serial.to_owned());
    options.facts.label = Some(name.to_uppercase());
    ModelVolume::new(options)
}

fn ask(station: &mut Station, ask: MediaAsk) -> Outcome {
    station.answer_for(None, &Ask::Media { ask })
}

fn lost(id: &str) -> MediaAsk {
    MediaAsk::Lost { id: id.into(), reason: "?".into() }
}

fn codes(outcome: &Outcome) -> Vec<Code> {
    outcome.problems.iter().filter_map(|problem| problem.code.known()).collect()
}

fn headers(stick: &ModelVolume) -> usize {
    stick.paths().iter().filter(|path| path.ends_with(".hdr")).count()
}

fn states(station: &Station) -> Vec<&'static str> {
    let parcels = station.journal().parcels_in(Direction::Out, ParcelState::ALL).unwrap();
    parcels.iter().map(|parcel| parcel.state.word()).collect()
}

/// Parcels of which the journal says that they stand on a medium now.
fn stand_on(station: &Station, medium: i64) -> Vec<i64> {
    let stood = station.journal().stood_on_medium(medium).unwrap();
    stood.into_iter().filter(|one| one.removed_at.is_none()).map(|one| one.parcel.row).collect()
}

#[test]
fn the_first_registered_stick_is_taken_and_why_none_could_be_is_told() {
    let desk = Desk::new();
    let (foreign, own) = (stick("foreign", "A"), stick("own", "B"));
    desk.plug("e", &foreign);
    let mut station = desk.station();
    desk.pair(&mut station);
    desk.put("RECEIPTC.UKE", Body::Shaho);
    let outcome = station.turn();
    assert_eq!(codes(&outcome), [Code::MediumUnknown]);
    assert_eq!((states(&station), foreign.paths()), (vec!["SPOOLED"], Vec::new()));
    desk.plug("f", &own);
    assert_eq!(codes(&desk.register(&mut station, "f", "USB-1")), []);
    let outcome = station.turn();
    assert_eq!((codes(&outcome), states(&station)), (vec![], vec!["COMMITTED"]));
    assert_eq!((headers(&foreign), headers(&own)), (0, 1));
    assert_eq!(foreign.paths(), [""; 0]);
    let medium = station.journal().medium(1).unwrap();
    assert_eq!((medium.volume_label.as_deref(), medium.serial.as_deref()), (Some("OWN"), Some("B")));
    assert_eq!(stand_on(&station, 1), [1]);
}

#[test]
fn a_cloned_stick_gets_nothing() {
    let desk = Desk::new();
    let (right, clone) = (stick("right", "A"), stick("clone", "B"));
    desk.plug("e", &right);
    let mut station = desk.station();
    desk.register(&mut station, "e", "USB-1");
    desk.pair(&mut station);
    let id: MediumId = station.journal().medium(1).unwrap().id.parse().unwrap();
    write_medium_id(&clone, id).unwrap();
    let before = clone.paths();
    desk.plug("e", &clone);
    desk.put("RECEIPTC.UKE", Body::Shaho);
    let outcome = station.turn();
    assert_eq!((codes(&outcome), states(&station)), (vec![Code::MediumCloned], vec!["SPOOLED"]));
    assert!(outcome.problems[0].detail.contains("A, B"), "{outcome:?}");
    assert_eq!(clone.paths(), before);
    desk.plug("e", &right);
    assert_eq!((codes(&station.turn()), states(&station)), (vec![], vec!["COMMITTED"]));
}

#[test]
fn two_sticks_in_one_slot_keep_their_own_lists() {
    let desk = Desk::new();
    let (one, two) = (stick("one", "A"), stick("two", "B"));
    let mut station = desk.station();
    for (stick, label) in [(&one, "USB-1"), (&two, "USB-2")] {
        desk.plug("e", stick);
        assert_eq!(codes(&desk.register(&mut station, "e", label)), []);
    }
    desk.pair(&mut station);
    desk.plug("e", &one);
    desk.put("1.UKE", Body::Shaho);
    station.turn();
    desk.plug("e", &two);
    desk.put("2.UKE", Body::Kokuho);
    station.turn();
    assert_eq!(states(&station), ["COMMITTED", "COMMITTED"]);
    assert_eq!((headers(&one), headers(&two)), (1, 1));
    assert_eq!((stand_on(&station, 1), stand_on(&station, 2)), (vec![1], vec![2]));
    // Another look at either changes nothing.
    desk.plug("e", &one);
    station.turn();
    assert_eq!((stand_on(&station, 1), stand_on(&station, 2)), (vec![1], vec![2]));
    // Somebody deletes what was on it: the list of that stick follows.
    let folder = RelPath::new("REZEPT/terminal-1/recekon-1").unwrap();
    for path in one.paths().into_iter().rev().filter(|path| path.starts_with(folder.as_str())) {
        let rel = RelPath::new(path.trim_end_matches('/')).unwrap();
        if path.ends_with('/') { one.remove_folder(&rel).unwrap() } else { one.remove_file(&rel).unwrap() }
    }
    station.turn();
    assert_eq!((stand_on(&station, 1), stand_on(&station, 2)), (vec![], vec![2]));
}

#[test]
fn an_overdue_stick_is_a_warning_on_the_day_after() {
    const DAY: i64 = 24 * 60 * 60;
    let desk = Desk::new();
    let usb = stick("usb", "A");
    desk.plug("e", &usb);
    let mut station = desk.station();
    desk.register(&mut station, "e", "USB-1");
    desk.pair(&mut station);
    let due = media::today(desk.clock.now());
    let out = |due: &str| MediaAsk::TakeOut { id: "M1".into(), due: due.into(), purpose: "端末へ".into() };
    assert_eq!(codes(&ask(&mut station, out("2001-01-01"))), [Code::BadDueDay]);
    assert_eq!(codes(&ask(&mut station, out("tomorrow"))), [Code::BadDueDay]);
    assert_eq!(codes(&ask(&mut station, out(&due))), []);
    let root = desk.slot("e").to_str().unwrap().to_owned();
    station.turn();
    assert_eq!(station.may_write_to(&root), Ok(None), "today it may still be out");
    desk.clock.jump(DAY);
    let warning = station.may_write_to(&root).unwrap().unwrap();
    assert_eq!(
        (warning.code.known(), warning.detail),
        (Some(Code::MediumOverdue), format!("M1 USB-1: {due}"))
    );
    desk.put("RECEIPTC.UKE", Body::Shaho);
    assert_eq!((codes(&station.turn()), states(&station)), (vec![Code::MediumOverdue], vec!["COMMITTED"]));
    assert_eq!(codes(&ask(&mut station, MediaAsk::Return { id: "M1".into() })), []);
    assert_eq!(codes(&station.turn()), []);
}

#[test]
fn a_stick_lost_in_the_middle_of_a_parcel_sets_it_free_for_another() {
    let desk = Desk::new();
    let (one, two) = (stick("one", "A"), stick("two", "B"));
    desk.plug("e", &one);
    desk.plug("f", &two);
    let mut station = desk.station();
    desk.register(&mut station, "e", "USB-1");
    desk.register(&mut station, "f", "USB-2");
    desk.pull("f");
    desk.pair(&mut station);
    desk.put("RECEIPTC.UKE", Body::Shaho);
    station.turn();
    assert_eq!(states(&station), ["COMMITTED"]);
    // Published: only a person sends it again, to another one.
    assert_eq!(codes(&ask(&mut station, lost("M1"))), []);
    assert_eq!(states(&station), ["COMMITTED"]);
    assert_eq!(stand_on(&station, 1), [1], "known although nobody can look any more");
    let root = desk.slot("e").to_str().unwrap().to_owned();
    assert_eq!(station.may_write_to(&root).unwrap_err().code, Code::MediumLost);
    desk.plug("f", &two);
    let again = Ask::Decide {
        id: "P1".into(),
        decision: rezept_service::Decision::Again,
        why: "lost".into(),
        medium: Some(desk.slot("f")),
    };
    assert_eq!(codes(&station.answer_for(None, &again)), []);
    assert_eq!((states(&station), headers(&two)), (vec!["COMMITTED"], 1));
    assert_eq!((stand_on(&station, 1), stand_on(&station, 2)), (vec![1], vec![1]));
    // Twice lost is lost once; found again it may be used again.
    assert_eq!(codes(&ask(&mut station, lost("M1"))), []);
    assert_eq!(codes(&ask(&mut station, MediaAsk::Return { id: "m1".into() })), []);
    assert_eq!(station.journal().medium(1).unwrap().state, MediumState::Here);
    assert_eq!(station.may_write_to(&root), Ok(None));
}

#[test]
fn only_who_answers_for_information_takes_a_stick_out() {
    let desk = Desk::new();
    desk.plug("e", &stick("usb", "A"));
    let mut station = desk.station();
    desk.register(&mut station, "e", "USB-1");
    let roles = |roles: &[OperatorRole]| -> BTreeSet<OperatorRole> { roles.iter().copied().collect() };
    let mut journal = desk.journal();
    journal.add_operator("山田", "x", &roles(&[OperatorRole::SystemAdmin])).unwrap();
    journal.add_operator("佐藤", "x", &roles(&[OperatorRole::User])).unwrap();
    let out = Ask::Media {
        ask: MediaAsk::TakeOut { id: "M1".into(), due: "2999-01-01".into(), purpose: "端末へ".into() },
    };
    assert_eq!(codes(&station.answer_for(Some("佐藤"), &out)), [Code::RoleMissing]);
    assert_eq!(codes(&station.answer_for(None, &out)), [Code::OperatorMissing]);
    assert_eq!(station.journal().medium(1).unwrap().state, MediumState::Here);
    assert_eq!(codes(&station.answer_for(Some("山田"), &out)), []);
    assert_eq!(station.journal().medium(1).unwrap().out_by.as_deref(), Some("山田"));
    // Whoever misses it says so.
    assert_eq!(codes(&station.answer_for(Some("佐藤"), &Ask::Media { ask: lost("M1") })), []);
}

#[test]
fn media_are_named_by_number_or_by_the_beginning_of_their_id() {
    let desk = Desk::new();
    let mut station = desk.station();
    for n in 0..17 {
        desk.plug("e", &stick(&format!("s{n}"), "A"));
        desk.register(&mut station, "e", &format!("USB-{n}"));
    }
    let found = |name: &str| media::find_medium(station.journal(), name).map(|medium| medium.row);
    let id = station.journal().medium(3).unwrap().id;
    assert_eq!(
        (found("M3"), found(" m3 "), found(&id), found(&id[..20].to_uppercase())),
        (Ok(3), Ok(3), Ok(3), Ok(3))
    );
    for unknown in ["", "M18", "M", "zz", "3x"] {
        assert_eq!(found(unknown).unwrap_err().code, Code::NoSuchMedium, "{unknown:?}");
    }
    // Seventeen ids, sixteen digits: two begin alike.
    let ids: Vec<String> = station.journal().media().unwrap().into_iter().map(|medium| medium.id).collect();
    let twice = ids.iter().find(|id| ids.iter().filter(|other| other[..1] == id[..1]).count() > 1).unwrap();
    assert!(found(&twice[..1]).unwrap_err().detail.contains(twice.as_str()));
}
