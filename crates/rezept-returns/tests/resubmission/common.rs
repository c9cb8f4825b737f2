//! Fixtures and small helpers of these tests.

use rezept_claim::claims::Part;
use rezept_claim::{FacilityCode, Family, Month, Payer, Prefecture};
use rezept_returns::build::{Builder, Facility, Head, Written};
use rezept_returns::walk::{ClaimWalk, Piece};
use rezept_returns::{Stored, edit};
use std::path::Path;

/// A sample file of the project.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/claims").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A returned claim with bytes of its own.
#[derive(Clone)]
pub struct Returned {
    pub family: Family,
    pub search_no: String,
    pub request: Vec<u8>,
    pub reasons: Vec<u8>,
    pub history: Vec<u8>,
}

impl Returned {
    pub fn stored(&self) -> Stored<'_> {
        Stored {
            family: self.family,
            payer: Payer::Shaho,
            search_no: &self.search_no,
            request: &self.request,
            reasons: &self.reasons,
            history: &self.history,
        }
    }
}

/// The claims of a return file, cut by a way of its own: lines beginning with `HR,` and with a digit.
pub fn returned(file: &[u8], family: Family) -> Vec<Returned> {
    let mut claims: Vec<Returned> = Vec::new();
    let mut open = false;
    for line in file.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b"HI,") || line.starts_with(b"HG,") || line == b"\x1a" {
            continue;
        }
        if line.starts_with(b"HR,") {
            let claim = claims.last_mut().unwrap();
            claim.search_no = String::from_utf8(line.split(|b| *b == b',').nth(9).unwrap().to_vec()).unwrap();
            claim.reasons.extend_from_slice(line);
        } else if line[0].is_ascii_digit() {
            claims.last_mut().unwrap().history.extend_from_slice(line);
            open = false;
        } else {
            if !open {
                let (request, reasons, history) = (Vec::new(), Vec::new(), Vec::new());
                claims.push(Returned { family, search_no: String::new(), request, reasons, history });
                open = true;
            }
            claims.last_mut().unwrap().request.extend_from_slice(line);
        }
    }
    claims
}

pub fn facility() -> Facility {
    Facility {
        prefecture: Prefecture::parse(b"13").unwrap(),
        code: FacilityCode::parse(b"9999015").unwrap(),
        name: "テスト見本診療所".to_owned(),
        phone: Some("03-0000-0000".to_owned()),
        notifications: None,
    }
}

pub fn head(family: Family) -> Head {
    Head::new(family, Payer::Shaho, Month::new(2025, 1).unwrap(), &facility()).unwrap()
}

pub fn builder(family: Family) -> Builder<Vec<u8>> {
    Builder::new(Vec::new(), head(family)).unwrap()
}

pub fn edits(texts: &[&str]) -> Vec<edit::Edit> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

pub fn edited(claim: &Returned, texts: &[&str]) -> Vec<u8> {
    edit::apply(claim.family, &claim.request, &edits(texts)).unwrap().request.0
}

/// A file of returned claims, each with its corrections.
pub fn resubmission(claims: &[(&Returned, &[&str])]) -> (Vec<u8>, Written) {
    let mut builder = builder(claims[0].0.family);
    for (claim, texts) in claims {
        builder.resubmit(&claim.stored(), &edited(claim, texts)).unwrap();
    }
    builder.finish().unwrap()
}

/// The request data of each claim of a file.
pub fn requests(file: &[u8]) -> Vec<Vec<u8>> {
    let mut walk = ClaimWalk::new(file);
    let mut out = Vec::new();
    while let Some(piece) = walk.next_piece().unwrap() {
        match piece {
            Piece::Claim(claim) => out.push(claim.request().to_vec()),
            Piece::Line(line) => assert_ne!(line.part, Part::Request),
        }
    }
    out
}

pub fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!failed, "{text}");
    bytes.into_owned()
}
