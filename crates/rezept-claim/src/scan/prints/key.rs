//! The secret under which prints are made, and the values of a claim that tell whose it is. Values leave here only as
//! digests; 検索番号 alone is a number of the review body and no secret of a patient.

use highway::{HighwayHash, HighwayHasher, Key};

use crate::identity::Family;
use crate::layout::layout;
use crate::month::Month;
use crate::record::{Items, RawRecord, RecordId};

// Why HighwayHash: a keyed hash made for inputs of this size, a claim of one or two thousand bytes. BLAKE3 works on 1,024 bytes
// at a time one after the other and took five times as long here (examples/prints_bench.rs). Its keyed digests are all that
// is asked of it: what proves that bytes arrived is SHA-256, elsewhere.

/// The secret of a station under which it makes prints: without it nobody can try out charts and months against them.
/// Prints made under different keys have nothing in common.
#[derive(Clone, PartialEq, Eq)]
pub struct PrintKey([u8; 32]);

impl PrintKey {
    /// The key with these random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one purpose, so that digests of different things never meet.
    pub(super) fn derive(&self, purpose: &[u8]) -> Key {
        Key(HighwayHasher::new(Key(words(&self.0))).hash256(purpose))
    }
}

impl std::fmt::Debug for PrintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrintKey(<hidden>)")
    }
}

fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// A digest as bytes, in one order on every machine.
pub(super) fn bytes([low, high]: [u64; 2]) -> [u8; 16] {
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// A 検索番号: 1 to 30 digits, kept in place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchNo {
    digits: [u8; Self::MAX_DIGITS],
    len: u8,
}

impl SearchNo {
    /// The longest number that the formats allow.
    pub const MAX_DIGITS: usize = 30;

    /// Reads an item: 1 to 30 digits and nothing else. Its make-up is the review body's affair and is not judged.
    #[must_use]
    pub fn parse(item: &[u8]) -> Option<Self> {
        if item.is_empty() || !item.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut digits = [0; Self::MAX_DIGITS];
        digits.get_mut(..item.len())?.copy_from_slice(item);
        Some(Self { digits, len: u8::try_from(item.len()).ok()? })
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

impl std::fmt::Debug for SearchNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SearchNo({} digits)", self.len)
    }
}

/// Place of レセプト番号 in RE of every family.
pub(super) const CLAIM_NO: usize = 2;
/// Place of 請求年月 in the IR that begins each claim of a dental file.
pub(super) const DENTAL_BILLING_MONTH: usize = 7;

/// The places in RE of what a key is made of, the record id being item 1; 0 where a family has none.
#[derive(Default)]
pub(super) struct RePlaces {
    family: Option<Family>,
    claim_type: usize,
    service_month: usize,
    chart_no: usize,
    search_no: usize,
    /// Name, sex and birth date.
    person: [usize; 3],
}

impl RePlaces {
    /// Looks the places up, once for a file.
    pub(super) fn of(&mut self, family: Family) {
        if self.family == Some(family) {
            return;
        }
        let items = layout(family, RecordId(*b"RE")).map_or(&[][..], |l| l.items);
        let place = |name: &str| items.iter().position(|item| item.name == name).map_or(0, |at| at + 1);
        let search_no = family.search_no_item();
        let chart_no = match family {
            Family::Chozai | Family::Houkan => place("record_no"),
            Family::Ika | Family::Dpc | Family::Shika => place("chart_no"),
        };
        *self = Self {
            family: Some(family),
            claim_type: place("claim_type"),
            service_month: place("service_ym"),
            chart_no,
            search_no,
            person: [place("name"), place("sex"), place("birth_date")],
        };
    }
}

#[cfg(test)]
impl RePlaces {
    /// Whether all were found, in the order in which they are read.
    pub(super) fn are_known(&self) -> bool {
        let order = [1, self.claim_type, self.service_month, self.chart_no, self.search_no];
        order.is_sorted_by(|a, b| a < b) && self.person.iter().all(|place| *place > 1)
    }
}

