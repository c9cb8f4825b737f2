//! The frame of a file: its header, its trailer, and what they say of each other. It must not look into claims.

use crate::check_digit;
use crate::claims::{Part, Place};
use crate::finding::{Note, Severity};
use crate::identity::{FacilityCode, Family, Kind, Payer, PointTable, Prefecture, ReturnKind, Volume};
use crate::layout::layout;
use crate::month::Month;
use crate::record::{Position, RawRecord, RecordId};
use crate::scan::{Declared, FileFacts, Incomplete, Oddity, Out, number};
use crate::text::{self, RawText};

/// Header, trailer, and the running state of the totals.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Inside a detail of a DPC summary, whose payers and points do not count.
    in_detail: bool,
    /// HO or the first KO of the claim was met.
    has_main: bool,
    header: Option<(RecordId, Position)>,
    trailer: Option<(RecordId, Position)>,
    behind_trailer: bool,
    /// Records other than the header so far, up to 2: the first two have their places.
    behind_header: u8,
}

/// The places of a header's items, the record id being item 1.
struct HeaderItems {
    payer: usize,
    prefecture: usize,
    point_table: usize,
    facility: usize,
    name: Option<usize>,
    month: usize,
    volume: Option<usize>,
}

fn header_items(id: RecordId) -> HeaderItems {
    let claim = |name, month, volume| HeaderItems {
        payer: 2,
        prefecture: 3,
        point_table: 4,
        facility: 5,
        name: Some(name),
        month,
        volume,
    };
    match &id.0 {
        b"HI" => HeaderItems {
            payer: 2,
            prefecture: 4,
            point_table: 5,
            facility: 6,
            name: None,
            month: 3,
            volume: Some(8),
        },
        b"UK" => claim(7, 8, Some(10)),
        b"YK" => claim(6, 7, Some(8)),
        b"HM" => claim(6, 7, None),
        _ => claim(7, 8, Some(9)),
    }
}

impl Frame {
    pub(super) fn header(&mut self, record: &RawRecord<'_>, facts: &mut FileFacts, out: &mut Out<'_, '_>) {
        let Some(id) = record.id() else { return };
        let places = header_items(id);
        let item = |place: usize| record.item(place).unwrap_or_default();
        self.header = Some((id, record.position()));
        facts.payer = Payer::parse(item(places.payer));
        facts.prefecture = Prefecture::parse(item(places.prefecture));
        facts.point_table = PointTable::parse(item(places.point_table));
        facts.facility = FacilityCode::parse(item(places.facility));
        facts.month = Month::parse(item(places.month));
        facts.facility_name = RawText(places.name.map(item).unwrap_or_default().to_vec());
        facts.volume = match places.volume {
            Some(place) => Volume::parse(item(place)),
            None => Some(Volume::FIRST),
        };
        facts.oddity = header_oddity(record, facts);
        self.header_findings(record, &places, facts, out);
    }

    fn header_findings(
        &self,
        record: &RawRecord<'_>,
        places: &HeaderItems,
        facts: &FileFacts,
        out: &mut Out<'_, '_>,
    ) {
        let Some((id, _)) = self.header else { return };
        let fits = match &id.0 {
            b"UK" => facts.point_table == Some(Family::Shika.point_table()),
            b"YK" => facts.point_table == Some(Family::Chozai.point_table()),
            b"HM" => facts.point_table == Some(Family::Houkan.point_table()),
            b"HI" => facts.point_table.is_some(),
            _ => facts.point_table == Some(Family::Ika.point_table()),
        };
        let volume_place = places.volume.unwrap_or(1);
        let items = [
            ("R-003", facts.payer.is_some(), places.payer),
            ("R-003", facts.prefecture.is_some(), places.prefecture),
            ("R-003", fits, places.point_table),
            ("R-003", facts.facility.is_some(), places.facility),
            ("19284", facts.month.is_some(), places.month),
            ("R-005", facts.volume.is_some(), volume_place),
        ];
        let family = match &id.0 {
            b"UK" => Family::Shika,
            b"YK" => Family::Chozai,
            b"HM" => Family::Houkan,
            _ => Family::Ika,
        };
        let layout = layout(family, id);
        let item_layout = |place| layout.and_then(|l| l.item(place));
        // A header known from partial sources refuses nothing.
        let severity = if layout.is_some_and(|l| l.certain) { Severity::File } else { Severity::Confirm };
        for (code, good, place) in items {
            if !good {
                out.item((code, severity, Note::BadValue), record, place, item_layout(place));
            }
        }
        let item = |place| record.item(place).unwrap_or_default();
        let digits = (item(places.prefecture), item(places.point_table), item(places.facility));
        if facts.facility.is_some()
            && facts.prefecture.is_some()
            && fits
            && !check_digit::is_valid_facility(digits.0, digits.1, digits.2)
        {
            let what = ("R-003", Severity::Confirm, Note::CheckDigit);
            out.item(what, record, places.facility, item_layout(places.facility));
        }
    }

