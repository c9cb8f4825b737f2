//! What the records of one claim say of each other: day columns and times, points of the lines and of the payers, order,
//! the parts of a returned claim. State is kept for one claim at a time.

use crate::claims::{Part, Place};
use crate::codes::burden_mask;
use crate::finding::{Note, Severity};
use crate::identity::{Family, Kind};
use crate::layout::layout;
use crate::record::{Position, RawRecord, RecordId};
use crate::scan::lines::Fault;
use crate::scan::{Out, number};

const RC: RecordId = RecordId(*b"RC");

/// Findings for points that do not add up: insurance, then the first to fourth public payer.
const POINTS_CODES: [&str; 5] = ["45010", "45020", "45030", "45250", "45260"];

/// The claim being read.
#[derive(Debug, Default)]
pub(super) struct Claim {
    open: Option<Position>,
    part: Reading,
    summary: Option<Summary>,
    worst: Worst,
    reasons: bool,
    history: Option<(Option<RecordId>, Position)>,
    misplaced: bool,
}

/// The gravest fault met.
#[derive(Clone, Copy, Debug)]
struct Worst(Fault);

impl Default for Worst {
    fn default() -> Self {
        Self(Fault::None)
    }
}

/// From one RE to the next: a claim, or one part of a DPC claim.
#[derive(Debug, Default)]
struct Reading {
    family: Option<Family>,
    /// 総括区分 1: has sums of its own, no lines.
    is_summary: bool,
    is_detail: bool,
    payers: [Option<Declared>; 5],
    insurers: u8,
    public: u8,
    /// Points of the lines, for each payer.
    sums: [u64; 5],
    /// Points of the lines and of GT, whoever pays (DPC).
    total: i64,
    /// 診療識別 97: meals, counted as amounts.
    meals: bool,
    rank: u8,
    worst: Worst,
}

/// What HO or KO says.
#[derive(Clone, Copy, Debug)]
struct Declared {
    days: u64,
    points: u64,
    position: Position,
    id: Option<RecordId>,
}

/// A DPC summary and what its details add up to.
#[derive(Clone, Copy, Debug)]
struct Summary {
    declared: Declared,
    days: u64,
    points: u64,
}

impl Claim {
    #[inline]
    pub(super) fn record(
        &mut self,
        record: &RawRecord<'_>,
        place: Place,
        family: Family,
        kind: Kind,
        fault: Fault,
        out: &mut Out<'_, '_>,
    ) {
        match place.part {
            Part::Request => self.request(record, place, family, kind, fault, out),
            Part::History => {
                if fault == Fault::Unknown {
                    self.worst.0 = fault;
                }
                self.history = Some((record.id(), record.position()));
            }
            Part::Reason => self.reason(record, kind, out),
            Part::Header | Part::Trailer | Part::Outside => self.finish(kind, out),
        }
    }

    #[inline]
    fn request(
        &mut self,
        record: &RawRecord<'_>,
        place: Place,
        family: Family,
        kind: Kind,
        fault: Fault,
        out: &mut Out<'_, '_>,
    ) {
        if place.opens_claim {
            self.finish(kind, out);
            self.open = Some(record.position());
        }
        let Some(id) = record.id().filter(|_| fault != Fault::Unknown) else {
            self.spoil(Fault::Unknown);
            return;
        };
        if id.0 == *b"RE" {
            self.next_part(record, place, family, out);
        } else if (self.history.is_some() || self.reasons) && !self.misplaced {
            self.misplaced = true;
            out.record("21111", Severity::Claim, Note::Misplaced, record);
        }
        self.order(record, id, family, out);
        if fault != Fault::None {
            self.spoil(fault);
            return;
        }
        let fault = self.part.values(record, id, family, out);
        self.spoil(fault);
    }

    fn spoil(&mut self, fault: Fault) {
        self.part.worst.0 = self.part.worst.0.max(fault);
        self.worst.0 = self.worst.0.max(fault);
    }

