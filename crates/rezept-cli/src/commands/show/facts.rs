//! The facts of a file as an object and as a table.

use std::path::Path;

use rezept_claim::{Family, FileFacts, Kind, Month, Severity};
use rezept_parcel::Digest;

use crate::json::{FileObject, FindingCounts};
use crate::shown::{shown, shown_text};
use crate::ui::{Tone, Ui};

/// The object of `--json`.
pub fn object(path: &Path, facts: &FileFacts, digest: Digest) -> FileObject<'static> {
    FileObject {
        kind: facts.kind.as_str(),
        family: facts.family.map(Family::as_str),
        payer: facts.payer.map(|payer| payer.code()),
        prefecture: facts.prefecture.map(|prefecture| prefecture.to_string()),
        point_table: facts.point_table.map(|table| table.to_string()),
        facility: facts.facility.map(|facility| facility.to_string()),
        month: facts.month.map(|month| month.to_string()),
        volume: facts.volume.map(|volume| volume.to_string()),
        claims: facts.claims,
        payers: facts.payers,
        points: facts.points,
        declared_payers: facts.declared.and_then(|declared| declared.payers),
        declared_points: facts.declared.and_then(|declared| declared.points),
        totals_match: facts.totals_match(),
        return_kind: facts.return_kind.map(|kind| kind.as_str()),
        notice: facts.notice.map(|notice| notice.as_str()),
        official_name: facts.official_name(),
        complete: facts.complete,
        records: facts.records,
        size: facts.size_bytes,
        sha256: digest.to_string(),
        findings: counts(facts),
        path: path.display().to_string(),
    }
}

fn counts(facts: &FileFacts) -> FindingCounts {
    FindingCounts {
        file: facts.count(Severity::File),
        claim: facts.count(Severity::Claim),
        confirm: facts.count(Severity::Confirm),
        info: facts.count(Severity::Info),
    }
}

/// The rows for people.
pub fn table(path: &Path, facts: &FileFacts, digest: Digest, ui: &Ui) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut row = |label: &str, value: String| rows.push((ui.say(label, &[]), value));
    let stated = |value: Option<String>| value.unwrap_or_else(|| ui.say("show-not-stated", &[]));
    row("show-file", shown(path));
    row("show-kind", kind(facts, ui));
    let payer = facts.payer.map(|payer| ui.text().get(&format!("show-payer-{}", payer.as_str()), &[]));
    row("show-payer", stated(payer));
    row("show-facility", stated(facility(facts)));
    row("show-month", stated(facts.month.map(|month| month_of(month, ui))));
    if facts.kind != Kind::Notice {
        row("show-volume", stated(facts.volume.map(|volume| volume.to_string())));
        row("show-claims", ui.say("show-count-claims", &[("n", facts.claims.into())]));
        let declared = facts.declared;
        row("show-payers", total(facts, facts.payers, declared.and_then(|d| d.payers), None, ui));
        let (label, unit) = if facts.family == Some(Family::Houkan) {
            ("show-yen", "show-count-yen")
        } else {
            ("show-points", "show-count-points")
        };
        row(label, total(facts, facts.points, declared.and_then(|d| d.points), Some(unit), ui));
    }
    let (whole, tone) =
        if facts.complete { ("show-complete", Tone::Good) } else { ("show-incomplete", Tone::Bad) };
    row("show-whole", ui.paint(&ui.text().get(whole, &[]), tone));
    row("show-size", ui.say("unit-bytes", &[("n", facts.size_bytes.into())]));
    row("show-hash", digest.to_string());
    if ui.is_verbose() {
        row("show-official-name", stated(facts.official_name().map(str::to_owned)));
        row("show-records", ui.say("show-count-plain", &[("n", facts.records.into())]));
    }
    row("show-findings", finding_counts(facts, ui));
    rows
}

fn kind(facts: &FileFacts, ui: &Ui) -> String {
    let mut words = vec![ui.text().get(&format!("show-kind-{}", facts.kind.as_str()), &[])];
    let parts = [
        facts.family.map(|family| format!("show-family-{}", family.as_str())),
        facts.return_kind.map(|kind| format!("show-return-{}", kind.as_str())),
        facts.notice.map(|notice| format!("show-notice-{}", notice.as_str())),
    ];
    words.extend(parts.into_iter().flatten().map(|id| ui.text().get(&id, &[])));
    words.join(" / ")
}

fn facility(facts: &FileFacts) -> Option<String> {
    let code = facts.facility?;
    let place = facts.prefecture.zip(facts.point_table);
    let key =
        place.map_or_else(|| code.to_string(), |(prefecture, table)| format!("{prefecture}-{table}-{code}"));
    let name = shown_text(facts.facility_name.decode().trim());
    Some(if name.is_empty() { key } else { format!("{key} {name}") })
}

/// Gregorian and, where it is sure, the era.
fn month_of(month: Month, ui: &Ui) -> String {
    let (year, number) = (month.year(), month.month());
    // Months in which one era ended belong to the old one; claims of those years are not met any more.
    let (era, base) = match (year, number) {
        (2019, 5..) | (2020.., _) => ("show-era-reiwa", 2018),
        (1989.., _) => ("show-era-heisei", 1988),
        _ => ("show-era-showa", 1925),
    };
    let args = [
        ("year", year.to_string().into()),
        ("month", format!("{number:02}").into()),
        ("era", ui.text().get(era, &[]).into()),
        ("era-year", u64::from(year - base).into()),
    ];
    ui.say("show-month-era", &args)
}

fn total(facts: &FileFacts, counted: u64, declared: Option<u64>, unit: Option<&str>, ui: &Ui) -> String {
    let with_unit = |n: u64| {
        let unit = unit.unwrap_or("show-count-plain");
        ui.text().get(unit, &[("n", n.into())])
    };
    let counted_text = with_unit(counted);
    match (facts.totals_match(), declared) {
        (None, _) if facts.declared.is_some() => {
            ui.say("show-total-volume", &[("counted", counted_text.into())])
        }
        (_, None) => ui.say("show-total-missing", &[("counted", counted_text.into())]),
        (_, Some(declared)) if declared == counted => {
            ui.say("show-total-same", &[("counted", counted_text.into())])
        }
        (_, Some(declared)) => {
            let args = [("counted", counted_text.into()), ("declared", with_unit(declared).into())];
            ui.paint(&ui.say("show-total-differs", &args), Tone::Bad)
        }
    }
}

fn finding_counts(facts: &FileFacts, ui: &Ui) -> String {
    let counts = counts(facts);
    if facts.findings.is_empty() {
        return ui.say("show-no-findings", &[]);
    }
    let args = [
        ("file", counts.file.into()),
        ("claim", counts.claim.into()),
        ("confirm", counts.confirm.into()),
        ("info", counts.info.into()),
    ];
    let tone = if counts.file + counts.claim > 0 { Tone::Bad } else { Tone::Careful };
    ui.paint(&ui.say("show-finding-counts", &args), tone)
}
