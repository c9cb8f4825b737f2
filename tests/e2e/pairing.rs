//! Pairing over a medium: both screens show one code, nothing is pinned without it, exchanged and altered cards are
//! noticed; keys that are lost, elsewhere, renewed or taken back; the recovery sheet.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::bench::{Run, rezept};
use crate::desk::{Clinic, Desk, files, invented, put, typed};
use crate::stations::{Tree, wait_for};

/// The two stations of a clinic that are about to be paired.
pub struct Pair {
    pub clinic: Clinic,
    medium: String,
}

impl Pair {
    /// Both cards are on the stick.
    fn with_cards() -> Self {
        Self::with_cards_in(Clinic::new())
    }

    /// Over the stick that lies in the clinic's folder.
    fn of(clinic: Clinic) -> Self {
        let medium = clinic.typed("usb");
        Self { clinic, medium }
    }

    fn with_cards_in(clinic: Clinic) -> Self {
        Self::of(clinic).carded()
    }

    fn carded(self) -> Self {
        let pair = self;
        for desk in [pair.clinic.recekon(), pair.clinic.terminal()] {
            pair.export(&desk, &[]);
        }
        pair
    }

    /// Both have accepted the other one.
    pub fn made() -> Self {
        Self::with_cards().accepted()
    }

    /// The same, over another medium.
    #[cfg(target_os = "linux")]
    pub fn made_over(medium: &str) -> Self {
        Self { clinic: Clinic::with_medium(medium), medium: medium.to_owned() }.carded().accepted()
    }

    /// The same, with a recovery key on paper, which is returned.
    pub fn made_with_recovery() -> (Self, String) {
        Self::made_with_recovery_in(Clinic::new())
    }

    /// The same, in this clinic.
    pub fn made_with_recovery_in(clinic: Clinic) -> (Self, String) {
        let sheet = clinic.recekon().json(&["recovery", "sheet"]);
        let page = fs::read_to_string(sheet.of_type("recovery_sheet")[0]["path"].as_str().unwrap()).unwrap();
        (Self::with_cards_in(clinic).accepted(), key_on(&page))
    }

    fn accepted(self) -> Self {
        let pair = self;
        let code = pair.code(&pair.clinic.recekon());
        for desk in [pair.clinic.recekon(), pair.clinic.terminal()] {
            let done = pair.accept(&desk, &["--code", &code]);
            assert_eq!((done.exit, &pairing(&done)["pinned"]), (0, &true.into()), "{done:?}");
        }
        pair
    }

    pub fn usb(&self) -> String {
        self.medium.clone()
    }

    #[track_caller]
    fn export(&self, desk: &Desk, more: &[&str]) {
        let usb = self.usb();
        let done = desk.json(&[&["pair", "export", "--to", &usb], more].concat());
        assert_eq!(done.exit, 0, "{done:?}");
        assert!(Path::new(done.of_type("card")[0]["path"].as_str().unwrap()).is_file(), "{done:?}");
    }

    fn accept(&self, desk: &Desk, more: &[&str]) -> Run {
        let usb = self.usb();
        desk.json(&[&["pair", "accept", "--from", &usb], more].concat())
    }

    /// The code that a screen shows while nobody has compared it.
    #[track_caller]
    fn code(&self, desk: &Desk) -> String {
        let shown = self.accept(desk, &[]);
        assert_eq!((shown.exit, shown.codes()), (1, vec!["RZ-K112".to_owned()]), "{shown:?}");
        let pairing = pairing(&shown);
        assert_eq!(pairing["pinned"], false);
        pairing["code"].as_str().unwrap().to_owned()
    }

    /// The cards on the stick, by name.
    fn cards(&self) -> Vec<String> {
        let names = files(&self.clinic.at("usb/REZEPT")).into_iter();
        names.filter(|name| name.ends_with(".card")).collect()
    }