    fn next_part(&mut self, record: &RawRecord<'_>, place: Place, family: Family, out: &mut Out<'_, '_>) {
        self.end_part(out);
        let summary = family == Family::Dpc && record.item(19) == Some(b"1");
        self.part = Reading {
            family: Some(family),
            is_summary: summary,
            is_detail: place.is_detail,
            ..Reading::default()
        };
    }

    /// Records stand in the order of docs/formats.md; told once for a claim.
    #[inline]
    fn order(&mut self, record: &RawRecord<'_>, id: RecordId, family: Family, out: &mut Out<'_, '_>) {
        let Some(rank) = rank(family, id) else { return };
        if rank == DONOR {
            // A donor's records follow the claim's own and have diseases and lines again.
            self.part.rank = 0;
            return;
        }
        if rank < self.part.rank && !self.misplaced && self.worst.0 != Fault::Unknown {
            self.misplaced = true;
            let certain = layout(family, id).is_some_and(|l| l.certain);
            let (code, severity) = match family {
                Family::Dpc => ("R-061", Severity::Confirm),
                _ if certain => ("R-020", Severity::Claim),
                _ => ("R-020", Severity::Confirm),
            };
            out.record(code, severity, Note::Misplaced, record);
        }
        self.part.rank = self.part.rank.max(rank);
    }

    fn reason(&mut self, record: &RawRecord<'_>, kind: Kind, out: &mut Out<'_, '_>) {
        self.reasons = true;
        if kind != Kind::Return {
            out.record("R-052", Severity::File, Note::Misplaced, record);
        }
        let search_no = record.item(10).unwrap_or_default();
        if search_no.is_empty() || !search_no.iter().all(u8::is_ascii_digit) {
            let item = layout(Family::Ika, RecordId(*b"HR")).and_then(|l| l.item(10));
            out.item(("E01", Severity::Claim, Note::BadValue), record, 10, item);
        }
    }

    fn end_part(&mut self, out: &mut Out<'_, '_>) {
        let part = std::mem::take(&mut self.part);
        let main = part.payers.iter().flatten().next().copied();
        if part.is_summary {
            self.summary = main.map(|declared| Summary { declared, days: 0, points: 0 });
        }
        if let (true, Some(summary), Some(main)) = (part.is_detail, &mut self.summary, main) {
            summary.days += main.days;
            summary.points += main.points;
        }
        if part.worst.0 == Fault::None && !part.is_summary {
            part.compare(out);
        }
    }

    /// Ends the claim, if one is open.
    pub(super) fn finish(&mut self, kind: Kind, out: &mut Out<'_, '_>) {
        let Some(position) = self.open else { return };
        self.end_part(out);
        let claim = std::mem::take(self);
        if let Some(summary) = claim.summary.filter(|_| claim.worst.0 == Fault::None) {
            let Declared { days, points, position, id } = summary.declared;
            if (summary.days, summary.points) != (days, points) {
                out.at("R-062", Severity::Confirm, Note::None, position, id);
            }
        }
        if claim.worst.0 == Fault::Unknown {
            return;
        }
        let re = Some(RecordId(*b"RE"));
        if kind == Kind::Return && !claim.reasons {
            out.at("E10", Severity::Claim, Note::Missing, position, re);
        }
        match claim.history {
            Some((last, place)) if last != Some(RC) => {
                let code = if kind == Kind::Return { "E11" } else { "21150" };
                out.at(code, Severity::Claim, Note::Missing, place, last);
            }
            None if kind == Kind::Return => out.at("E11", Severity::Claim, Note::Missing, position, re),
            _ => {}
        }
    }
}

/// Where points, times and day columns stand in a detail record.
#[derive(Clone, Copy)]
struct Detail {
    points: usize,
    times: usize,
    /// Items before the first day column.
    before_days: usize,
}