    #[inline]
    pub(super) fn request(&mut self, record: &RawRecord<'_>, place: Place, facts: &mut FileFacts) {
        facts.claims += u64::from(place.opens_claim);
        match record.id() {
            Some(RecordId([b'R', b'E'])) => {
                self.in_detail = place.is_detail;
                self.has_main = false;
            }
            Some(RecordId([b'H', b'O'])) => self.payer(record, true, facts),
            Some(RecordId([b'K', b'O'])) => self.payer(record, false, facts),
            _ => {}
        }
    }

    /// Counts HO and KO and adds up the points of HO, or of the first KO where there is no HO (docs/formats.md, totals).
    fn payer(&mut self, record: &RawRecord<'_>, insurer: bool, facts: &mut FileFacts) {
        if self.in_detail {
            return;
        }
        facts.payers += 1;
        if insurer || !self.has_main {
            let points = record.item(6).and_then(number).unwrap_or(0);
            facts.points = facts.points.saturating_add(points);
        }
        self.has_main = true;
    }

    pub(super) fn trailer(
        &mut self,
        record: &RawRecord<'_>,
        family: Option<Family>,
        facts: &mut FileFacts,
        out: &mut Out<'_, '_>,
    ) {
        let Some(id) = record.id() else { return };
        let expected = if facts.kind == Kind::Return { *b"HG" } else { *b"GO" };
        if id.0 != expected {
            // HG in a claim file, or GO in a return file: no trailer of this file.
            out.record("R-052", Severity::File, Note::Misplaced, record);
            return;
        }
        if self.trailer.is_some() {
            out.record("R-004", Severity::File, Note::Repeated, record);
        }
        self.behind_trailer = false;
        self.trailer = Some((id, record.position()));
        let item = |place| record.item(place).unwrap_or_default();
        // 訪問看護 has no volumes, so that every trailer is the last, and its GO is the record id alone.
        let single = family == Some(Family::Houkan);
        facts.declared = (!single || facts.kind == Kind::Return).then(|| Declared {
            payers: number(item(2)),
            points: number(item(3)),
            volume: Volume::parse(item(4)).or(single.then_some(Volume::LAST)),
        });
    }

    pub(super) fn outside(&mut self, record: &RawRecord<'_>, out: &mut Out<'_, '_>) {
        if self.trailer.is_none() && self.behind_header > 0 {
            out.record("19230", Severity::File, Note::Misplaced, record);
        }
    }

    /// Watches the order of the frame: what follows the header, what follows the trailer.
    #[inline]
    pub(super) fn seen(
        &mut self,
        record: &RawRecord<'_>,
        place: Place,
        family: Option<Family>,
        out: &mut Out<'_, '_>,
    ) {
        if self.trailer.is_some() && place.part != Part::Trailer && !self.behind_trailer {
            self.behind_trailer = true;
            out.record("R-004", Severity::File, Note::Misplaced, record);
        }
        if self.behind_header < 2 && place.part != Part::Header {
            self.second_line(record, place, family, out);
        }
    }

    fn second_line(
        &mut self,
        record: &RawRecord<'_>,
        place: Place,
        family: Option<Family>,
        out: &mut Out<'_, '_>,
    ) {
        let dental = family == Some(Family::Shika);
        let is_re = record.id() == Some(RecordId(*b"RE"));
        let good = match self.behind_header {
            0 if dental => record.id() == Some(RecordId(*b"IR")),
            0 => is_re,
            _ => !dental || is_re,
        };
        self.behind_header += 1;
        // An empty month file (header, trailer) is 19283, not 19230.
        if !good && place.part != Part::Trailer {
            out.record("19230", Severity::File, Note::Missing, record);
        }
    }

