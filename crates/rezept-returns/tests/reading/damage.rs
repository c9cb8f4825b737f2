//! Every damage, made from a sample in its row of the table; and what is none.

use crate::common::{RETURNS, cp932, fixture, read};
use rezept_claim::{Depth, FacilityCode, PointTable, Prefecture, scan};
use rezept_returns::damage::{Damage, OwnFacility, judge};
use rezept_returns::{ReturnReader, ReturnedClaim};

fn own() -> OwnFacility {
    OwnFacility {
        prefecture: Prefecture::parse(b"13").unwrap(),
        point_table: PointTable::parse(b"1").unwrap(),
        code: FacilityCode::parse(b"9999015").unwrap(),
    }
}

/// What an import finds: the file as a whole first, then its claims.
fn damage(bytes: &[u8]) -> Option<Damage> {
    let facts = scan(bytes, Depth::Totals, &mut |_| {}).unwrap();
    judge(&facts, &own()).or_else(|| {
        let mut reader = ReturnReader::new(bytes);
        while reader.next_claim().unwrap().is_some() {}
        reader.damage()
    })
}

fn hen() -> Vec<u8> {
    fixture("hen_shaho/RECEIPTC.HEN")
}

fn decoded() -> String {
    encoding_rs::SHIFT_JIS.decode(&hen()).0.into_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// Each line changed as a spreadsheet program would.
fn lines(change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = decoded();
    let changed = text.split_inclusive("\r\n").map(|line| match line.strip_suffix("\r\n") {
        Some(line) => change(line) + "\r\n",
        None => line.to_owned(),
    });
    cp932(&changed.collect::<String>())
}

/// The file up to a place, and `more` bytes of what follows.
fn cut(mark: &str, more: usize) -> Vec<u8> {
    let (bytes, mark) = (hen(), cp932(mark));
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[..at + more].to_vec()
}

fn replaced(from: &str, to: &str) -> Vec<u8> {
    assert!(decoded().contains(from), "{from}");
    cp932(&decoded().replace(from, to))
}

#[test]
fn each_damage_has_its_name() {
    use Damage as D;
    let text = decoded();
    let page = "<!DOCTYPE html>\r\n<html><head><title>エラー</title></head><body>時間切れです</body></html>";
    let lf = hen().into_iter().filter(|b| *b != b'\r').collect::<Vec<_>>();
    let block: String = text
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_digit()))
        .map(|l| format!("{l}\r\n"))
        .collect();
    let no = "120241113000000000000000001";
    let table: Vec<(&str, Vec<u8>, Damage)> = vec![
        ("nothing in it", Vec::new(), D::Empty),
        ("only the end mark", vec![0x1A], D::Empty),
        ("an error page", page.as_bytes().to_vec(), D::WebPage),
        ("an error page in Shift_JIS", cp932(page), D::WebPage),
        ("an error page behind a mark", ["\u{FEFF}", page].concat().into_bytes(), D::WebPage),
        ("a PDF", b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n1 0 obj\n".to_vec(), D::Pdf),
        ("UTF-8", text.clone().into_bytes(), D::Encoding),
        ("UTF-8 with its mark", ["\u{FEFF}", &text].concat().into_bytes(), D::Encoding),
        ("UTF-16", utf16(&text), D::Encoding),
        ("a spreadsheet's number", replaced(no, "1.20241E+26"), D::Spreadsheet),
        ("lost zeros of the volume", replaced(",9999015,,00\r\nRE", ",9999015,,0\r\nRE"), D::Spreadsheet),
        ("commas gone from the ends", lines(|l| l.trim_end_matches(',').to_owned()), D::Spreadsheet),
        (
            "every line filled up",
            lines(|l| format!("{l}{}", ",".repeat(50usize.saturating_sub(l.matches(',').count())))),
            D::Spreadsheet,
        ),
        (
            "quotes",
            lines(|l| l.split(',').map(|i| format!("\"{i}\"")).collect::<Vec<_>>().join(",")),
            D::Spreadsheet,
        ),
        ("dates of a spreadsheet", replaced("19700105", "1970/1/5"), D::Spreadsheet),
        ("LF only", lf, D::LineEnds),
        ("no HI", hen()[30..].to_vec(), D::NoHeader),
        ("cut before HG", cut("HG,", 0), D::CutOff),
        ("cut inside HG", cut("HG,", 1), D::CutOff),
        ("cut inside a line", cut("被保険者証の記号", 3), D::CutOff),
        ("cut inside a claim", cut("2,17,0,HO", 0), D::CutOff),
        ("cut behind HI", hen()[..30].to_vec(), D::CutOff),
        ("two files joined", [hen(), hen()].concat(), D::CutOff),
        ("a later volume", replaced("HG,3,937,99", "HG,,,02"), D::VolumeMark),
        ("another facility", replaced("HI,1,202412,13,1,9999015", "HI,1,202412,13,1,9999023"), D::Foreign),
        ("another prefecture", replaced("HI,1,202412,13,", "HI,1,202412,14,"), D::Foreign),
        ("no body", replaced("HI,1,202412", "HI,9,202412"), D::Unidentified),
        ("no month", replaced("HI,1,202412", "HI,1,202413"), D::Unidentified),
        ("a claim file", fixture("ika_shaho/RECEIPTC.UKE"), D::ClaimFile),
        ("a notice", fixture("zogn/RIzogn1131999901550612.csv"), D::Notice),
        ("an insurer's set", cp932(&block), D::HistoryOnly),
        ("an archive", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), D::Archive),
        ("something else", b"GIF89a".to_vec(), D::Unknown),
        (
            "no reasons",
            lines(|l| if l.starts_with("HR,") { "SJ,07,x".to_owned() } else { l.to_owned() }),
            D::NoReasons,
        ),
    ];
    for (what, bytes, expected) in &table {
        assert_eq!(damage(bytes), Some(*expected), "{what}");
    }
    for damage in Damage::ALL {
        assert!(table.iter().any(|(_, _, expected)| expected == damage), "no file has {damage}");
    }
}

