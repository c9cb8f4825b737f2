//! Planning a parcel: what goes in, under which paths, with which header. Everything that will be written follows from
//! what is journalled here.

use std::collections::BTreeMap;

use rezept_journal::{Draft, FileRow, NewParcel, ParcelFile, ParcelRow};
use rezept_parcel::{
    AuditCheckpoint, BagPlan, Content, Digest, Header, Identity, ParcelId, PayerFolder, PayloadFile,
    PayloadPath, Release, StationName,
};

use crate::engine::Engine;
use crate::error::{TransferError, TransferResult};

impl Engine<'_> {
    /// Plans a parcel of gated files for another station (or for this one, where one machine does both). SPOOLED.
    ///
    /// # Errors
    /// `Plan` when the files make no parcel; nothing is stored then.
    pub fn plan(
        &mut self,
        to: &StationName,
        route: Option<&str>,
        files: &[FileRow],
    ) -> TransferResult<ParcelRow> {
        let id = ParcelId::from_random((self.random)());
        let (me, facility) = (self.me.clone(), self.facility.clone());
        let (sender, peer) = (me.to_string(), to.to_string());
        self.journal
            .plan_parcel(&sender, &peer, route, |draft| build(draft, id, me, to.clone(), facility, files))
    }
}

fn build(
    draft: Draft,
    id: ParcelId,
    from: StationName,
    to: StationName,
    facility: rezept_parcel::Facility,
    files: &[FileRow],
) -> TransferResult<NewParcel> {
    let created: rezept_parcel::Timestamp =
        draft.at.to_string().parse().map_err(|_| TransferError::Stored { what: "a time" })?;
    let mut numbers: BTreeMap<String, u16> = BTreeMap::new();
    let mut planned = Vec::with_capacity(files.len());
    for file in files {
        planned.push(plan_file(file, &mut numbers)?);
    }
    planned.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let payload = planned.iter().map(|(file, ..)| file.clone()).collect();
    let plan = BagPlan::new(id, from.clone(), to.clone(), facility.clone(), created.clone(), payload)?;
    let released = planned
        .iter()
        .filter_map(|(file, _, code)| {
            let code = code.as_ref()?.parse().ok()?;
            Some(Release { code, path: file.path.clone() })
        })
        .collect();
    let header = Header {
        id,
        from,
        to,
        sequence: draft.sequence,
        created,
        facility: Some(facility),
        content: Content::Bag(plan.summary()),
        released,
        audit: AuditCheckpoint { sequence: draft.checkpoint.seq, hash: Digest(draft.checkpoint.hash) },
        previous: None,
        opening_key: None,
        witness: None,
    }
    .to_bytes()?;
    let header_sha256 = Digest::of(&header).0;
    let mut rows = Vec::with_capacity(planned.len());
    for (ordinal, (file, mut row, _)) in planned.into_iter().enumerate() {
        row.ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX);
        row.payload_path = file.path.as_str().to_owned();
        rows.push(row);
    }
    Ok(NewParcel {
        id: id.to_string(),
        header,
        header_sha256,
        form: rezept_journal::Form::Bag,
        signature: None,
        files: rows,
    })
}

fn plan_file(
    file: &FileRow,
    numbers: &mut BTreeMap<String, u16>,
) -> TransferResult<(PayloadFile, ParcelFile, Option<String>)> {
    let stored = |what| TransferError::Stored { what };
    let content = file.content.as_ref().ok_or_else(|| stored("a file without content"))?;
    let month = content.month.as_deref().ok_or_else(|| stored("a file without a month"))?;
    let (year, month_number) = split_month(month).ok_or_else(|| stored("a month"))?;
    let payer = match content.payer.as_deref() {
        Some("1") => PayerFolder::Shaho,
        Some("2") => PayerFolder::Kokuho,
        _ => return Err(stored("a file without a payer body")),
    };
    let name = content.official_name.as_deref().ok_or_else(|| stored("a file without an official name"))?;
    let number = numbers.entry(format!("{month}{payer}")).or_insert(0);
    *number += 1;
    let path =
        PayloadPath::new(year, month_number, payer, *number, name).map_err(|_| stored("an official name"))?;
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let identity = Identity::new(
        &word(&content.kind),
        &word(&content.family),
        &word(&content.payer),
        month,
        &word(&content.volume),
    )
    .map_err(|_| stored("an identity"))?;
    let payload = PayloadFile { path, size: file.stamp.size_bytes, sha256: Digest(content.sha256), identity };
    let row = ParcelFile {
        sha256: content.sha256,
        size_bytes: file.stamp.size_bytes,
        kind: content.kind.clone(),
        family: content.family.clone(),
        payer: content.payer.clone(),
        month: content.month.clone(),
        volume: content.volume.clone(),
        identity: content.identity.clone(),
        file: Some(file.id),
        ..ParcelFile::default()
    };
    Ok((payload, row, file.released_code.clone()))
}

/// `YYYY-MM` into its numbers.
fn split_month(text: &str) -> Option<(u16, u8)> {
    let (year, month) = text.split_once('-')?;
    Some((year.parse().ok()?, month.parse().ok()?))
}