    pub(super) fn finish(&self, facts: &mut FileFacts, out: &mut Out<'_, '_>) {
        let Some((header_id, header)) = self.header else { return };
        if facts.claims == 0 {
            out.at("19283", Severity::File, Note::Missing, header, Some(header_id));
        }
        let Some((trailer_id, trailer)) = self.trailer else {
            facts.incomplete.push(Incomplete::NoTrailer);
            out.at("R-004", Severity::File, Note::Missing, header, None);
            return;
        };
        if self.behind_trailer {
            facts.incomplete.push(Incomplete::TrailerNotLast);
        }
        let fits = match (facts.volume, facts.declared.map(|declared| declared.volume)) {
            (_, None) => true,
            (Some(header), Some(Some(trailer))) => header.fits(trailer),
            (None, Some(Some(trailer))) => trailer == Volume::LAST,
            (_, Some(None)) => false,
        };
        if !fits {
            facts.incomplete.push(Incomplete::VolumeMark);
            out.at("R-005", Severity::File, Note::BadValue, trailer, Some(trailer_id));
        }
        facts.complete = facts.incomplete.is_empty();
        if let Some(declared) = facts.declared {
            totals(facts, declared, (trailer, trailer_id), out);
        }
    }
}

/// 返戻区分 of the first HR that has one tells which returns these are.
pub(super) fn reason(record: &RawRecord<'_>, facts: &mut FileFacts) {
    if facts.return_kind.is_none() {
        facts.return_kind = match record.item(3) {
            Some(b"1" | b"2" | b"3") => Some(ReturnKind::First),
            Some(b"4" | b"5" | b"6" | b"7" | b"8" | b"9") => Some(ReturnKind::Review),
            _ => None,
        };
    }
}

/// Compares the trailer with the recomputed totals. Returns are the body's own files: a difference is only told.
fn totals(
    facts: &FileFacts,
    declared: Declared,
    (position, id): (Position, RecordId),
    out: &mut Out<'_, '_>,
) {
    let id = Some(id);
    let severity = match (facts.kind, facts.family) {
        // What its HG counts is not known.
        (Kind::Return, Some(Family::Houkan)) => return,
        (Kind::Return, _) => Severity::Info,
        _ => Severity::File,
    };
    if declared.volume != Some(Volume::LAST) {
        if declared.volume.is_some() && (declared.payers.is_some() || declared.points.is_some()) {
            out.at("1007", severity, Note::Misplaced, position, id);
        }
        return;
    }
    if facts.volume.is_some_and(|volume| volume != Volume::FIRST) {
        return; // The totals are of all volumes together.
    }
    for (code, declared, counted) in
        [("1007", declared.payers, facts.payers), ("1008", declared.points, facts.points)]
    {
        match declared {
            None => out.at(code, severity, Note::Missing, position, id),
            Some(declared) if declared != counted => {
                out.at(code, severity, Note::Total { declared, counted }, position, id);
            }
            Some(_) => {}
        }
    }
}

/// What a header shows of programs that touched the file: UTF-8 instead of CP932, or a spreadsheet's padding.
fn header_oddity(record: &RawRecord<'_>, facts: &FileFacts) -> Option<Oddity> {
    let line = record.line();
    if !line.is_ascii() && std::str::from_utf8(line).is_ok() && !text::is_cp932(line) {
        return Some(Oddity::Utf8);
    }
    let extra = record.item_count() > 12;
    let padded = extra && record.items().skip(10).all(<[u8]>::is_empty);
    // A spreadsheet drops leading zeros: prefecture 1, volume 0.
    let single =
        |place: usize| record.item(place).is_some_and(|i| i.len() == 1 && i.iter().all(u8::is_ascii_digit));
    let places = record.id().map(header_items)?;
    let zeros = facts.prefecture.is_none() && single(places.prefecture)
        || facts.volume.is_none() && places.volume.is_some_and(single);
    (padded || zeros).then_some(Oddity::Spreadsheet)
}
