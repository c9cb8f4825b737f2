//! Invented contents of a history: which claims a file holds, in which version, and its bytes.

use rezept_testkit::claims::{Body, Invented};
use rezept_testkit::rng::Rng;

/// So many patients are there: few, so that files share claims.
const PATIENTS: u32 = 5;
/// So many wordings of one claim.
const VERSIONS: u8 = 3;

/// Whose claim of which billing month and body: what must not be billed twice.
pub type Key = (u8, u8, u32);

/// A claim file by what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spec {
    /// November or December.
    pub month: u8,
    /// 1 or 2.
    pub body: u8,
    /// Patients and the version of their claim, in the order of the file.
    pub claims: Vec<(u32, u8)>,
}

impl Spec {
    /// A file of any month and body.
    pub fn any(rng: &mut Rng) -> Self {
        // Mostly one month of one body, so that files meet.
        let (month, body) = (if rng.below(6) == 0 { 12 } else { 11 }, if rng.below(6) == 0 { 2 } else { 1 });
        let mut spec = Self { month, body, claims: Vec::new() };
        spec.claims = spec.draw(1 + rng.below(3), &[], rng);
        spec
    }

    /// Up to `count` claims of patients that are not among `without`.
    fn draw(&self, count: usize, without: &[u32], rng: &mut Rng) -> Vec<(u32, u8)> {
        let mut patients: Vec<u32> = (1..=PATIENTS).filter(|patient| !without.contains(patient)).collect();
        let mut claims = Vec::new();
        while claims.len() < count && !patients.is_empty() {
            claims.push((patients.remove(rng.below(patients.len())), 1));
        }
        claims.sort_unstable();
        claims
    }

    /// The same file with one claim worded in another way.
    pub fn corrected(&self, rng: &mut Rng) -> Self {
        let mut spec = self.clone();
        let at = rng.below(spec.claims.len());
        if let Some((_, version)) = spec.claims.get_mut(at) {
            *version = *version % VERSIONS + 1;
        }
        spec
    }

    /// Another file of the same month and body that has no claim in common with this one; `None` where no patient is left.
    pub fn other_part(&self, rng: &mut Rng) -> Option<Self> {
        let here: Vec<u32> = self.claims.iter().map(|(patient, _)| *patient).collect();
        let claims = self.draw(1 + rng.below(2), &here, rng);
        (!claims.is_empty()).then(|| Self { claims, ..self.clone() })
    }

    /// The same claims in another order: other bytes that say the same.
    pub fn reordered(&self) -> Self {
        let mut spec = self.clone();
        spec.claims.reverse();
        spec
    }

    /// Whose claims it holds.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.claims.iter().map(|(patient, _)| (self.month, self.body, *patient))
    }

    /// Whether it bills a claim that the other one bills too, worded alike or not.
    pub fn shares_a_claim_with(&self, other: &Self) -> bool {
        self.keys().any(|key| other.keys().any(|one| one == key))
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let body = if self.body == 1 { Body::Shaho } else { Body::Kokuho };
        let (mut bytes, mut total) = (Vec::new(), 0);
        for (index, (patient, version)) in self.claims.iter().enumerate() {
            let one =
                Invented::ika().body(body).month(2024, self.month).patients_from(*patient).claims(1).make();
            for line in one.split_inclusive(|byte| *byte == b'\n') {
                if line.starts_with(b"IR,") && index > 0 {
                    continue;
                }
                if let Some(rest) = line.strip_prefix(b"RE,1,".as_slice()) {
                    bytes.extend(format!("RE,{},", index + 1).bytes());
                    bytes.extend(rest);
                } else if let Some(rest) = line.strip_prefix(b"SY,8833421,".as_slice()) {
                    // Another first day of the disease: a changed claim with the same points.
                    let (month, rest) = rest.split_at(6);
                    bytes.extend([b"SY,8833421,", month, format!("0{version}").as_bytes()].concat());
                    bytes.extend(rest.get(2..).unwrap_or_default());
                } else if let Some(rest) = line.strip_prefix(b"GO,1,".as_slice()) {
                    let digits = rest.split(|byte| *byte == b',').next().unwrap_or_default();
                    total += String::from_utf8_lossy(digits).parse::<u64>().unwrap_or_default();
                } else if line != [0x1A] {
                    bytes.extend(line);
                }
            }
        }
        bytes.extend(format!("GO,{},{total},99\r\n", self.claims.len()).bytes());
        bytes.push(0x1A);
        bytes
    }

    /// In a line, for whoever replays a history.
    pub fn words(&self) -> String {
        let claims: Vec<String> =
            self.claims.iter().map(|(patient, version)| format!("{patient}v{version}")).collect();
        format!("{}/{}[{}]", self.month, self.body, claims.join(" "))
    }
}
