//! The corpus of path attacks (fault catalogue, row 18): each refused for its own reason, ordinary names taken,
//! and names that some file system takes for one found out.

use proptest::prelude::*;
use rezept_parcel::PayloadPath;
use rezept_parcel::paths::{
    COMPONENT_MAX, Collisions, PATH_MAX, PathProblem, TwinKind, check_component, check_relative,
    check_relative_bytes, fold, is_reserved_device,
};

#[test]
fn attacks_are_refused_each_for_its_reason() {
    use PathProblem as P;
    let long = "a".repeat(COMPONENT_MAX + 1);
    let kanji = "字".repeat(86);
    let deep = ["a"; PATH_MAX].join("/");
    let cases: &[(&str, PathProblem)] = &[
        ("", P::Empty),
        ("a//b", P::Empty),
        ("a/", P::Empty),
        ("/etc/passwd", P::Absolute),
        ("\\Windows", P::Absolute),
        ("C:\\Windows\\x", P::Drive),
        ("c:x", P::Drive),
        ("Z:/x", P::Drive),
        ("\\\\server\\share\\x", P::Unc),
        ("//server/share/x", P::Unc),
        ("\\\\?\\C:\\x", P::Unc),
        ("\\\\.\\COM1", P::Unc),
        ("..", P::Dots),
        ("../x", P::Dots),
        ("a/../../x", P::Dots),
        ("a/./b", P::Dots),
        (".", P::Dots),
        ("a\\..\\x", P::Backslash),
        ("..\\x", P::Backslash),
        ("~/x", P::Tilde),
        ("~root/x", P::Tilde),
        ("a/~x", P::Tilde),
        ("%HomeDrive%\\x", P::Backslash),
        ("%HomeDrive%/x", P::Variable),
        ("a/%TEMP%", P::Variable),
        ("RECEIPTC.UKE:hidden", P::Stream),
        ("a/b::$DATA", P::Stream),
        ("CON", P::ReservedDevice),
        ("con.txt", P::ReservedDevice),
        ("a/NUL", P::ReservedDevice),
        ("nul.tar.gz", P::ReservedDevice),
        ("aux .uke", P::ReservedDevice),
        ("PRN/x", P::ReservedDevice),
        ("COM1", P::ReservedDevice),
        ("lpt9.UKE", P::ReservedDevice),
        ("COM\u{B9}", P::ReservedDevice),
        ("lpt\u{B2}.txt", P::ReservedDevice),
        ("COM\u{B3}.UKE", P::ReservedDevice),
        ("CONIN$", P::ReservedDevice),
        ("conout$.x", P::ReservedDevice),
        ("RECEIPTC.UKE.", P::TrailingDotOrSpace),
        ("RECEIPTC.UKE ", P::TrailingDotOrSpace),
        ("a./b", P::TrailingDotOrSpace),
        ("...", P::TrailingDotOrSpace),
        ("a\nb", P::Control),
        ("a\r", P::Control),
        ("a\0b", P::Control),
        ("a\u{1B}[2Jb", P::Control),
        ("a\u{7F}", P::Control),
        ("a\u{85}", P::Control),
        ("a\u{202E}EKU.exe", P::Invisible),
        ("a\u{2066}b", P::Invisible),
        ("a\u{200F}b", P::Invisible),
        ("a\u{200B}b", P::Invisible),
        ("\u{FEFF}a", P::Invisible),
        ("a\u{AD}b", P::Invisible),
        ("a\u{2028}b", P::Invisible),
        ("a?b", P::Forbidden),
        ("a*", P::Forbidden),
        ("a|b", P::Forbidden),
        ("<a>", P::Forbidden),
        ("\"a\"", P::Forbidden),
        ("a\u{FFFD}", P::NotText),
        (&long, P::TooLong),
        (&kanji, P::TooLong),
        (&deep, P::TooLong),
    ];
    for (path, problem) in cases {
        assert_eq!(check_relative(path), Err(*problem), "{path:?}");
        assert!(path.parse::<PayloadPath>().is_err(), "{path:?}");
        let inside = format!("data/202604-shaho-01/{path}");
        assert!(inside.parse::<PayloadPath>().is_err(), "{inside:?}");
    }
    assert_eq!(check_relative_bytes(b"a\xFF"), Err(P::NotText));
    assert_eq!(check_relative_bytes(b"\x90\xBF\x8B\x81.UKE"), Err(P::NotText));
    println!("path attacks refused: {}", cases.len() + 2);
}

#[test]
fn ordinary_names_are_taken() {
    let names = [
        "RECEIPTC.UKE",
        "data/202604-shaho-01/RECEIPTC.UKE",
        "RECEIPTC社保.UKE",
        "請求/2026年04月/国保.UKE",
        "a b (2).UKE",
        ".hidden",
        "a~1",
        "100%",
        "%7Etest",
        "50%-60%",
        "console.txt",
        "COM10",
        "COM",
        "nulls",
        "ｎｕｌ",
        &"a".repeat(PATH_MAX),
    ];
    for name in names {
        assert_eq!(check_relative(name), Ok(()), "{name:?}");
        assert_eq!(check_relative_bytes(name.as_bytes()), Ok(()), "{name:?}");
    }
    assert!(!is_reserved_device("RECEIPTC.UKE"));
    assert_eq!(check_component("a/b"), Err(PathProblem::Backslash));
}

#[test]
fn twins_are_found() {
    let twin = |first: &str, second: &str| {
        let mut set = Collisions::default();
        set.insert(first).unwrap();
        set.insert(second).err().map(|(earlier, kind)| {
            assert_eq!(earlier, first);
            kind
        })
    };
    assert_eq!(twin("a/RECEIPTC.UKE", "a/RECEIPTC.UKE"), Some(TwinKind::Same));
    assert_eq!(twin("a/RECEIPTC.UKE", "A/receiptc.uke"), Some(TwinKind::Case));
    assert_eq!(twin("Stra\u{DF}e", "STRASSE"), Some(TwinKind::Case));
    assert_eq!(twin("\u{3C3}\u{3C2}", "\u{3A3}\u{3A3}"), Some(TwinKind::Case));
    assert_eq!(twin("\u{FF21}", "\u{FF41}"), Some(TwinKind::Case));
    assert_eq!(twin("が", "か\u{3099}"), Some(TwinKind::Normalization));
    assert_eq!(twin("Nu\u{301}n\u{303}ez", "N\u{FA}\u{F1}ez"), Some(TwinKind::Normalization));
    assert_eq!(twin("É", "e\u{301}"), Some(TwinKind::Case));
    assert_eq!(twin("a/RECEIPTC.UKE", "b/RECEIPTC.UKE"), None);
    assert_eq!(twin("か", "が"), None);
    assert_eq!(twin("ア", "ｱ"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A path that passes, joined to a folder, stays inside it and names what it says, on Windows too.
    #[test]
    fn what_passes_stays_inside(path in "[a-zA-Z.~ :/\\\\%\n]{0,12}|\\PC{0,12}") {
        if check_relative(&path).is_ok() {
            prop_assert!(!path.contains(['\\', ':', '\0', '\n']));
            prop_assert!(path.split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
            prop_assert!(path.split('/').all(|part| !part.ends_with(['.', ' '])));
        }
    }

    #[test]
    fn folding_is_stable_and_blind_to_case(path in "\\PC{0,12}") {
        let folded = fold(&path);
        prop_assert_eq!(fold(&folded), folded.clone());
        prop_assert_eq!(fold(&path.to_uppercase()), folded);
    }
}