    /// The card of a station on the stick.
    fn card(&self, station: &str) -> std::path::PathBuf {
        let name = self.cards().into_iter().find(|name| name.starts_with(&format!("{station}."))).unwrap();
        self.clinic.at("usb/REZEPT").join(name)
    }
}

fn pairing(run: &Run) -> Value {
    run.of_type("pairing").pop().unwrap_or_else(|| panic!("{run:?}"))
}

#[track_caller]
fn peers(desk: &Desk) -> Vec<Value> {
    let run = desk.json(&["pair", "list"]);
    assert_eq!(run.exit, 0, "{run:?}");
    run.of_type("peer")
}

pub fn own(desk: &Desk) -> Value {
    desk.json(&["pair", "list"]).of_type("own_keys").pop().unwrap()
}

#[track_caller]
pub fn refused(run: &Run, exit: i32, code: &str) {
    assert_eq!((run.exit, run.codes()), (exit, vec![code.to_owned()]), "{run:?}");
}

#[test]
fn both_screens_show_one_code_and_only_the_word_of_a_person_pins_it() {
    let pair = Pair::with_cards();
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    assert_eq!(pair.cards().len(), 2);
    let code = pair.code(&recekon);
    assert_eq!(pair.code(&terminal), code, "both screens");
    let digits = code.split('-').map(str::len).collect::<Vec<_>>();
    assert_eq!(digits, [4, 4, 4], "{code}");
    assert_eq!(
        (peers(&recekon).len(), peers(&terminal).len()),
        (0, 0),
        "nothing is trusted because it was seen"
    );
    // Read from the other screen, however it is typed.
    let done = pair.accept(&recekon, &["--code", &code.replace('-', " ")]);
    assert_eq!((done.exit, &pairing(&done)["known"]), (0, &"new".into()), "{done:?}");
    let known = peers(&recekon);
    assert_eq!(
        (known.len(), &known[0]["name"], &known[0]["state"]),
        (1, &"terminal".into(), &"paired".into())
    );
    assert_eq!(known[0]["key"], own(&terminal)["key"], "the fingerprint is that of the other station");
    assert_eq!(known[0]["opening_key"], own(&terminal)["opening_key"]);
    assert_eq!(peers(&terminal).len(), 0, "the other side decides for itself");
    let ledger = recekon.json(&["ledger"]).of_type("ledger");
    let entry = ledger.iter().find(|entry| entry["to"] == "PAIRED").unwrap();
    assert!(entry["note"].as_str().unwrap().contains(&code), "{entry}");
    let again = pair.accept(&recekon, &["--code", &code]);
    assert_eq!(pairing(&again)["known"], "same");
    for desk in [&recekon, &terminal] {
        desk.audit();
    }
    let shown = recekon.run(&["pair", "list"]);
    assert!(shown.out.contains("terminal") && shown.out.contains("登録済み"), "{shown:?}");
}

#[test]
fn another_code_pins_nothing() {
    let pair = Pair::with_cards();
    let recekon = pair.clinic.recekon();
    let code = pair.code(&recekon);
    let last = if code.ends_with('0') { "1" } else { "0" };
    let wrong = format!("{}{last}", &code[..code.len() - 1]);
    for wrong in [wrong.as_str(), "0000-0000-0000", "", "はい"] {
        refused(&pair.accept(&recekon, &["--code", wrong]), 6, "RZ-K113");
    }
    assert_eq!(peers(&recekon).len(), 0);
    let ledger = recekon.json(&["ledger"]).of_type("ledger");
    assert_eq!(ledger.iter().filter(|entry| entry["to"] == "CODE_DIFFERED").count(), 4, "tries are recorded");
}

