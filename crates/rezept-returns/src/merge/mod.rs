//! Finds, among the fresh claims of a receipt computer's file, the one that takes the place of a returned claim
//! (docs/formats.md 6.3 and 6.4). It proposes; whether a fresh claim is sent as the answer is decided by a person.

mod assign;
mod graft;

pub use graft::{Fate, GraftError, graft};

use crate::build::number_key;
use crate::lines::{Line, lines, named};
use crate::stored::ClaimFacts;
use crate::walk::{ClaimBytes, ClaimWalk, Piece, WalkError};
use rezept_claim::claims::Part;
use rezept_claim::text::RawText;
use rezept_claim::{Date, Family, Month, Payer};
use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;

/// A return that waits for its corrected claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnFacts {
    /// 検索番号, digits.
    pub search_no: String,
    /// Family of the return file.
    pub family: Family,
    /// The body that returned it.
    pub payer: Payer,
    /// 処理年月 of the return.
    pub processed: Month,
    /// Its request data.
    pub facts: ClaimFacts,
}

/// A claim of a receipt computer's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshClaim {
    /// 1-based, in the order of the file.
    pub number: u64,
    /// Family of the file, as far as it was known by then.
    pub family: Family,
    /// The body of the file's header.
    pub payer: Payer,
    /// 1-based line on which it begins.
    pub first_line: u32,
    /// Bytes of its request data in the file.
    pub request: Range<u64>,
    /// Bytes of its history block in the file; empty unless the receipt computer made it a resubmission itself.
    pub history: Range<u64>,
    /// What it says.
    pub facts: ClaimFacts,
}

/// What the header of a claim file says, and its line for the new file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FreshFile {
    /// Family, as the whole file showed it.
    pub family: Option<Family>,
    /// Payer body.
    pub payer: Option<Payer>,
    /// 請求年月.
    pub month: Option<Month>,
    /// The header line without its end; see [`Head::like`](crate::build::Head::like).
    pub header: RawText,
    /// Claims.
    pub claims: u64,
}

/// Reads a claim file and hands out what each claim says, in one pass. Claims before a readable header are counted and
/// not handed out: nobody knows for whom they are.
///
/// # Errors
/// When the source cannot be read, or a claim has no end.
pub fn fresh_claims<R: Read>(source: R, each: &mut dyn FnMut(FreshClaim)) -> Result<FreshFile, WalkError> {
    let mut walk = ClaimWalk::new(source);
    let mut file = FreshFile::default();
    while let Some(piece) = walk.next_piece()? {
        match piece {
            Piece::Line(line) if line.part == Part::Header => header_of(&mut file, line.raw),
            Piece::Line(_) => {}
            Piece::Claim(claim) => take_claim(&mut file, &claim).into_iter().for_each(&mut *each),
        }
    }
    Ok(file)
}

/// Takes over what the header line says.
pub(crate) fn header_of(file: &mut FreshFile, raw: &[u8]) {
    let Some((family, line)) = header_line(raw) else { return };
    file.payer = named(family, &line, "payer").and_then(Payer::parse);
    file.month = named(family, &line, "claim_ym").and_then(Month::parse);
    file.header = RawText(line.body.to_vec());
}

/// The payer body in the header line of a claim file.
pub(crate) fn header_payer(raw: &[u8]) -> Option<Payer> {
    let (family, line) = header_line(raw)?;
    named(family, &line, "payer").and_then(Payer::parse)
}

/// The header line of a claim file, and a family whose layout it has.
fn header_line(raw: &[u8]) -> Option<(Family, Line<'_>)> {
    let line = lines(raw).next()?;
    let family = match &line.id()?.0 {
        b"IR" => Family::Ika,
        b"UK" => Family::Shika,
        b"YK" => Family::Chozai,
        b"HM" => Family::Houkan,
        _ => return None,
    };
    Some((family, line))
}

/// Counts a claim and reads what it says; `None` while the payer body is not known.
pub(crate) fn take_claim(file: &mut FreshFile, claim: &ClaimBytes<'_>) -> Option<FreshClaim> {
    file.claims += 1;
    file.family = Some(claim.family);
    file.payer.map(|payer| fresh(claim, payer))
}

fn fresh(claim: &ClaimBytes<'_>, payer: Payer) -> FreshClaim {
    let place =
        |range: Range<usize>| claim.start_byte + range.start as u64..claim.start_byte + range.end as u64;
    FreshClaim {
        number: claim.number,
        family: claim.family,
        payer,
        first_line: claim.first_line,
        request: place(claim.request_range()),
        history: place(claim.history_range()),
        facts: ClaimFacts::read(claim.family, claim.request()),
    }
}

/// What was found for a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One fresh claim, and no other return has a like right to it.
    Unambiguous(Box<FreshClaim>),
    /// Several, or one that is doubtful, or one that several returns have a like right to: a person chooses. The best
    /// come first. The same fresh claim may stand in several lists; it can answer one return only.
    Ambiguous(Vec<FreshClaim>),
    /// None.
    None,
}

/// The outcome for one return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What was found.
    pub outcome: Outcome,
    /// A newer return (its place in the list handed in) took the fresh claim that this one would have had: of several
    /// returns of one claim, the newest counts.
    pub newer: Option<usize>,
}

/// How well a fresh claim and a return fit. Better ones are greater; the order is that of docs/formats.md 6.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    /// The receipt computer wrote the 検索番号 of this return itself.
    answered: bool,
    /// カルテ番号等, month, in/out and body are equal; otherwise only person, month, in/out and body.
    keyed: bool,
    billing_info: bool,
    insurer: bool,
    symbol_and_number: bool,
    /// Name and birth date: how many of the two are equal.
    person: u8,
}

