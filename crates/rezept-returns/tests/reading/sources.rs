//! What browsers and offices make of return files: names of every kind, archives of every kind.

use crate::archive::{Member, member, zip};
use crate::common::{RETURNS, cp932, fixture};
use rezept_returns::sources::{SourceError, members};
use std::io::{Cursor, Write};

type Found = Vec<(String, Vec<u8>)>;

fn look(name: &str, bytes: &[u8]) -> Result<(bool, Found), SourceError<std::io::Error>> {
    let mut found = Vec::new();
    let archive = members(name, Cursor::new(bytes), &mut |name, from| {
        let mut content = Vec::new();
        from.read_to_end(&mut content)?;
        found.push((name.to_owned(), content));
        Ok(())
    })?;
    Ok((archive, found))
}

fn names(bytes: &[u8]) -> Vec<String> {
    look("A.zip", bytes).unwrap().1.into_iter().map(|(name, _)| name).collect()
}

fn hen() -> Vec<u8> {
    fixture("hen_shaho/RECEIPTC.HEN")
}

fn error(members: &[Member]) -> SourceError<std::io::Error> {
    look("A.zip", &zip(members)).unwrap_err()
}

#[test]
fn a_file_by_itself_comes_as_it_is_whatever_its_name() {
    for name in ["RECEIPTC.HEN", "RECEIPTC (1).HEN", "RECEIPTC.HEN.txt", "返戻.zip", ""] {
        for sample in RETURNS {
            let bytes = fixture(sample);
            assert_eq!(look(name, &bytes).unwrap(), (false, vec![(name.to_owned(), bytes)]));
        }
    }
    for bytes in [&b""[..], b"P", b"PK", b"PK\x03", b"PKxx"] {
        assert_eq!(look("x", bytes).unwrap(), (false, vec![("x".to_owned(), bytes.to_vec())]));
    }
}

#[test]
fn an_archive_is_told_by_its_content_and_names_are_read_in_any_encoding() {
    let sah = fixture("sah_shaho/RECEIPTC.SAH");
    let bytes = zip(&[
        member("社保/RECEIPTC.HEN", &hen()),
        member(cp932("国保/返戻ソ.HEN"), &sah),
        member("国保/", b""),
        member("__MACOSX/._RECEIPTC.HEN", b"x"),
        member("社保/.DS_Store", b"x"),
        member(b"\xFF\x00\xFE.HEN", b""),
    ]);
    let (archive, found) = look("RECEIPTC.HEN", &bytes).unwrap();
    assert!(archive);
    assert_eq!(found[0], ("RECEIPTC.HEN/社保/RECEIPTC.HEN".to_owned(), hen()));
    assert_eq!(found[1], ("RECEIPTC.HEN/国保/返戻ソ.HEN".to_owned(), sah));
    assert_eq!((found.len(), found[2].1.len()), (3, 0));
    assert_eq!(names(&zip(&[])), Vec::<String>::new());
}

#[test]
fn packed_members() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for method in [zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored] {
        writer.start_file(format!("{method}.HEN"), options.compression_method(method)).unwrap();
        writer.write_all(&hen()).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let (_, found) = look("A.zip", &bytes).unwrap();
    assert_eq!(found.iter().map(|(_, content)| content == &hen()).collect::<Vec<_>>(), [true, true]);
    // Cut anywhere it is damaged, and never half of it comes as if it were whole.
    for end in (4..bytes.len()).step_by(97) {
        let cut = look("A.zip", &bytes[..end]);
        assert!(matches!(cut, Err(SourceError::Damaged(_))), "{end}: {cut:?}");
    }
}

#[test]
fn an_archive_inside_an_archive_is_opened_once() {
    let inner = zip(&[member("RECEIPTC.HEN", &hen())]);
    let outer = zip(&[member("a.txt", b"hello"), member("B.zip", &inner)]);
    assert_eq!(names(&outer), ["A.zip/a.txt", "A.zip/B.zip/RECEIPTC.HEN"]);
    let nested = error(&[member("C.zip", &outer)]);
    assert!(matches!(nested, SourceError::Nested), "{nested:?}");
}

#[test]
fn refusals_have_names() {
    let one = member("RECEIPTC.HEN", &hen());
    let encrypted = error(&[Member { flags: 1, ..one.clone() }]);
    assert!(matches!(encrypted, SourceError::Encrypted), "{encrypted:?}");
    let unknown = error(&[Member { method: 12, ..one.clone() }]);
    assert!(matches!(unknown, SourceError::Method), "{unknown:?}");
    let twice = error(&[one.clone(), member("RECEIPTC.HEN", b"other")]);
    assert!(matches!(twice, SourceError::SameName), "{twice:?}");
    let many: Vec<Member> = (0..2001).map(|n| member(format!("{n}.HEN"), b"")).collect();
    assert!(matches!(error(&many), SourceError::TooLarge));
    let huge: Vec<Member> =
        (0..3).map(|n| Member { size: Some(u32::MAX - 1), ..member(format!("{n}"), b"HI,1") }).collect();
    let mut taken = 0;
    let told = members("A.zip", Cursor::new(zip(&huge)), &mut |_, _| {
        taken += 1;
        Ok::<(), ()>(())
    });
    assert!(matches!(told, Err(SourceError::TooLarge)) && taken == 2, "what is declared counts, read or not");
}

#[test]
fn sizes_and_sums_that_lie_are_errors_for_who_reads() {
    let one = member("RECEIPTC.HEN", &hen());
    let size = u32::try_from(hen().len()).unwrap();
    for (what, lie) in [
        ("less declared", Member { size: Some(size - 1), ..one.clone() }),
        ("nothing declared", Member { size: Some(0), ..one.clone() }),
        ("more declared", Member { size: Some(size + 1), ..one.clone() }),
        ("another sum", Member { crc: Some(7), ..one.clone() }),
    ] {
        let told = look("A.zip", &zip(&[lie]));
        assert!(told.is_err(), "{what}: {told:?}");
    }
}

#[test]
fn what_the_caller_meets_ends_the_walk() {
    let bytes = zip(&[member("a", b"1"), member("b", b"2")]);
    let mut seen = 0;
    let told = members("A.zip", Cursor::new(&bytes), &mut |_, _| {
        seen += 1;
        Err::<(), &str>("stop")
    });
    assert!(matches!(told, Err(SourceError::Member("stop"))) && seen == 1);
    // Nobody has to read a member to its end.
    let taken = members("A.zip", Cursor::new(&bytes), &mut |_, _| Ok::<(), ()>(()));
    assert!(matches!(taken, Ok(true)));
}