/// Somebody has the stick between the two rooms, and puts a card of their own in the place of the terminal's.
#[test]
fn an_exchanged_card_shows_by_its_code() {
    let pair = Pair::with_cards();
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    let code = pair.code(&terminal);
    let attacker = Pair::with_cards();
    let theirs = attacker.card("terminal");
    let name = theirs.file_name().unwrap().to_owned();
    fs::remove_file(pair.card("terminal")).unwrap();
    put(&pair.clinic.at("usb/REZEPT").join(name), &fs::read(theirs).unwrap());
    assert_ne!(pair.code(&recekon), code, "another card, another code");
    refused(&pair.accept(&recekon, &["--code", &code]), 6, "RZ-K113");
    assert_eq!(peers(&recekon).len(), 0);
    // Beside the real one: which is real cannot be told.
    pair.export(&recekon, &[]);
    let both = Pair::with_cards();
    let theirs = attacker.card("terminal");
    put(&both.clinic.at("usb/REZEPT").join(theirs.file_name().unwrap()), &fs::read(&theirs).unwrap());
    refused(&both.accept(&both.clinic.recekon(), &[]), 6, "RZ-K110");
}

#[test]
fn an_altered_card_is_refused_whatever_was_altered() {
    let pair = Pair::with_cards();
    let recekon = pair.clinic.recekon();
    let card = pair.card("terminal");
    let whole = fs::read(&card).unwrap();
    let places = [whole.len() / 8, whole.len() / 3, whole.len() / 2, whole.len() - 10];
    for at in places {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        put(&card, &altered);
        refused(&pair.accept(&recekon, &[]), 6, "RZ-K107");
    }
    put(&card, &whole[..whole.len() / 2]);
    refused(&pair.accept(&recekon, &[]), 6, "RZ-K107");
    // A good card under the name of another station.
    fs::remove_file(&card).unwrap();
    let own = fs::read(pair.card("recekon")).unwrap();
    put(&card, &own);
    refused(&pair.accept(&recekon, &[]), 6, "RZ-K107");
    assert_eq!(peers(&recekon).len(), 0);
}

#[test]
fn only_stations_that_the_configuration_names_are_paired() {
    let pair = Pair::of(Clinic::new());
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    refused(&pair.accept(&recekon, &[]), 5, "RZ-K106");
    pair.export(&recekon, &[]);
    refused(&pair.accept(&recekon, &[]), 5, "RZ-K106");
    let second = pair.clinic.second_recekon();
    pair.export(&second, &[]);
    refused(&pair.accept(&recekon, &[]), 6, "RZ-K109");
    // The terminal knows both.
    refused(&pair.accept(&terminal, &[]), 2, "RZ-K111");
    let shown = pair.accept(&terminal, &["--peer", "recekon-2"]);
    assert_eq!(pairing(&shown)["peer"], "recekon-2");
}

#[test]
fn a_station_has_one_card_on_a_medium_and_nothing_else_is_touched() {
    let pair = Pair::with_cards();
    let terminal = pair.clinic.terminal();
    put(&pair.clinic.at("usb/REZEPT/terminal.note.card.txt"), b"not ours");
    put(&pair.clinic.at("usb/REZEPT/terminal.0badc0de.card.a1.part"), b"left over");
    let first = pair.card("terminal");
    pair.export(&terminal, &[]);
    assert_eq!(pair.card("terminal"), first, "the same card is not written again");
    let rotated = terminal.json(&["pair", "rotate"]);
    assert_eq!(rotated.exit, 0, "{rotated:?}");
    pair.export(&terminal, &[]);
    assert_ne!(pair.card("terminal"), first);
    assert_eq!(pair.cards().len(), 2, "{:?}", pair.cards());
    let left = files(&pair.clinic.at("usb/REZEPT"));
    assert!(left.contains(&"terminal.note.card.txt".to_owned()), "{left:?}");
    assert!(!left.iter().any(|name| name.ends_with(".part")), "{left:?}");
}