fn detail(family: Family, id: RecordId) -> Option<Detail> {
    let at = |points, times, before_days| Some(Detail { points, times, before_days });
    match (family, &id.0) {
        (Family::Ika | Family::Dpc, b"SI" | b"IY") => at(6, 7, 13),
        (Family::Ika | Family::Dpc, b"TO") => at(6, 7, 17),
        (Family::Shika, b"SI") => at(6, 7, 7),
        (Family::Shika, b"IY") => at(6, 7, 8),
        (Family::Shika, b"TO") => at(13, 14, 14),
        (Family::Shika, b"SS") => at(77, 78, 78),
        _ => None,
    }
}

/// The items of a detail record that are added up.
struct Values<'a> {
    class: &'a [u8],
    burden: &'a [u8],
    points: &'a [u8],
    times: &'a [u8],
    /// Where the day columns begin in the line.
    days: usize,
}

impl<'a> Values<'a> {
    #[inline]
    fn read(record: &RawRecord<'a>, detail: Detail) -> Option<Self> {
        let mut items = record.items();
        items.next()?;
        let (class, burden) = (items.next()?, items.next()?);
        let points = items.nth(detail.points - 4)?;
        let times = items.next()?;
        let days = record.commas_from(0).nth(detail.before_days - 1)? + 1;
        Some(Self { class, burden, points, times, days })
    }
}

impl Reading {
    /// Takes the values of a record that is sound in itself.
    #[inline]
    fn values(
        &mut self,
        record: &RawRecord<'_>,
        id: RecordId,
        family: Family,
        out: &mut Out<'_, '_>,
    ) -> Fault {
        if let Some(place) = detail(family, id) {
            return self.detail(record, id, family, place, out);
        }
        match &id.0 {
            b"HO" => {
                self.insurers += 1;
                if self.insurers > 1 {
                    out.record("25470", Severity::Claim, Note::Repeated, record);
                    return Fault::Values;
                }
                self.payer(record, id, family, 0, out)
            }
            b"KO" => {
                self.public = self.public.saturating_add(1);
                self.payer(record, id, family, usize::from(self.public), out)
            }
            b"GT" if family == Family::Dpc => {
                let total = record.item(9).unwrap_or_default();
                match (total.is_empty(), signed(total)) {
                    (true, _) => Fault::None,
                    (false, Some(points)) => {
                        self.total = self.total.saturating_add(points);
                        Fault::None
                    }
                    (false, None) => bad_value(record, id, family, 9, out),
                }
            }
            b"CO" if matches!(family, Family::Ika | Family::Dpc | Family::Shika) => {
                self.class(record.item(2).unwrap_or_default());
                Fault::None
            }
            _ => Fault::None,
        }
    }

    /// 診療識別 stands on the first line of a group and holds for those that follow.
    #[inline]
    fn class(&mut self, class: &[u8]) {
        if !class.is_empty() {
            self.meals = class == b"97";
        }
    }

    fn payer(
        &mut self,
        record: &RawRecord<'_>,
        id: RecordId,
        family: Family,
        place: usize,
        out: &mut Out<'_, '_>,
    ) -> Fault {
        let points = record.item(6).unwrap_or_default();
        // A public payer's points may be empty; those of the claim's main payer may not.
        let required = self.payers.iter().all(Option::is_none);
        let points = match number(points) {
            Some(points) => points,
            None if points.is_empty() && !required => return Fault::None,
            None => return bad_value(record, id, family, 6, out),
        };
        let days = record.item(5).and_then(number).unwrap_or(0);
        if let Some(payer) = self.payers.get_mut(place) {
            *payer = Some(Declared { days, points, position: record.position_of(6), id: Some(id) });
        }
        Fault::None
    }