/// What a claim says of whose it is. Used for one claim after the other, so that nothing is allocated for each.
#[derive(Default)]
pub(super) struct ClaimKey {
    /// An RE was read: those that follow are details.
    begun: bool,
    claim_type: Vec<u8>,
    month: Vec<u8>,
    chart_no: Vec<u8>,
    /// Name, sex and birth date; read only of a claim that begins without chart number.
    person: [Vec<u8>; 3],
    payer: Vec<u8>,
    payer_kind: PayerKind,
    pub(super) search_no: Option<SearchNo>,
    pub(super) service_month: Option<Month>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum PayerKind {
    #[default]
    None,
    Public,
    Insurer,
}

impl ClaimKey {
    /// Of the details of a DPC summary only those numbers are taken that the summary has not.
    pub(super) fn read_re(&mut self, record: &RawRecord<'_>, places: &RePlaces) {
        let mut items = Walk { items: record.items(), next: 1 };
        let mut item = |place: usize| items.at(place).unwrap_or_default().trim_ascii();
        let (claim_type, month) = (item(places.claim_type), item(places.service_month));
        let (chart_no, search_no) = (item(places.chart_no), item(places.search_no));
        if !std::mem::replace(&mut self.begun, true) {
            set(&mut self.claim_type, claim_type);
            set(&mut self.month, month);
            self.service_month = Month::parse(month);
            if chart_no.is_empty() {
                for (to, place) in self.person.iter_mut().zip(places.person) {
                    set(to, record.item(place).unwrap_or_default());
                }
            }
        }
        if self.chart_no.is_empty() {
            set(&mut self.chart_no, chart_no);
        }
        if self.search_no.is_none() {
            self.search_no = SearchNo::parse(search_no);
        }
    }

    /// HO counts before any KO, the first of each before those that follow.
    pub(super) fn read_payer(&mut self, record: &RawRecord<'_>, insurer: bool) {
        let kind = if insurer { PayerKind::Insurer } else { PayerKind::Public };
        let better = self.payer_kind == PayerKind::None || insurer && self.payer_kind == PayerKind::Public;
        if better {
            self.payer_kind = kind;
            set(&mut self.payer, record.item(2).unwrap_or_default().trim_ascii());
        }
    }

    /// The keyed digest. Every value goes in behind its length, so that no two claims run together to the same bytes.
    pub(super) fn digest(&self, key: Key, scratch: &mut Vec<u8>) -> [u8; 16] {
        scratch.clear();
        let mut put = |item: &[u8]| {
            scratch.extend_from_slice(&(item.len() as u64).to_le_bytes());
            scratch.extend_from_slice(item);
        };
        put(&self.chart_no);
        if self.chart_no.is_empty() {
            // Without it all patients of an insurer would be one.
            self.person.iter().for_each(|item| put(item));
        }
        match self.service_month {
            // Era and Gregorian months of the same name are the same.
            Some(month) => put(&[month.year().to_le_bytes().as_slice(), &[month.month()]].concat()),
            None => put(&self.month),
        }
        put(&self.claim_type);
        put(match self.payer_kind {
            PayerKind::None => b"",
            PayerKind::Public => b"KO",
            PayerKind::Insurer => b"HO",
        });
        put(&self.payer);
        bytes(HighwayHasher::new(key).hash128(scratch))
    }

    pub(super) fn clear(&mut self) {
        self.begun = false;
        for item in [&mut self.claim_type, &mut self.month, &mut self.chart_no, &mut self.payer] {
            item.clear();
        }
        self.person.iter_mut().for_each(Vec::clear);
        self.payer_kind = PayerKind::None;
        self.search_no = None;
        self.service_month = None;
    }
}

/// The items of a record in the order of their places, each looked for behind the one before.
struct Walk<'a> {
    items: Items<'a>,
    next: usize,
}

impl<'a> Walk<'a> {
    fn at(&mut self, place: usize) -> Option<&'a [u8]> {
        let item = self.items.nth(place.checked_sub(self.next)?);
        self.next = place + 1;
        item
    }
}

fn set(to: &mut Vec<u8>, item: &[u8]) {
    to.clear();
    to.extend_from_slice(item);
}