#[test]
fn a_new_opening_key_leaves_the_old_one_known_and_the_signing_key_as_it_is() {
    let pair = Pair::made();
    let terminal = pair.clinic.terminal();
    let before = own(&terminal);
    let file = pair.clinic.at("terminal/data/keys/station.age");
    let bytes = fs::read(&file).unwrap();
    assert_eq!(terminal.json(&["pair", "rotate"]).exit, 0);
    let after = own(&terminal);
    assert_ne!(after["opening_key"], before["opening_key"]);
    assert_eq!(after["signing_key"], before["signing_key"]);
    assert_ne!(fs::read(&file).unwrap(), bytes);
    terminal.audit();
}

#[test]
fn trust_is_taken_back_and_given_anew_by_a_person() {
    let pair = Pair::made();
    let recekon = pair.clinic.recekon();
    let revoke = ["pair", "revoke", "terminal", "--reason", "盗難"];
    assert_eq!(recekon.json(&revoke).exit, 0);
    assert_eq!(peers(&recekon)[0]["state"], "revoked");
    refused(&recekon.json(&revoke), 2, "RZ-K114");
    refused(&recekon.json(&["pair", "revoke", "nobody", "--reason", "x"]), 2, "RZ-K114");
    let code = pair.code(&recekon);
    let done = pair.accept(&recekon, &["--code", &code, "--reason", "見つかった"]);
    assert_eq!((done.exit, &pairing(&done)["known"]), (0, &"revoked".into()), "{done:?}");
    assert_eq!(peers(&recekon)[0]["state"], "paired");
    let ledger = recekon.json(&["ledger"]).of_type("ledger");
    let noted = |what: &str, note: &str| {
        ledger.iter().any(|entry| entry["to"] == what && entry["note"].as_str().unwrap().contains(note))
    };
    assert!(noted("REVOKED", "盗難") && noted("PAIRING", "見つかった"), "{ledger:?}");
}

#[test]
fn changed_keys_are_told_loudly_and_compared_again() {
    let pair = Pair::made();
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    let before = own(&terminal);
    pair.export(&terminal, &["--new-keys", "--reason", "パソコンを替えた"]);
    assert_ne!(own(&terminal)["signing_key"], before["signing_key"]);
    let shown = recekon.run(&["pair", "accept", "--from", &pair.usb()]);
    assert_eq!(shown.exit, 1);
    assert!(shown.err.contains("注意: terminal の鍵が、登録したときと変わっています"), "{shown:?}");
    assert_eq!(
        peers(&recekon)[0]["key"],
        before["key"],
        "the old keys stay pinned until somebody has compared"
    );
    let code = pair.code(&recekon);
    let done = pair.accept(&recekon, &["--code", &code]);
    assert_eq!(pairing(&done)["known"], "changed");
    assert_eq!(peers(&recekon)[0]["key"], own(&terminal)["key"]);
    let kept = files(&pair.clinic.at("terminal/data/keys"));
    assert!(kept.iter().any(|name| name.starts_with("station.age.") && name.ends_with(".old")), "{kept:?}");
    terminal.audit();
}

/// A data folder without its keys, and keys without their machine: a paired station stops, and says what to do.
#[test]
fn a_paired_station_does_nothing_without_its_keys() {
    let pair = Pair::made();
    let recekon = pair.clinic.recekon();
    let keys = pair.clinic.at("recekon/data/keys");
    let (file, secret) = (keys.join("station.age"), keys.join("secret.bin"));
    let source = pair.clinic.put("recekon/watch/RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE"));
    let on_stick = Tree::of(&pair.clinic.at("usb"));
    let stops = |code: &str| {
        refused(&recekon.json(&["send", &source, "--to", &pair.usb()]), 6, code);
        refused(&recekon.json(&["receive", "--from", &pair.usb()]), 6, code);
        let told = recekon.json(&["doctor"]);
        let keys = told.of_type("check").into_iter().find(|check| check["name"] == "keys").unwrap();
        assert_eq!((told.exit, &keys["code"]), (6, &code.into()), "{told:?}");
        assert_eq!(Tree::of(&pair.clinic.at("usb")), on_stick, "nothing was written");
    };
    let (whole, right) = (fs::read(&file).unwrap(), fs::read(&secret).unwrap());
    put(&secret, &[7; 32]);
    stops("RZ-K102");
    put(&secret, &right[..31]);
    stops("RZ-K103");
    put(&secret, &right);
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    put(&file, &damaged);
    stops("RZ-K102");
    fs::remove_file(&file).unwrap();
    stops("RZ-K101");
    refused(&recekon.json(&["pair", "rotate"]), 6, "RZ-K101");
    refused(&recekon.json(&["pair", "export", "--to", &pair.usb()]), 6, "RZ-K101");
    put(&file, &whole);
    assert_eq!(recekon.json(&["doctor"]).exit, 0);
    fs::remove_file(&file).unwrap();
    pair.export(&recekon, &["--new-keys", "--reason", "鍵がなくなった"]);
    assert_eq!(recekon.json(&["doctor"]).exit, 0);
    assert_eq!(pairing(&pair.accept(&pair.clinic.terminal(), &[]))["known"], "changed");
}

