//! What stands on a medium: the answer to "what was on it" within seconds of the question. It is what this station wrote
//! there or saw there; the medium itself need not be at hand.

use rezept_journal::{Direction, Form, Journal, MediumRow, ParcelState, StoodOn};
use rezept_parcel::Digest;

use super::failed;
use crate::json::{MediumContentObject, MediumFile, MediumParcel};
use crate::report::Failure;
use crate::shown::local_time;
use crate::ui::{Tone, Ui};

/// How much stands on a medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amount {
    /// Parcels.
    pub parcels: usize,
    /// Those that anybody can read.
    pub readable: usize,
    /// Own ones that their receiver has not acknowledged.
    pub unacknowledged: usize,
}

/// Prints what stands on a medium, and how much it is.
///
/// # Errors
/// When the journal cannot be read.
pub fn print(journal: &Journal, medium: &MediumRow, stood: &[StoodOn], ui: &Ui) -> Result<Amount, Failure> {
    let mut parcels = Vec::new();
    let mut amount = Amount::default();
    for one in stood.iter().filter(|one| one.removed_at.is_none()) {
        parcels.push(describe(journal, one)?);
        amount.parcels += 1;
        amount.readable += usize::from(one.parcel.form == Form::Bag);
        amount.unacknowledged += usize::from(is_unacknowledged(one));
    }
    let removed = stood.iter().filter(|one| one.removed_at.is_some());
    let content = MediumContentObject {
        id: &medium.id,
        number: format!("M{}", medium.row),
        files: parcels.iter().map(|parcel| parcel.files.len()).sum(),
        claims: parcels.iter().flat_map(|parcel| &parcel.files).filter_map(|file| file.claims).sum(),
        readable: amount.readable,
        removed_readable: removed.filter(|one| one.parcel.form == Form::Bag).count(),
        parcels,
    };
    ui.object(&content);
    let args = [
        ("parcels", amount.parcels.into()),
        ("readable", amount.readable.into()),
        ("files", content.files.into()),
        ("claims", content.claims.into()),
    ];
    let id = if amount.parcels == 0 { "media-holds-nothing" } else { "media-holds" };
    ui.line(&ui.paint(&ui.text().get(id, &args), Tone::Strong));
    content.parcels.iter().for_each(|parcel| line(parcel, ui));
    if content.removed_readable > 0 {
        ui.line(&ui.say("media-held-readable", &[("n", content.removed_readable.into())]));
    }
    Ok(amount)
}

/// Published and not acknowledged: it may be that nobody has it but the finder.
fn is_unacknowledged(one: &StoodOn) -> bool {
    one.parcel.direction == Direction::Out
        && matches!(one.parcel.state, ParcelState::Committed | ParcelState::Expired)
}

fn describe<'a>(journal: &Journal, one: &'a StoodOn) -> Result<MediumParcel<'a>, Failure> {
    let mut files = Vec::new();
    for file in journal.parcel_files(one.parcel.row).map_err(failed)? {
        let source = file.file.map(|id| journal.file(id)).transpose().map_err(failed)?;
        files.push(MediumFile {
            kind: file.kind,
            payer: file.payer,
            month: file.month,
            claims: source.and_then(|source| source.content).and_then(|content| content.claims),
            size: file.size_bytes,
            sha256: Digest(file.sha256).to_string(),
        });
    }
    Ok(MediumParcel {
        id: &one.parcel.id,
        label: format!("P{}", one.parcel.row),
        direction: one.parcel.direction.word(),
        peer: &one.parcel.peer,
        state: one.parcel.state.word(),
        sealed: one.parcel.form == Form::Sealed,
        written: &one.written_at,
        header_sha256: Digest(one.parcel.header_sha256).to_string(),
        files,
    })
}

fn line(parcel: &MediumParcel<'_>, ui: &Ui) {
    let arrow = ui.text().get(if parcel.direction == "out" { "transfer-out" } else { "transfer-in" }, &[]);
    let form = match parcel.sealed {
        true => ui.paint(&ui.say("media-sealed", &[]), Tone::Good),
        false => ui.paint(&ui.say("media-readable", &[]), Tone::Bad),
    };
    let state = ui.text().get(&format!("state-{}", parcel.state), &[]);
    let since = local_time(parcel.written);
    ui.line(&format!("{} {arrow} {}  {form}  {state}  {since}", parcel.label, parcel.peer));
    for file in &parcel.files {
        let payer = match file.payer.as_deref() {
            Some("1") => ui.say("payer-shaho", &[]),
            Some("2") => ui.say("payer-kokuho", &[]),
            _ => String::new(),
        };
        let kind = file.kind.as_deref().map(|kind| ui.text().get(&format!("gate-{kind}"), &[]));
        let claims = file.claims.map(|n| ui.say("media-claims", &[("n", n.into())]));
        let bytes = ui.say("unit-bytes", &[("n", file.size.into())]);
        let parts = [kind, file.month.clone(), Some(payer), claims, Some(bytes)];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        ui.line(&format!("    {}", parts.join("  ")));
        ui.line(&format!("      SHA-256 {}", file.sha256));
    }
}
