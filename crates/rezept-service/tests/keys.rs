//! Keys over time and on other machines: a new opening key each month, old ones destroyed, no keys where they do not belong.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rezept_journal::{KeyKind, OwnKeyRow};
use rezept_service::keys::{DESTROY_AFTER_DAYS, ROTATE_AFTER_DAYS, check_keys};
use rezept_service::{Ask, Config, PairAsk, Station, World};
use rezept_testkit::clock::TestClock;
use tempfile::TempDir;

const DAY: i64 = 24 * 60 * 60;

/// Two stations and a stick in one folder.
struct Site {
    folder: TempDir,
    clock: Arc<TestClock>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("usb")).unwrap();
        Self { folder, clock: Arc::new(TestClock::fixed()) }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn config(&self, name: &str, peer: &str) -> Config {
        let text = format!(
            "[station]\nname = \"{name}\"\nrole = \"receipt-computer\"\ndata = \"{name}/data\"\n\
             [facility]\nprefecture = \"13\"\npoint_table = \"1\"\ncode = \"9999015\"\nname = \"x\"\n\
             [[route]]\nname = \"main\"\nwatch = \"{name}/watch\"\naccept = [\"claim\"]\nto = \"{peer}\"\n\
             [[inbox]]\naccept = [\"return\"]\nfolder = \"{name}/inbox\"\n[keys]\nstore = \"machine\"\n"
        );
        fs::create_dir_all(self.at(&format!("{name}/watch"))).unwrap();
        Config::parse(&text, Path::new("rezept.toml"), self.folder.path()).unwrap()
    }

    fn open_on(&self, machine: Option<&str>, name: &str, peer: &str) -> Station {
        let machine = machine.map(str::to_owned);
        let world = World {
            clock: self.clock.clone(),
            machine_id: Box::new(move || machine.clone()),
            ..World::real()
        };
        Station::open(self.config(name, peer), world, "test").unwrap()
    }

    fn recekon(&self) -> Station {
        self.open_on(Some("m1"), "recekon", "terminal")
    }

    fn terminal(&self) -> Station {
        self.open_on(Some("m2"), "terminal", "recekon")
    }

    /// The receipt computer has compared the code with the terminal.
    fn pair(&self) {
        let medium = self.at("usb");
        for mut station in [self.recekon(), self.terminal()] {
            ask(&mut station, PairAsk::Export { medium: medium.clone(), new_keys: None });
        }
        let mut station = self.recekon();
        let compared = ask(&mut station, PairAsk::Compare { medium: medium.clone(), peer: None });
        let code = compared.pairing.unwrap().code;
        ask(&mut station, PairAsk::Accept { medium, peer: None, code, why: None });
    }
}

#[track_caller]
fn ask(station: &mut Station, ask: PairAsk) -> rezept_service::Outcome {
    let outcome = station.answer_for(None, &Ask::Pair { ask });
    assert_eq!(outcome.problems, []);
    outcome
}

fn opening(station: &Station) -> Vec<OwnKeyRow> {
    let keys = station.journal().own_keys().unwrap();
    keys.into_iter().filter(|key| key.kind == KeyKind::Opening).collect()
}

#[track_caller]
fn turn(station: &mut Station) {
    let outcome = station.turn();
    assert_eq!(outcome.problems, []);
}

#[test]
fn each_month_a_new_opening_key_and_the_old_one_destroyed_after_its_time() {
    let site = Site::new();
    site.pair();
    let mut station = site.recekon();
    turn(&mut station);
    site.clock.jump(ROTATE_AFTER_DAYS * DAY);
    turn(&mut station);
    assert_eq!(opening(&station).len(), 1, "not before the month is over");
    site.clock.jump(1);
    turn(&mut station);
    turn(&mut station);
    let keys = opening(&station);
    assert_eq!(keys.len(), 2, "once");
    assert!(keys[0].superseded_at.is_some() && keys[1].superseded_at.is_none());
    // What was sealed to the first one is still opened, also after a new start.
    site.clock.jump(DESTROY_AFTER_DAYS * DAY);
    drop(station);
    let mut station = site.recekon();
    turn(&mut station);
    let keys = opening(&station);
    assert!(keys[0].destroyed_at.is_none(), "to the day");
    site.clock.jump(1);
    turn(&mut station);
    let keys = opening(&station);
    assert!(keys[0].destroyed_at.is_some() && keys[1].destroyed_at.is_none(), "{keys:?}");
    assert_eq!(keys.iter().filter(|key| key.superseded_at.is_none()).count(), 1);
    let chain = station.journal().verify_chain(&[]).unwrap();
    assert!(chain.is_sound(), "{chain:?}");
}

#[test]
fn without_a_paired_station_nothing_is_renewed() {
    let site = Site::new();
    let mut station = site.recekon();
    station.make_keys().unwrap();
    site.clock.jump(400 * DAY);
    turn(&mut station);
    assert_eq!(opening(&station).len(), 1);
}

#[test]
fn a_clock_that_went_back_renews_nothing() {
    let site = Site::new();
    site.pair();
    let mut station = site.recekon();
    site.clock.jump(-400 * DAY);
    turn(&mut station);
    assert_eq!(opening(&station).len(), 1);
}

#[test]
fn keys_open_only_on_their_machine() {
    let site = Site::new();
    site.recekon().make_keys().unwrap();
    assert!(site.recekon().keys_fault().is_none());
    for other in [Some("m3"), None] {
        let fault = site.open_on(other, "recekon", "terminal").keys_fault().unwrap().clone();
        assert_eq!(fault.code, rezept_codes::Code::KeysElsewhere, "{other:?}");
    }
    // A machine without an id has keys too, and doctor says so.
    let mut nameless = site.open_on(None, "terminal", "recekon");
    nameless.make_keys().unwrap();
    drop(nameless);
    assert!(site.open_on(None, "terminal", "recekon").keys_fault().is_none());
    let place = check_keys(&site.config("terminal", "recekon"), None).unwrap().unwrap();
    assert_eq!(place.word(), "folder");
}

/// A key file from a backup: what it lacks is gone, and the journal says so.
#[test]
fn the_journal_follows_the_key_file() {
    let site = Site::new();
    site.pair();
    let file = site.at("recekon/data/keys/station.age");
    let first = fs::read(&file).unwrap();
    let mut station = site.recekon();
    ask(&mut station, PairAsk::Rotate);
    let known = opening(&station);
    drop(station);
    // A key file from before the rotation: its newest key is the one that counts, the other is gone.
    rewrite(&file, &first);
    let station = site.recekon();
    let now = opening(&station);
    assert_eq!(now.len(), 2);
    assert!(now[1].destroyed_at.is_some() && now[0].destroyed_at.is_none(), "{now:?}");
    assert_eq!((&now[0].public, &now[1].public), (&known[0].public, &known[1].public));
}

#[expect(clippy::disallowed_methods, reason = "a fixture in a throw-away folder")]
fn rewrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
