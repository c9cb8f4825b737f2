//! The recovery key on paper opens a sealed parcel on a PC that knows nothing else; with a wrong key, damage, or something in the
//! way, nothing is written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::{Run, rezept};
use crate::desk::{files, invented, put, typed};
use crate::pairing::{Pair, own, refused};

/// A sealed parcel on a stick, the paper, and a spare PC.
struct Spare {
    pair: Pair,
    key: PathBuf,
    header: PathBuf,
}

impl Spare {
    fn new() -> Self {
        let (pair, key) = Pair::made_with_recovery();
        let sent = pair.clinic.send("RECEIPTC.UKE", &invented("ika_shaho/RECEIPTC.UKE"));
        assert_eq!((sent.exit, sent.transfer()["state"].as_str()), (0, Some("COMMITTED")), "{sent:?}");
        let file = pair.clinic.at("key.txt");
        // As somebody types it from the paper.
        put(&file, format!("{}\n{}\n", &key[..40].to_lowercase(), &key[40..]).as_bytes());
        let header = files(&pair.clinic.parcels()).into_iter().find(|name| name.ends_with(".hdr")).unwrap();
        let header = pair.clinic.parcels().join(header);
        Self { pair, key: file, header }
    }

    fn out(&self) -> PathBuf {
        self.pair.clinic.at("spare")
    }

    /// On the spare PC there is no configuration: the folder of a clinic is not named.
    fn recover(&self, parcel: &Path, more: &[&str]) -> Run {
        let (parcel, out, key) = (typed(parcel), typed(&self.out()), typed(&self.key));
        let args = [&["--json", "recover", &parcel, "--out", &out, "--key-file", &key], more].concat();
        let output = rezept(&args).output().unwrap();
        Run {
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn segment(&self) -> PathBuf {
        self.header.with_extension("").join("000.age")
    }

    #[track_caller]
    fn nothing_written(&self) {
        let there = fs::read_dir(self.out()).map(Iterator::count).unwrap_or_default();
        assert_eq!(there, 0, "in {}", self.out().display());
    }
}

#[test]
fn the_paper_opens_what_was_on_the_stick() {
    let spare = Spare::new();
    let signer = own(&spare.pair.clinic.recekon())["signing_key"].as_str().unwrap().to_owned();
    let done = spare.recover(&spare.header, &["--public-key", &signer]);
    assert_eq!((done.exit, done.codes()), (0, vec![]), "{done:?}");
    let object = done.of_type("recovered").pop().unwrap();
    let place = PathBuf::from(object["path"].as_str().unwrap());
    assert!(place.starts_with(fs::canonicalize(spare.out()).unwrap()), "{place:?}");
    assert_eq!(fs::read(&place).unwrap(), invented("ika_shaho/RECEIPTC.UKE"));
    // Once more: no file is ever replaced.
    refused(&spare.recover(&spare.header, &["--public-key", &signer]), 5, "RZ-K124");
    // Its folder does as well as its header; who sent it is then said to be unknown.
    fs::remove_dir_all(spare.out()).unwrap();
    let unproven = spare.recover(&spare.header.with_extension(""), &[]);
    assert_eq!((unproven.exit, unproven.codes()), (0, vec!["RZ-K125".to_owned()]), "{unproven:?}");
    assert_eq!(unproven.of_type("recovered").len(), 1);
    // The stick is as it was: the terminal takes its parcel.
    let got = spare.pair.clinic.receive();
    assert_eq!((got.exit, got.transfer()["state"].as_str()), (0, Some("ACK_WRITTEN")), "{got:?}");
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let spare = Spare::new();
    let terminal = own(&spare.pair.clinic.terminal())["signing_key"].as_str().unwrap().to_owned();
    refused(&spare.recover(&spare.header, &["--public-key", &terminal]), 6, "RZ-K121");
    refused(&spare.recover(&spare.header, &["--public-key", "no key"]), 2, "RZ-K120");
    refused(&spare.recover(&spare.out(), &[]), 3, "RZ-K119");

    let key = fs::read(&spare.key).unwrap();
    put(&spare.key, b"AGE-SECRET-KEY-1NOTAKEY");
    assert!(spare.recover(&spare.header, &[]).codes().contains(&"RZ-K120".to_owned()));
    let (_, other) = Pair::made_with_recovery();
    put(&spare.key, other.as_bytes());
    let wrong = spare.recover(&spare.header, &[]);
    assert_eq!((wrong.exit, wrong.codes().pop().as_deref()), (6, Some("RZ-K122")), "{wrong:?}");
    put(&spare.key, &key);

    let segment = fs::read(spare.segment()).unwrap();
    let mut flipped = segment.clone();
    flipped[segment.len() - 1] ^= 1;
    for damaged in [&flipped[..], &segment[..segment.len() - 1], &[&segment[..], b"x"].concat(), b""] {
        put(&spare.segment(), damaged);
        let run = spare.recover(&spare.header, &[]);
        assert_eq!((run.exit, run.codes().pop().as_deref()), (6, Some("RZ-K123")), "{run:?}");
    }
    spare.nothing_written();
    put(&spare.segment(), &segment);
    assert_eq!(spare.recover(&spare.header, &[]).exit, 0);
}