#[test]
fn an_unpaired_station_works_without_keys() {
    let clinic = Clinic::new();
    assert_eq!(clinic.send("RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE")).exit, 0);
    assert!(!clinic.at("recekon/data/keys").exists(), "nobody asked for keys");
}

#[test]
fn a_running_service_pairs_when_it_is_asked() {
    let pair = Pair::with_cards();
    let recekon = pair.clinic.recekon();
    let service = recekon.watch(&[]);
    let lock = || {
        fs::File::open(pair.clinic.at("recekon/data/engine.lock")).is_ok_and(|lock| lock.try_lock().is_err())
    };
    wait_for("the service to work", lock);
    let code = pair.code(&pair.clinic.terminal());
    assert_eq!(pair.code(&recekon), code);
    let done = pair.accept(&recekon, &["--code", &code]);
    assert_eq!((done.exit, &pairing(&done)["pinned"]), (0, &true.into()), "{done:?}");
    assert_eq!(peers(&recekon).len(), 1);
    service.stop();
}

#[cfg(unix)]
#[track_caller]
fn mode(path: &Path, wanted: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, wanted, "{}", path.display());
}

/// Runs `init` for a receipt computer of its own folder.
fn init(clinic: &Clinic, role: &str) -> (Run, impl Fn(&[&str]) -> Run) {
    let config = clinic.typed("new/rezept.toml");
    let run = move |args: &[&str]| {
        let output = rezept(args).args(["--config", &config]).output().unwrap();
        Run {
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let at = |name: &str| clinic.typed(&format!("new/{name}"));
    let made = run(&[
        "init",
        "--role",
        role,
        "--name",
        "recekon",
        "--peer",
        "terminal",
        "--facility",
        "13-1-9999015",
        "--facility-name",
        "テスト<見本>診療所",
        "--key-store",
        "machine",
        "--data",
        &at("data"),
        "--watch",
        &at("watch"),
        "--inbox",
        &at("inbox"),
        "--medium",
        &clinic.typed("usb"),
        "--json",
    ]);
    (made, run)
}

#[test]
fn init_makes_keys_and_a_recovery_key_that_is_only_on_paper() {
    let clinic = Clinic::new();
    let (made, run) = init(&clinic, "receipt-computer");
    assert_eq!(made.exit, 0, "{made:?}");
    let keys = clinic.at("new/data/keys");
    let sheet = keys.join("recovery-sheet.html");
    assert_eq!(made.of_type("recovery_sheet")[0]["path"], typed(&sheet).as_str());
    assert!(made.err.contains("rezept recovery printed"), "{made:?}");
    #[cfg(unix)]
    {
        mode(&keys, 0o700);
        for name in ["station.age", "secret.bin", "store.txt", "recovery-sheet.html"] {
            mode(&keys.join(name), 0o600);
        }
    }
    let page = fs::read_to_string(&sheet).unwrap();
    assert!(
        page.contains("テスト&lt;見本&gt;診療所") && page.contains("13-1-9999015") && page.contains("<svg")
    );
    let key = key_on(&page);
    assert!(key.starts_with("AGE-SECRET-KEY-1") && key.len() == 74, "a whole key");
    let listed = run(&["pair", "list", "--json"]).of_type("own_keys").pop().unwrap();
    assert_eq!(listed["recovery_key"], made.of_type("recovery_sheet")[0]["recovery_key"]);
    if let Some(public) = public_of(&key) {
        assert_eq!(listed["recovery_key"], public.as_str(), "as age itself computes it");
    }
    // The person is reminded until the file is gone.
    assert!(run(&["status", "--json"]).codes().contains(&"RZ-K118".to_owned()));
    assert!(run(&["doctor"]).out.contains("RZ-K118"));
    refused(&run(&["recovery", "sheet", "--json"]), 1, "RZ-K116");
    assert_eq!(run(&["recovery", "printed"]).exit, 0);
    assert!(!sheet.exists());
    assert_eq!(run(&["status", "--json"]).codes(), ["RZ-K127"], "it is paired with nobody yet");
    for (name, bytes) in Tree::of(&clinic.at("new")).files {
        for secret in [key.as_bytes(), b"AGE-SECRET-KEY-"] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{name} holds a private key"
            );
        }
    }
    // Another one, for a paper that was lost: written where the person wants it.
    let out = clinic.typed("new/sheet.html");
    let again = run(&["recovery", "sheet", "--replace", "--out", &out, "--json"]);
    assert_eq!(again.exit, 0, "{again:?}");
    let now = run(&["pair", "list", "--json"]).of_type("own_keys").pop().unwrap();
    assert_ne!(now["recovery_key"], listed["recovery_key"]);
    let taken = run(&["recovery", "sheet", "--replace", "--out", &out, "--json"]);
    assert_eq!(taken.exit, 5, "a file is never overwritten: {taken:?}");
    let still = run(&["pair", "list", "--json"]).of_type("own_keys").pop().unwrap();
    assert_eq!(still["recovery_key"], now["recovery_key"], "no key without paper");
}

