//! Planning a parcel: what goes in, under which paths, with which header. Everything that will be written follows from
//! what is journalled here.

use std::collections::BTreeMap;

use rezept_codes::Code;
use rezept_journal::{DecisionRow, Draft, FileRow, Form, NewParcel, ParcelFile, ParcelRow};
use rezept_parcel::decisions::{SentDecision, SentPurpose};
use rezept_parcel::vault::Vault;
use rezept_parcel::{
    AuditCheckpoint, BagPlan, Content, Digest, Header, Identity, ParcelId, PayerFolder, PayloadFile,
    PayloadPath, StationName,
};

use crate::engine::Engine;
use crate::error::{TransferError, TransferResult};
use crate::intake::{Decided, SaidOf};
use crate::trust::Trust;

impl Engine<'_> {
    /// How a parcel for another station stands on a medium unless somebody asks for another form: sealed as soon as its keys
    /// were compared.
    ///
    /// # Errors
    /// When the journal does not answer.
    pub fn usual_form(&self, to: &StationName) -> TransferResult<Form> {
        let paired = *to != self.me && self.trust(to.as_str())?.is_paired();
        Ok(if paired { Form::Sealed } else { Form::Bag })
    }

    /// Plans a parcel of gated files for another station (or for this one, where one machine does both). SPOOLED.
    ///
    /// # Errors
    /// `Plan` when the files make no parcel, `NotPaired` when it is to be sealed for a station that is not paired or when
    /// the trust in that station was taken back; nothing is stored then.
    pub fn plan(
        &mut self,
        to: &StationName,
        route: Option<&str>,
        files: &[FileRow],
        form: Form,
    ) -> TransferResult<ParcelRow> {
        let id = ParcelId::from_random((self.random)());
        let sender = self.me.to_string();
        let peer = to.to_string();
        let trust = self.trust(&peer)?;
        if matches!(trust, Trust::Revoked) || (form == Form::Sealed && !trust.is_paired()) {
            return Err(TransferError::NotPaired { peer });
        }
        let journal_peer = peer.clone();
        // A plain parcel for a paired station is signed now; a sealed one when it is sealed.
        let signing = match (form, trust.is_paired()) {
            (Form::Bag, true) => Some(Signing {
                vault: self.vault.ok_or(TransferError::NoKeys)?,
                previous: self.journal.last_header_to(&journal_peer)?.map(Digest),
                witness: self.witness_line(&journal_peer, None)?,
            }),
            _ => None,
        };
        let stations = (self.me.clone(), to.clone(), self.facility.clone());
        let mut said = Vec::with_capacity(files.len());
        for file in files {
            said.push((file.clone(), self.said_of(file)?));
        }
        self.journal.plan_parcel(&sender, &peer, route, |draft| {
            build(draft, id, stations, &said, form, signing.as_ref())
        })
    }
}

impl Engine<'_> {
    /// What people here said about a file that the receiver should know: its purpose, and decisions about its content that
    /// concern more than this station.
    fn said_of(&self, file: &FileRow) -> TransferResult<SaidOf> {
        let Some(content) = &file.content else { return Ok(SaidOf::default()) };
        let mut decisions = Vec::new();
        for decision in self.journal.decisions_about(&content.sha256)? {
            let travels = decision.code.known().is_some_and(Code::travels);
            if decision.released && travels {
                let DecisionRow { code, evidence, why, .. } = decision;
                let evidence = self.journal.for_others(&evidence)?;
                decisions.push(Decided { code, evidence, why });
            }
        }
        Ok(SaidOf { released: Vec::new(), decisions, purpose: self.journal.file_purpose(file.id)? })
    }
}

/// What a signed header says more.
struct Signing<'a> {
    vault: &'a Vault,
    previous: Option<Digest>,
    witness: Option<AuditCheckpoint>,
}

fn build(
    draft: Draft,
    id: ParcelId,
    (from, to, facility): (StationName, StationName, rezept_parcel::Facility),
    files: &[(FileRow, SaidOf)],
    form: Form,
    signing: Option<&Signing<'_>>,
) -> TransferResult<NewParcel> {
    let created: rezept_parcel::Timestamp =
        draft.at.to_string().parse().map_err(|_| TransferError::Stored { what: "a time" })?;
    let mut numbers: BTreeMap<String, u16> = BTreeMap::new();
    let mut planned = Vec::with_capacity(files.len());
    for (file, said) in files {
        let (payload, row) = plan_file(file, &mut numbers)?;
        let row = ParcelFile { purpose: said.purpose.clone(), ..row };
        planned.push((payload, row, said));
    }
    planned.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let payload = planned.iter().map(|(file, ..)| file.clone()).collect();
    let plan = BagPlan::new(id, from.clone(), to.clone(), facility.clone(), created.clone(), payload)?;
    let mut decisions = Vec::new();
    let mut purposes = Vec::new();
    for (file, _, said) in &planned {
        let path = || file.path.clone();
        for decided in &said.decisions {
            let evidence = decided.evidence.split_ascii_whitespace().map(str::to_owned).collect();
            let code = decided.code.as_str().parse().map_err(|_| TransferError::Stored { what: "a code" })?;
            decisions.push(SentDecision { code, path: path(), evidence, why: decided.why.clone() });
        }
        purposes.extend(said.purpose.clone().map(|purpose| SentPurpose { purpose, path: path() }));
    }
    let header = Header {
        id,
        from,
        to,
        sequence: draft.sequence,
        created,
        facility: Some(facility),
        content: Content::Bag(plan.summary()),
        released: Vec::new(),
        decisions,
        purposes,
        previous: signing.and_then(|signing| signing.previous),
        opening_key: signing.map(|signing| signing.vault.newest_opening().recipient()),
        witness: signing.and_then(|signing| signing.witness),
        audit: AuditCheckpoint { sequence: draft.checkpoint.seq, hash: Digest(draft.checkpoint.hash) },
    }
    .to_bytes()?;
    let header_sha256 = Digest::of(&header).0;
    let signature = signing.map(|signing| signing.vault.signing().sign(&header)).transpose()?;
    let mut rows = Vec::with_capacity(planned.len());
    for (ordinal, (file, mut row, _)) in planned.into_iter().enumerate() {
        row.ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX);
        row.payload_path = file.path.as_str().to_owned();
        rows.push(row);
    }
    Ok(NewParcel { id: id.to_string(), header, header_sha256, form, signature, files: rows })
}

fn plan_file(
    file: &FileRow,
    numbers: &mut BTreeMap<String, u16>,
) -> TransferResult<(PayloadFile, ParcelFile)> {
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
    Ok((payload, row))
}

/// `YYYY-MM` into its numbers.
fn split_month(text: &str) -> Option<(u16, u8)> {
    let (year, month) = text.split_once('-')?;
    Some((year.parse().ok()?, month.parse().ok()?))
}