    #[inline]
    fn detail(
        &mut self,
        record: &RawRecord<'_>,
        id: RecordId,
        family: Family,
        place: Detail,
        out: &mut Out<'_, '_>,
    ) -> Fault {
        let Some(values) = Values::read(record, place) else { return Fault::Values };
        self.class(values.class);
        let Some(times) = number(values.times) else {
            return bad_value(record, id, family, place.times, out);
        };
        match record.sum_behind(values.days) {
            None => return bad_value(record, id, family, place.before_days + 1, out),
            // Dental programs leave the day columns empty where they do not apply.
            Some(0) if family == Family::Shika => {}
            Some(days) if u64::from(days) != times => {
                let item = layout(family, id).and_then(|l| l.item(place.times));
                out.item(("23150", Severity::Claim, Note::None), record, place.times, item);
                return Fault::Values;
            }
            Some(_) => {}
        }
        if values.points.is_empty() || self.meals {
            return Fault::None;
        }
        let Some(points) = number(values.points) else {
            return bad_value(record, id, family, place.points, out);
        };
        let amount = points.saturating_mul(times);
        let mask = values.burden.first().map_or(0, |letter| burden_mask(*letter));
        for (i, sum) in self.sums.iter_mut().enumerate() {
            if mask & (1 << i) != 0 {
                *sum = sum.saturating_add(amount);
            }
        }
        self.total = self.total.saturating_add(i64::try_from(amount).unwrap_or(i64::MAX));
        Fault::None
    }

    fn compare(&self, out: &mut Out<'_, '_>) {
        match self.family {
            Some(Family::Ika | Family::Shika) => {
                for ((payer, sum), code) in self.payers.iter().zip(self.sums).zip(POINTS_CODES) {
                    if let Some(payer) = payer.filter(|p| p.points != sum) {
                        out.at(code, Severity::Confirm, Note::None, payer.position, payer.id);
                    }
                }
            }
            Some(Family::Dpc) => {
                let main = self.payers.iter().flatten().next();
                if let Some(payer) = main.filter(|p| i64::try_from(p.points) != Ok(self.total)) {
                    out.at("R-063", Severity::Confirm, Note::None, payer.position, payer.id);
                }
            }
            // The layouts of 調剤 are uncertain, and the lines of 訪問看護 (KA) are amounts in yen: not added up here.
            Some(Family::Chozai | Family::Houkan) | None => {}
        }
    }
}

#[inline(never)]
fn bad_value(
    record: &RawRecord<'_>,
    id: RecordId,
    family: Family,
    place: usize,
    out: &mut Out<'_, '_>,
) -> Fault {
    let layout = layout(family, id);
    let severity = if layout.is_some_and(|l| l.certain) { Severity::Claim } else { Severity::Confirm };
    out.item(("25430", severity, Note::BadValue), record, place, layout.and_then(|l| l.item(place)));
    Fault::Values
}

fn signed(item: &[u8]) -> Option<i64> {
    match item {
        [b'-', digits @ ..] => number(digits).and_then(|n| i64::try_from(n).ok()).map(|n| -n),
        digits => number(digits).and_then(|n| i64::try_from(n).ok()),
    }
}

/// The rank of records that open a donor's part.
const DONOR: u8 = u8::MAX;

/// The order of records in a claim; equal ranks may alternate. `None`: has no place of its own.
fn rank(family: Family, id: RecordId) -> Option<u8> {
    let rank = match (family, &id.0) {
        (_, b"RE") => 0,
        (_, b"HO") => 1,
        (_, b"KO") => 2,
        (_, b"SN") => 3,
        (_, b"JD") => 4,
        (_, b"MF") => 5,
        (Family::Houkan, _) => return None,
        (Family::Chozai, b"SH" | b"CZ" | b"IY" | b"TO" | b"CO") => 6,
        (Family::Chozai, b"TK") => 7,
        (Family::Chozai, b"KI") => 8,
        (Family::Chozai, b"ST") => 9,
        (Family::Chozai, _) => return None,
        (_, b"GR") => 6,
        (_, b"BU") => 7,
        (_, b"SY" | b"HS" | b"SB") => 8,
        (_, b"KK") => 9,
        (_, b"SK") => 10,
        (_, b"GA" | b"HH" | b"GT") => 11,
        (_, b"SI" | b"IY" | b"TO" | b"CO" | b"SS") => 12,
        (_, b"CD") => 13,
        (_, b"SJ") => 14,
        (_, b"TI" | b"TR" | b"TS") => DONOR,
        _ => return None,
    };
    Some(rank)
}
