//! The model against the real thing: random operations give the same answers, errors and trees on both.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use std::io::{Read, Write};

use proptest::prelude::*;
use rezept_testkit::model::{ModelOptions, ModelVolume};
use rezept_transfer::os::OsVolume;
use rezept_transfer::volume::{EntryKind, FailureKind, RelPath, Renamed, Volume, VolumeResult};

#[derive(Clone, Debug)]
enum Step {
    MakeFolder(RelPath),
    Create(RelPath, Vec<u8>),
    Open(RelPath),
    ReadBack(RelPath),
    Rename(RelPath, RelPath),
    RemoveFile(RelPath),
    RemoveFolder(RelPath),
    List(RelPath),
    Stat(RelPath),
    Flush(Vec<RelPath>),
    FlushFolder(RelPath),
}

/// What a step answers, in a form that both volumes share.
#[derive(PartialEq, Eq, Debug)]
enum Answer {
    Done,
    Bytes(Vec<u8>),
    Names(Option<Vec<(String, EntryKind, u64)>>),
    Kind(Option<(EntryKind, u64)>),
    Renamed(Renamed),
    Failed(FailureKind),
}

fn perform(volume: &dyn Volume, step: &Step) -> Answer {
    try_step(volume, step).unwrap_or_else(|error| Answer::Failed(error.kind()))
}

fn try_step(volume: &dyn Volume, step: &Step) -> VolumeResult<Answer> {
    Ok(match step {
        Step::MakeFolder(path) => volume.make_folder(path).map(|()| Answer::Done)?,
        Step::Create(path, bytes) => {
            let mut file = volume.create_new(path)?;
            file.write_all(bytes).unwrap();
            file.close().unwrap();
            Answer::Done
        }
        Step::Open(path) => Answer::Bytes(read_all(volume.open(path)?)),
        Step::ReadBack(path) => {
            let mut reading = volume.read_back(std::slice::from_ref(path))?;
            Answer::Bytes(read_all(reading.open(path)?))
        }
        Step::Rename(from, to) => Answer::Renamed(volume.rename_new(from, to)?),
        Step::RemoveFile(path) => volume.remove_file(path).map(|()| Answer::Done)?,
        Step::RemoveFolder(path) => volume.remove_folder(path).map(|()| Answer::Done)?,
        Step::List(path) => Answer::Names(volume.list(path)?.map(|entries| {
            let of = |e: rezept_transfer::volume::Entry| (e.name.unwrap(), e.meta.kind, e.meta.size_bytes);
            let mut names: Vec<_> = entries.into_iter().map(of).collect();
            names.sort_by(|a, b| a.0.cmp(&b.0));
            names
        })),
        Step::Stat(path) => Answer::Kind(volume.stat(path)?.map(|meta| (meta.kind, meta.size_bytes))),
        Step::Flush(paths) => volume.flush(paths).map(|()| Answer::Done)?,
        Step::FlushFolder(path) => volume.flush_folder(path).map(|()| Answer::Done)?,
    })
}

fn read_all(mut reader: Box<dyn Read + Send>) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Few names and little depth, so that steps meet each other.
fn any_path() -> impl Strategy<Value = RelPath> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "A", "c.part"]), 1..=3)
        .prop_map(|parts| RelPath::new(&parts.join("/")).unwrap())
}

fn any_folder() -> impl Strategy<Value = RelPath> {
    prop_oneof![Just(RelPath::ROOT), any_path()]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any_path().prop_map(Step::MakeFolder),
        4 => (any_path(), prop::collection::vec(any::<u8>(), 0..2000)).prop_map(|(p, b)| Step::Create(p, b)),
        2 => any_path().prop_map(Step::Open),
        1 => any_path().prop_map(Step::ReadBack),
        4 => (any_path(), any_path()).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => any_path().prop_map(Step::RemoveFile),
        1 => any_path().prop_map(Step::RemoveFolder),
        1 => any_folder().prop_map(Step::List),
        1 => any_folder().prop_map(Step::Stat),
        1 => Just(Step::Flush(Vec::new())),
        1 => any_folder().prop_map(Step::FlushFolder),
    ]
}

/// Everything below a folder, by the volume's own answers.
fn tree(volume: &dyn Volume, folder: &RelPath, out: &mut Vec<(String, Answer)>) {
    let Answer::Names(Some(names)) = perform(volume, &Step::List(folder.clone())) else { return };
    for (name, kind, _) in names {
        let path = folder.join(&name).unwrap();
        let content =
            if kind == EntryKind::File { perform(volume, &Step::Open(path.clone())) } else { Answer::Done };
        out.push((path.to_string(), content));
        tree(volume, &path, out);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn model_and_system_agree(steps in prop::collection::vec(any_step(), 1..40)) {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let real = OsVolume::open(folder.path()).unwrap();
        let model = ModelVolume::new(ModelOptions::disk("model"));
        for step in &steps {
            prop_assert_eq!(perform(&real, step), perform(&model, step), "{:?}", step);
        }
        let (mut of_real, mut of_model) = (Vec::new(), Vec::new());
        tree(&real, &RelPath::ROOT, &mut of_real);
        tree(&model, &RelPath::ROOT, &mut of_model);
        prop_assert_eq!(of_real, of_model);
    }
}
