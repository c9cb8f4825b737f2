//! Command lines that are wrong, and the ways around colours, pipes and full disks.

use crate::bench::{fixture, rezept, run};
use std::process::Stdio;

#[test]
fn a_wrong_word_is_told_in_the_language_asked_for() {
    let wrong = run(&["shwo", "x"]);
    assert_eq!((wrong.exit, wrong.out.as_str()), (2, ""));
    assert_eq!(
        wrong.err,
        "エラー RZ-U101\n  \
         何が起きたか: shwo という指定はありません。\n  \
         送信の状況: 何も送っていません。元のファイルはそのままです。\n  \
         次にすること: つづりを確かめてください。使い方は rezept --help で見られます。\n"
    );
    let wrong = run(&["show", "--lang=en"]);
    assert_eq!((wrong.exit, wrong.out.as_str()), (2, ""));
    assert!(wrong.err.starts_with("error RZ-U102\n  what happened: Something required is missing: <FILE>."));
}

#[test]
fn a_wrong_word_is_an_object_too() {
    let wrong = run(&["show", "x", "--json", "--bad"]);
    let objects = wrong.of_type("error");
    assert_eq!(wrong.exit, 2);
    assert_eq!((&objects[0]["code"], &objects[0]["exit"]), (&"RZ-U101".into(), &2.into()));
}

#[test]
fn no_command_is_answered_with_help_and_exit_2() {
    let bare = run(&[]);
    assert_eq!((bare.exit, bare.out.as_str()), (2, ""));
    assert!(bare.err.contains("使い方:"), "{}", bare.err);
}

#[test]
fn the_environment_chooses_the_language_and_the_option_wins() {
    let help = |name: &str, value: &str, args: &[&str]| {
        let output = rezept(args).env(name, value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(help("REZEPT_LANG", "en", &["--help"]).contains("Usage:"));
    assert!(help("REZEPT_LANG", "en_US.UTF-8", &["--help"]).contains("Usage:"));
    assert!(help("LANG", "en_US.UTF-8", &["--help"]).contains("使い方:"));
    assert!(help("LANG", "C.UTF-8", &["--help"]).contains("使い方:"));
    assert!(help("REZEPT_LANG", "en", &["--help", "--lang", "ja"]).contains("使い方:"));
}

#[test]
fn colours_only_for_those_who_insist() {
    let file = fixture("ika_shaho/RECEIPTC.UKE");
    assert!(!run(&["show", &file]).out.contains('\x1b'));
    assert!(run(&["show", &file, "--color", "always"]).out.contains("\x1b[1m"));
    let plain = rezept(&["show", &file, "--color=auto"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!plain.stdout.contains(&0x1b));
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let file = fixture("ika_shaho/RECEIPTC.UKE");
    let mut child = rezept(&["show", &file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_the_result_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let file = fixture("ika_shaho/RECEIPTC.UKE");
    let output = rezept(&["show", &file]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(err.contains("RZ-F116"), "{err}");
}