#[test]
fn what_is_no_damage() {
    for name in RETURNS {
        assert_eq!(damage(&fixture(name)), None, "{name}");
    }
    let without_mark = hen().strip_suffix(b"\x1A").unwrap().to_vec();
    let without_end = without_mark.strip_suffix(b"\r\n").unwrap().to_vec();
    let files = [
        ("0x1A lost", without_mark.clone()),
        ("0x1A twice", [hen(), vec![0x1A]].concat()),
        ("last line end lost", without_end),
        ("last line end LF", [without_mark.strip_suffix(b"\r\n").unwrap(), b"\n"].concat()),
        ("blank last line", [&without_mark[..], b"\r\n"].concat()),
        ("no volume mark", replaced(",9999015,,00\r\nRE", ",9999015,,\r\nRE")),
        ("other totals", replaced("HG,3,937,99", "HG,4,938,99")),
        ("first of two volumes", replaced("HG,3,937,99", "HG,,,01")),
        ("no claims", [&hen()[..30], b"HG,0,0,99\r\n\x1A"].concat()),
        (
            "a body that trims one record",
            replaced(",,00001-202410-1,,,,,,,,,,,,,,,,ミホン　タロウ,", ",,00001-202410-1"),
        ),
        (
            "an insurer's number without zero, as it may have been billed",
            replaced("HO,01130012", "HO,1130012"),
        ),
    ];
    for (what, bytes) in files {
        assert_eq!(damage(&bytes), None, "{what}");
    }
}

#[test]
fn a_damaged_claim_says_so_itself() {
    let claims = read(&replaced(
        "\r\nRE,1,1112,202410,見本　太郎,1,19700105,,,,,,,00001,,,,,120241113",
        "\r\nRE,1,1112,202410,見本　太郎,1,19700105,,,,,,,00001,,,,,1.2E+26,,,120241113",
    ));
    assert_eq!(
        claims.iter().map(|claim: &ReturnedClaim| claim.spreadsheet).collect::<Vec<_>>(),
        [true, false]
    );
}