/// The recovery key on a sheet, without the spaces between its groups.
fn key_on(page: &str) -> String {
    let shown = page.split("class=\"key\">").nth(1).unwrap().split("</div>").next().unwrap();
    shown.split_whitespace().collect()
}

/// The public half of a key, as the stock tool says; `None` with a line that says so where it is not installed.
fn public_of(key: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.txt");
    put(&file, format!("{key}\n").as_bytes());
    let Ok(output) = Command::new("age-keygen").arg("-y").arg(&file).output() else {
        println!("skipped: age-keygen is not installed");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn the_claim_terminal_takes_the_recovery_key_over_when_it_is_paired() {
    let pair = Pair::of(Clinic::new());
    let (recekon, terminal) = (pair.clinic.recekon(), pair.clinic.terminal());
    assert_eq!(recekon.json(&["recovery", "sheet"]).exit, 0);
    let recovery = own(&recekon)["recovery_key"].clone();
    assert!(recovery.is_string());
    pair.export(&recekon, &[]);
    pair.export(&terminal, &[]);
    let code = pair.code(&terminal);
    assert_eq!(own(&terminal)["recovery_key"], Value::Null);
    let done = pair.accept(&terminal, &["--code", &code]);
    assert_eq!(pairing(&done)["took_recovery"], true, "{done:?}");
    assert_eq!(own(&terminal)["recovery_key"], recovery);
    let other = pair.accept(&recekon, &["--code", &code]);
    assert_eq!(pairing(&other)["took_recovery"], false, "it has its own");
    let (made, _) = init(&pair.clinic, "claim-terminal");
    assert_eq!(
        (made.exit, made.of_type("recovery_sheet").len()),
        (0, 0),
        "one paper for the facility: {made:?}"
    );
}
