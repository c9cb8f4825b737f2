//! The escape without `rezept`: `minisign`, `age`, `unzip` and `bagit.py` open a sealed parcel, given the keys. What is not
//! installed is left out and says so; `scripts/test` installs all four. `docs/medium-protocol.md` describes these commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::sealing::{Parcel, seal};
use rezept_parcel::sealed::{open_small, seal_small};
use rezept_parcel::{Content, SEGMENT_BYTES};
use rezept_parcel::{
    Digest, Envelope, Header, OpeningKey, Segment, SignatureError, SigningKey, VerifyingKey, names,
};

/// Whether all of these programs are there; which are not is printed.
fn installed(programs: &[&str]) -> bool {
    let missing: Vec<_> =
        programs.iter().filter(|program| Command::new(program).arg("--version").output().is_err()).collect();
    if !missing.is_empty() {
        println!("skip: not installed: {missing:?}");
    }
    missing.is_empty()
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn succeeds(folder: &Path, program: &str, arguments: &[&str]) {
    let output = run(folder, program, arguments);
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&said));
}

/// A medium with one sealed parcel of three segments, and the two keys that a person brings.
struct Medium {
    root: tempfile::TempDir,
    parcel: Parcel,
    id: String,
}

fn medium() -> Medium {
    let mut parcel = Parcel::of_sizes(&[100_000, 0, 70_000]);
    let (signing, opening) = (SigningKey::generate().unwrap(), OpeningKey::generate());
    let sealed = seal(&parcel, &[opening.recipient(), OpeningKey::generate().recipient()]);
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let id = parcel.plan.id();
    fs::create_dir(at(&id.to_string())).unwrap();
    // Segments are a gibibyte each; that they are joined by `cat` is shown with small ones.
    for (index, part) in sealed.chunks(sealed.len() / 3 + 1).enumerate() {
        fs::write(at(&id.to_string()).join(names::segment_name(index)), part).unwrap();
    }
    let segment = Segment { sha256: Digest::of(&sealed), size: sealed.len() as u64 };
    assert!(segment.size < SEGMENT_BYTES);
    parcel.outer.content = Content::Sealed(Envelope::new(vec![segment]).unwrap());
    let header = parcel.outer.to_bytes().unwrap();
    fs::write(at(&names::header_name(id)), &header).unwrap();
    fs::write(at(&names::header_signature_name(id)), signing.sign(&header).unwrap()).unwrap();
    fs::write(at("sender.pub"), signing.public().unwrap().public_key_file()).unwrap();
    fs::write(at("receiver.key"), format!("{}\n", *opening.secret_text())).unwrap();
    Medium { root, parcel, id: id.to_string() }
}

#[test]
fn minisign_checks_our_headers() {
    if !installed(&["minisign"]) {
        return;
    }
    let Medium { root, id, .. } = medium();
    let header = format!("{id}.hdr");
    succeeds(root.path(), "minisign", &["-V", "-p", "sender.pub", "-m", &header]);
    let mut bytes = fs::read(root.path().join(&header)).unwrap();
    bytes[30] ^= 1;
    fs::write(root.path().join(&header), bytes).unwrap();
    let refused = run(root.path(), "minisign", &["-V", "-p", "sender.pub", "-m", &header]);
    assert!(!refused.status.success(), "minisign did not look");
}

#[test]
fn age_unzip_and_bagit_py_open_our_parcels() {
    if !installed(&["age", "unzip", "sh"]) {
        return;
    }
    let Medium { root, parcel, id } = medium();
    let script =
        format!("cat {id}/*.age | age -d -i receiver.key -o parcel.zip && unzip -q parcel.zip -d out");
    succeeds(root.path(), "sh", &["-c", &script]);
    succeeds(root.path(), "unzip", &["-tq", "parcel.zip"]);
    let bag = root.path().join("out").join(&id);
    for (file, expected) in parcel.plan.files().iter().zip(&parcel.contents) {
        assert!(&fs::read(bag.join(file.path.as_str())).unwrap() == expected, "{}", file.path);
    }
    let header = fs::read(root.path().join("out").join(format!("{id}.hdr"))).unwrap();
    assert_eq!(Header::parse(&header).unwrap(), parcel.inner);
    let Some(python) = std::env::var_os("REZEPT_BAGIT_PYTHON").map(PathBuf::from) else {
        println!(
            "skip: REZEPT_BAGIT_PYTHON names no python with bagit; the files were compared byte by byte"
        );
        return;
    };
    let bagit =
        |folder: &Path| Command::new(&python).args(["-m", "bagit", "--validate"]).arg(folder).output();
    let output = bagit(&bag).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(bag.join(parcel.plan.files()[0].path.as_str()), b"x").unwrap();
    assert!(!bagit(&bag).unwrap().status.success(), "bagit.py did not look");
    println!("age, unzip and bagit.py opened the parcel");
}

#[test]
fn what_minisign_signs_is_accepted() {
    if !installed(&["minisign"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text"), b"text").unwrap();
    succeeds(folder.path(), "minisign", &["-G", "-W", "-p", "a.pub", "-s", "a.key"]);
    succeeds(folder.path(), "minisign", &["-S", "-s", "a.key", "-m", "text"]);
    let public = fs::read_to_string(at("a.pub")).unwrap();
    let key: VerifyingKey = public.lines().nth(1).unwrap().parse().unwrap();
    let signature = fs::read(at("text.minisig")).unwrap();
    assert_eq!(key.verify(b"text", &signature), Ok(()));
    assert_eq!(key.verify(b"Text", &signature), Err(SignatureError::Differs));
    // The old way signs without hashing first; nothing of ours does, so it is not taken.
    succeeds(folder.path(), "minisign", &["-S", "-l", "-s", "a.key", "-m", "text"]);
    let legacy = fs::read(at("text.minisig")).unwrap();
    assert_eq!(key.verify(b"text", &legacy), Err(SignatureError::Malformed));
    // And a key of ours signs there.
    let ours = SigningKey::generate().unwrap();
    fs::write(at("ours.key"), ours.secret_text().as_bytes()).unwrap();
    succeeds(folder.path(), "minisign", &["-S", "-s", "ours.key", "-m", "text"]);
    let signature = fs::read(at("text.minisig")).unwrap();
    assert_eq!(ours.public().unwrap().verify(b"text", &signature), Ok(()));
}

#[test]
fn age_and_we_open_each_others_files() {
    if !installed(&["age", "age-keygen"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    succeeds(folder.path(), "age-keygen", &["-o", "a.key"]);
    let text = fs::read_to_string(at("a.key")).unwrap();
    let key: OpeningKey = text.lines().find(|line| line.starts_with("AGE-")).unwrap().parse().unwrap();
    fs::write(at("text"), b"text").unwrap();
    let to = key.recipient().to_string();
    succeeds(folder.path(), "age", &["-r", &to, "-o", "theirs.age", "text"]);
    let theirs = fs::read(at("theirs.age")).unwrap();
    assert_eq!(open_small(&theirs, std::slice::from_ref(&key), 10).unwrap(), b"text");
    fs::write(at("ours.age"), seal_small(b"ours", &[key.recipient()]).unwrap()).unwrap();
    succeeds(folder.path(), "age", &["-d", "-i", "a.key", "-o", "ours", "ours.age"]);
    assert_eq!(fs::read(at("ours")).unwrap(), b"ours");
}