type ChartKey = (Family, Payer, Month, Option<bool>, Vec<u8>);
type PersonKey = (Family, Payer, Month, Option<bool>, Vec<u8>, Date);

/// Matches the claims of one file to open returns. Fresh claims that fit no return are not kept.
#[derive(Debug)]
pub struct Matcher {
    returns: Vec<ReturnFacts>,
    by_chart: HashMap<ChartKey, Vec<usize>>,
    by_person: HashMap<PersonKey, Vec<usize>>,
    by_number: HashMap<u128, usize>,
    fresh: Vec<FreshClaim>,
    /// For each return, the fresh claims that fit (their place in `fresh`), and how well.
    candidates: Vec<Vec<(usize, Score)>>,
}

impl Matcher {
    /// For these open returns.
    pub fn new(returns: Vec<ReturnFacts>) -> Self {
        let mut matcher = Self {
            candidates: vec![Vec::new(); returns.len()],
            returns,
            by_chart: HashMap::new(),
            by_person: HashMap::new(),
            by_number: HashMap::new(),
            fresh: Vec::new(),
        };
        for (place, item) in matcher.returns.iter().enumerate() {
            for key in chart_keys(item.family, item.payer, &item.facts) {
                matcher.by_chart.entry(key).or_default().push(place);
            }
            if let Some(key) = person_key(item.family, item.payer, &item.facts) {
                matcher.by_person.entry(key).or_default().push(place);
            }
            if let Some(key) = number_key(&item.search_no) {
                matcher.by_number.insert(key, place);
            }
        }
        matcher
    }

    /// The returns, in the order handed in.
    pub fn returns(&self) -> &[ReturnFacts] {
        &self.returns
    }

    /// Considers one claim of the file.
    pub fn offer(&mut self, fresh: FreshClaim) {
        let fits = self.fits(&fresh);
        if fits.is_empty() {
            return;
        }
        let place = self.fresh.len();
        for (item, score) in fits {
            if let Some(list) = self.candidates.get_mut(item) {
                list.push((place, score));
            }
        }
        self.fresh.push(fresh);
    }

    /// The open returns that this claim may answer, best first: also for finding claims that are billed again without
    /// their history.
    pub fn like(&self, fresh: &FreshClaim) -> Vec<usize> {
        let mut fits = self.fits(fresh);
        fits.sort_by_key(|fit| std::cmp::Reverse(fit.1));
        fits.into_iter().map(|(item, _)| item).collect()
    }

    fn fits(&self, fresh: &FreshClaim) -> Vec<(usize, Score)> {
        let facts = &fresh.facts;
        if !facts.search_no.0.is_empty() {
            // It answers the return that it names, or none that is open.
            let named = std::str::from_utf8(&facts.search_no.0).ok().and_then(number_key);
            let item = named.and_then(|key| self.by_number.get(&key)).copied();
            return item.map(|item| (item, self.score(item, facts, true, true))).into_iter().collect();
        }
        let mut items: Vec<usize> = chart_keys(fresh.family, fresh.payer, facts)
            .filter_map(|key| self.by_chart.get(&key))
            .flatten()
            .copied()
            .collect();
        items.sort_unstable();
        items.dedup();
        let keyed = !items.is_empty();
        if !keyed {
            let person = person_key(fresh.family, fresh.payer, facts);
            let same = person.and_then(|key| self.by_person.get(&key)).into_iter().flatten().copied();
            // Two different chart numbers are two different charts.
            items.extend(same.filter(|item| facts.chart_nos.is_empty() || self.has_no_chart(*item)));
        }
        items.into_iter().map(|item| (item, self.score(item, facts, false, keyed))).collect()
    }

    fn has_no_chart(&self, item: usize) -> bool {
        self.returns.get(item).is_some_and(|r| r.facts.chart_nos.is_empty())
    }

    fn score(&self, item: usize, fresh: &ClaimFacts, answered: bool, keyed: bool) -> Score {
        let Some(facts) = self.returns.get(item).map(|r| &r.facts) else {
            return Score {
                answered,
                keyed,
                billing_info: false,
                insurer: false,
                symbol_and_number: false,
                person: 0,
            };
        };
        let equal = |a: &RawText, b: &RawText| !a.0.is_empty() && a == b;
        Score {
            answered,
            keyed,
            billing_info: equal(&facts.billing_info, &fresh.billing_info),
            insurer: equal(&facts.insurer_no, &fresh.insurer_no),
            symbol_and_number: facts.symbol == fresh.symbol && equal(&facts.number, &fresh.number),
            person: u8::from(facts.plain_name() == fresh.plain_name())
                + u8::from(facts.birth.is_some() && facts.birth == fresh.birth),
        }
    }

    /// The outcome for each return, in the order handed in.
    pub fn finish(self) -> Vec<Match> {
        assign::assign(&self.returns, &self.fresh, self.candidates)
    }
}

fn chart_keys(family: Family, file: Payer, facts: &ClaimFacts) -> impl Iterator<Item = ChartKey> + '_ {
    let (payer, inpatient) = (facts.body(file), facts.inpatient());
    facts.service_month.into_iter().flat_map(move |month| {
        facts.chart_nos.iter().map(move |chart_no| (family, payer, month, inpatient, chart_no.0.clone()))
    })
}

fn person_key(family: Family, file: Payer, facts: &ClaimFacts) -> Option<PersonKey> {
    let name = facts.plain_name();
    if name.is_empty() {
        return None;
    }
    Some((family, facts.body(file), facts.service_month?, facts.inpatient(), name, facts.birth?))
}
