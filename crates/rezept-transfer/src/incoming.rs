//! The receiver: finds parcels on a medium, proves where they come from, carries each from FOUND to ACK_WRITTEN. Every
//! step is chosen by `recovery::next_in`.

use rezept_codes::Code;
use std::collections::BTreeMap;

use rezept_journal::{Direction, Form, FoundParcel, ParcelChange, ParcelRow, ParcelState, Reason};
use rezept_parcel::{Content, Digest, Header, ParcelId, StationName, TextError, header, names};

use crate::codes;
use crate::engine::{Engine, Known, entry, path, place, read_small};
use crate::error::{TransferError, TransferResult};
use crate::intake::Intake;
use crate::outgoing::folders;
use crate::recovery::{InStep, next_in};
use crate::spool::{segment_problem, segments};
use crate::staging::BUILD;
use crate::trust::{Trust, read_signature, signature_path};
use crate::volume::{EntryKind, FailureKind, Volume};

/// Steps after which a turn gives up on a parcel; it needs about eight.
const STEPS_LIMIT: u32 = 30;

/// What one turn did with one parcel.
#[derive(Debug)]
pub struct Received {
    /// The parcel as it stands now.
    pub parcel: ParcelRow,
    /// Why it could not go on, if it could not. Its state says the rest.
    pub failure: Option<TransferError>,
}

/// Headers up to this size are kept from the first look; larger ones are read again in their turn.
const HELD_HEADER_BYTES: usize = 32 << 10;

/// A header on a medium, in its place in the order of its sender's numbers.
struct Listed {
    sender: String,
    sequence: u64,
    id: ParcelId,
    found: Option<Found>,
}

/// Headers in one folder that cannot be read for one cause.
struct Unreadable {
    count: u32,
    /// Of the first of them.
    sha256: Digest,
}

impl Unreadable {
    const fn new(row: &FoundParcel) -> Self {
        Self { count: 0, sha256: Digest(row.header_sha256) }
    }
}

/// A header as it stands on a medium.
struct Found {
    row: FoundParcel,
    /// What it says, or why it cannot be read.
    header: Result<Header, TextError>,
}

impl Engine<'_> {
    /// Takes every parcel for this station from a medium, as far as each can go, oldest number first; also finishes
    /// those whose medium is not at hand any more.
    ///
    /// # Errors
    /// When the medium cannot be listed or the journal fails. What happens to one parcel is in its [`Received`].
    pub fn receive(&mut self, medium: &str, intake: &mut dyn Intake) -> TransferResult<Vec<Received>> {
        let volume = self.volume(medium)?;
        self.sweep_acks(volume)?;
        self.sweep_staging()?;
        self.sweep_spool()?;
        let mut touched = Vec::new();
        for mut listed in self.find(medium, volume)? {
            let found = match listed.found.take() {
                Some(found) => Some(found),
                None => self.read_header(medium, volume, &listed)?,
            };
            if let Some(found) = found {
                touched.extend(self.note_found(&found, volume, intake)?);
            }
        }
        for parcel in self
            .journal
            .parcels_in(Direction::In, &[ParcelState::Copied, ParcelState::Valid, ParcelState::Delivered])?
        {
            if !touched.contains(&parcel.row) {
                touched.push(parcel.row);
            }
        }
        let mut received = Vec::with_capacity(touched.len());
        for row in touched {
            let failure = match self.carry_in(row, Some((medium, volume)), intake) {
                Ok(()) => None,
                Err(TransferError::Journal(error)) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(parcel = row, %error, "a parcel cannot go on");
                    Some(error)
                }
            };
            received.push(Received { parcel: self.journal.parcel(row)?, failure });
        }
        Ok(received)
    }

    /// Finishes deliveries that need no medium: after a crash between VALID and DELIVERED, or when a person released a
    /// held parcel.
    ///
    /// # Errors
    /// The first failure; the others were still delivered.
    pub fn finish_deliveries(&mut self, intake: &mut dyn Intake) -> TransferResult<()> {
        self.sweep_staging()?;
        self.sweep_spool()?;
        let mut failure = None;
        for parcel in self.journal.parcels_in(Direction::In, &[ParcelState::Copied, ParcelState::Valid])? {
            failure = failure.or(self.carry_in(parcel.row, None, intake).err());
        }
        failure.map_or(Ok(()), Err)
    }

    /// Headers for this station on a medium, by the senders' numbers. They are read one at a time, and of those that are large
    /// only the place is kept: a medium can hold any number of them. Of headers that cannot be read a person hears once for
    /// each folder and cause, for as long as it lasts.
    fn find(&mut self, medium: &str, volume: &dyn Volume) -> TransferResult<Vec<Listed>> {
        let mut all = Vec::new();
        let mut unreadable: BTreeMap<(Code, String), Unreadable> = BTreeMap::new();
        let mine = path(&format!("{}/{}", names::ROOT, self.me))?;
        for sender in folders(volume, &mine)? {
            let folder = entry(&mine, &sender)?;
            for found in volume.list(&folder)?.unwrap_or_default() {
                let Ok(name) = found.name else { continue };
                let names::Entry::Header(id) = names::parse_entry(&name) else { continue };
                let at = Listed { sender: sender.clone(), sequence: 0, id, found: None };
                let Some(found) = self.read_header(medium, volume, &at)? else { continue };
                if let Err(error) = &found.header
                    && self.journal.parcel_by_id(&sender, &id.to_string())?.is_none()
                {
                    let of = (codes::of_header(error), place(volume, &folder));
                    unreadable.entry(of).or_insert_with(|| Unreadable::new(&found.row)).count += 1;
                    continue;
                }
                let sequence = found.row.sequence;
                let small = found.row.header.len() <= HELD_HEADER_BYTES;
                all.push(Listed { sequence, found: small.then_some(found), ..at });
            }
        }
        self.tell_of_unreadable(&place(volume, &mine), &unreadable)?;
        all.sort_by(|a, b| (&a.sender, a.sequence, a.id).cmp(&(&b.sender, b.sequence, b.id)));
        Ok(all)
    }

    /// Raises what is new about headers that cannot be read, and settles what is over.
    fn tell_of_unreadable(
        &mut self,
        mine: &str,
        unreadable: &BTreeMap<(Code, String), Unreadable>,
    ) -> TransferResult<()> {
        for ((code, folder), what) in unreadable {
            let detail = format!("{} ({})", what.sha256, what.count);
            self.journal.raise(&Reason::new(*code, detail), folder)?;
        }
        for alert in self.journal.alerts()? {
            let Some(code) = alert.reason.code.known() else { continue };
            let is_of_header = matches!(code, Code::HeaderDamaged | Code::NewerParcel);
            let is_here = alert.place.strip_prefix(mine).is_some_and(|rest| rest.starts_with('/'));
            if is_of_header && is_here && !unreadable.contains_key(&(code, alert.place.clone())) {
                self.journal.settle_alert(alert.id, "no such header stands there any more")?;
            }
        }
        Ok(())
    }

    /// Reads the header at a place of a medium; `None` where it is gone by now.
    fn read_header(&self, medium: &str, volume: &dyn Volume, at: &Listed) -> TransferResult<Option<Found>> {
        let folder = path(&format!("{}/{}/{}", names::ROOT, self.me, at.sender))?;
        let file = entry(&folder, &names::header_name(at.id))?;
        let bytes = match volume.stat(&file)? {
            None => return Ok(None),
            Some(meta) if meta.kind == EntryKind::File => {
                match read_small(volume, &file, header::HEADER_MAX_BYTES) {
                    // A bad sector under one header must not keep the other parcels from arriving.
                    Err(error) if error.kind() == FailureKind::Device => Vec::new(),
                    // On a share, its sender may clear it away between listing and reading.
                    Err(error) if error.kind() == FailureKind::Missing => return Ok(None),
                    read => read?,
                }
            }
            Some(_) => Vec::new(),
        };
        let header = Header::parse(&bytes);
        let signature = match &header {
            Ok(_) => read_signature(volume, &signature_path(&file)?)?,
            Err(_) => None,
        };
        let sealed = header.as_ref().is_ok_and(|header| matches!(header.content, Content::Sealed(_)));
        let row = FoundParcel {
            id: at.id.to_string(),
            sender: at.sender.clone(),
            sequence: header.as_ref().map_or(0, |header| header.sequence),
            medium: medium.to_owned(),
            header_sha256: Digest::of(&bytes).0,
            form: if sealed { Form::Sealed } else { Form::Bag },
            signature,
            header: bytes,
        };
        Ok(Some(Found { row, header }))
    }

    /// Brings the journal up to what the medium shows: a new row, the same parcel again, or a contradiction.
    /// `None` for a header that names this station itself as its sender.
    fn note_found(
        &mut self,
        found: &Found,
        volume: &dyn Volume,
        intake: &dyn Intake,
    ) -> TransferResult<Option<i64>> {
        let at = format!(
            "{}/{}/{}/{}/{}.hdr",
            volume.root(),
            names::ROOT,
            self.me,
            found.row.sender,
            found.row.id
        );
        let Some(known) = self.journal.parcel_by_id(&found.row.sender, &found.row.id)? else {
            let row = self.journal.found_parcel(&found.row)?.row;
            if let Err(error) = &found.header {
                self.quarantine(row, Reason::new(codes::of_header(error), error.to_string()))?;
            }
            return Ok(Some(row));
        };
        if known.direction != Direction::In {
            self.journal.raise(&Reason::new(Code::HeaderMisplaced, found.row.sender.clone()), &at)?;
            return Ok(None);
        }
        let same = known.header_sha256 == found.row.header_sha256;
        match (&found.header, known.state) {
            (Ok(_), ParcelState::Quarantined) if same && self.is_bad_inside(&known)? => {}
            (Ok(header), ParcelState::Quarantined)
                if same || !Self::speaks_of_it(&known) || self.was_refused(&known, intake)? =>
            {
                if self.refusal(&found.row, header, intake)?.is_none() && self.whole(header, volume) {
                    self.journal.replace_header(known.row, &found.row)?;
                }
            }
            _ if same => {}
            _ => {
                self.journal.raise(&Reason::new(Code::SameIdOtherContent, found.row.sender.clone()), &at)?;
            }
        }
        Ok(Some(known.row))
    }

    /// Whether the header that was kept speaks of this parcel: it can be read and names its id. The right one may take the
    /// place of one that does not; of two that do, a person must say which is true.
    fn speaks_of_it(known: &ParcelRow) -> bool {
        Header::parse(&known.header).is_ok_and(|header| header.id.to_string() == known.id)
    }

    /// Whether the header that was kept does not prove its sender: one that does may take its place.
    fn was_refused(&self, known: &ParcelRow, intake: &dyn Intake) -> TransferResult<bool> {
        let Ok(header) = Header::parse(&known.header) else { return Ok(true) };
        let row = FoundParcel {
            id: known.id.clone(),
            sender: known.sender.clone(),
            sequence: known.sequence,
            medium: String::new(),
            header: known.header.clone(),
            header_sha256: known.header_sha256,
            form: known.form,
            signature: known.signature.clone(),
        };
        Ok(self.refusal(&row, &header, intake)?.is_some())
    }

    /// Whether a sealed parcel was set aside for what is inside: its bytes are those that were signed, so looking at them
    /// again shows the same. Where no key opened it, until this station has other keys; where it is of a newer version, until
    /// the program is a newer one.
    fn is_bad_inside(&self, known: &ParcelRow) -> TransferResult<bool> {
        let Some(reason) = known.reason.as_ref().filter(|_| known.form == Form::Sealed) else {
            return Ok(false);
        };
        Ok(match reason.code.known() {
            Some(Code::SealedContentBad | Code::ForeignParcel) => true,
            Some(Code::NoKeyOpens) => self.vault.is_none() || reason.detail == self.keys_tried()?,
            Some(Code::NewerParcel) => reason.detail.ends_with(&format!("({BUILD})")),
            _ => false,
        })
    }

    /// Which keys were tried, for people and for [`Self::is_bad_inside`].
    pub(crate) fn keys_tried(&self) -> TransferResult<String> {
        let keys: Vec<String> = self.opening_keys()?.iter().map(|key| key.recipient().to_string()).collect();
        let digest = Digest::of(keys.join(" ").as_bytes()).to_string();
        Ok(format!("{} keys ({})", keys.len(), digest.get(..8).unwrap_or_default()))
    }

    /// Whether a parcel that was set aside is now whole on the medium: every byte that its header names.
    fn whole(&self, header: &Header, volume: &dyn Volume) -> bool {
        let examine = || -> TransferResult<bool> {
            let folder =
                entry(&path(&names::parcel_dir(&header.to, &header.from))?, &names::bag_name(header.id))?;
            let files = match &header.content {
                Content::Sealed(envelope) => match segment_problem(volume, &folder, envelope)? {
                    Some(_) => return Ok(false),
                    None => segments(&folder, envelope)?,
                },
                Content::Bag(_) => match self.read_bag(header, volume)? {
                    Ok(bag) => crate::content::bag_files(&folder, bag.plan())?,
                    Err(_) => return Ok(false),
                },
            };
            Ok(crate::content::compare(volume, &files, &mut |_, _| {})?.is_ok())
        };
        examine().unwrap_or(false)
    }

    pub(crate) fn quarantine(&mut self, row: i64, reason: Reason) -> TransferResult<()> {
        let reason = Some(reason);
        Ok(self.journal.move_parcel(
            row,
            ParcelState::Quarantined,
            &ParcelChange { reason, ..ParcelChange::default() },
        )?)
    }

    pub(crate) fn hold(&mut self, row: i64, reason: Reason) -> TransferResult<()> {
        let change = ParcelChange { reason: Some(reason), ..ParcelChange::default() };
        Ok(self.journal.move_parcel(row, ParcelState::Held, &change)?)
    }

    fn carry_in(
        &mut self,
        row: i64,
        medium: Option<(&str, &dyn Volume)>,
        intake: &mut dyn Intake,
    ) -> TransferResult<()> {
        if matches!(self.journal.parcel(row)?.state, ParcelState::Quarantined | ParcelState::Held) {
            return Ok(());
        }
        self.journal.close_interrupted(row)?;
        for _ in 0..STEPS_LIMIT {
            let known = self.known(row)?;
            let there = self.look_in(&known, medium.map(|(_, volume)| volume))?;
            let step = next_in(known.row.state, there);
            tracing::debug!(parcel = %known.id, state = %known.row.state, ?step, "next step");
            match (step, medium) {
                (InStep::Authenticate | InStep::Copy, Some((_, volume)))
                    if self.was_acknowledged(&known, volume)? =>
                {
                    return self.hold(row, Reason::new(Code::AcknowledgedBefore, known.row.sender.clone()));
                }
                (InStep::Authenticate, Some(_)) => self.authenticate(&known, intake)?,
                (InStep::Copy, Some((_, volume))) => self.copy_in(&known, volume, intake)?,
                (InStep::StartOver, _) => {
                    let note = "the staging folder was lost".to_owned();
                    self.journal.move_parcel(
                        row,
                        ParcelState::Found,
                        &ParcelChange { note, ..ParcelChange::default() },
                    )?;
                }
                (InStep::Judge, _) => self.judge(&known, intake)?,
                (InStep::PlanDelivery, _) => self.plan_delivery(&known, intake)?,
                (InStep::Deliver, _) => self.deliver(&known)?,
                // Nothing is told to a station whose trust was taken back.
                (InStep::WriteAck | InStep::AdoptAck, _)
                    if matches!(self.trust(&known.row.sender)?, Trust::Revoked) =>
                {
                    return Ok(());
                }
                // It waits for a medium that may be written to.
                (InStep::WriteAck, Some((root, volume))) if !self.may_write(root, volume)? => return Ok(()),
                (InStep::WriteAck, Some((root, volume))) => self.write_ack(&known, root, volume)?,
                (InStep::AdoptAck, Some((_, volume))) => self.adopt_ack(&known, volume)?,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Proves where a parcel comes from. Of a station that is not paired this proves only that the parcel claims to be what
    /// it should be: "sender not proven".
    fn authenticate(&mut self, known: &Known, intake: &dyn Intake) -> TransferResult<()> {
        let row = known.row.row;
        let found = FoundParcel {
            id: known.row.id.clone(),
            sender: known.row.sender.clone(),
            sequence: known.row.sequence,
            medium: known.row.medium.clone().unwrap_or_default(),
            header: known.row.header.clone(),
            header_sha256: known.row.header_sha256,
            form: known.row.form,
            signature: known.row.signature.clone(),
        };
        if let Some(reason) = self.refusal(&found, &known.header, intake)? {
            return self.quarantine(row, reason);
        }
        self.take_witness(&known.row.sender, &known.header.audit, known.header.witness.as_ref())?;
        let proven = self.trust(&known.row.sender)?.is_paired();
        if proven {
            self.note_order(known)?;
            if let Some(key) = &known.header.opening_key {
                let at = known.header.audit.sequence;
                self.journal.announced_key(&known.row.sender, &key.to_string(), at)?;
            }
        }
        let note = if proven { "sender proven" } else { "sender not proven" }.to_owned();
        Ok(self.journal.move_parcel(
            row,
            ParcelState::Authentic,
            &ParcelChange { note, ..ParcelChange::default() },
        )?)
    }

    /// Reports what the order of a station's parcels tells: one before this has not arrived (a lost stick, or two in use), or
    /// two have the same number (its journal was restored). Neither keeps a parcel from being taken.
    fn note_order(&mut self, known: &Known) -> TransferResult<()> {
        let sender = &known.row.sender;
        let first = !self.journal.signed_before(sender, known.row.row)?;
        if let Some(previous) = known.header.previous.filter(|_| !first)
            && !self.journal.header_came(sender, &previous.0)?
        {
            let detail = format!("number {}", known.header.sequence);
            self.journal
                .raise(&Reason::new(Code::PreviousUnknown, detail), &gap_place(sender, &previous.0))?;
        }
        let arrived = gap_place(sender, &known.row.header_sha256);
        self.journal.settle(Code::PreviousUnknown, &arrived, "it arrived")?;
        if self.journal.number_came_twice(sender, known.header.sequence, known.row.row)? {
            let detail = format!("number {}", known.header.sequence);
            self.journal.raise(&Reason::new(Code::SequenceTwice, detail), sender)?;
        }
        Ok(())
    }

    /// Why a parcel is not to be taken, if so: where it stands, for whom it is, who made it, and who signed that.
    fn refusal(
        &self,
        found: &FoundParcel,
        header: &Header,
        intake: &dyn Intake,
    ) -> TransferResult<Option<Reason>> {
        if let Err(reason) = self.authenticity(&found.sender, &found.id, header) {
            return Ok(Some(reason));
        }
        let sender = || header.from.to_string();
        if !intake.knows(&header.from) {
            return Ok(Some(Reason::new(Code::UnknownSender, sender())));
        }
        let code = match (self.trust(&found.sender)?, &found.signature) {
            (Trust::Revoked, _) => Code::SenderRevoked,
            (Trust::Paired(peer), Some(signature)) => match peer.verifying.verify(&found.header, signature) {
                Ok(()) => return Ok(None),
                Err(_) => Code::SignatureBad,
            },
            (Trust::Paired(_), None) => Code::Unsigned,
            (Trust::Unpaired, _) if found.form == Form::Sealed => Code::SenderNotPaired,
            // Plain, and from a station whose keys nobody compared: a signature of it would prove nothing.
            (Trust::Unpaired, _) => return Ok(None),
        };
        Ok(Some(Reason::new(code, sender())))
    }

    /// Whether the header says what its place says, and is meant for this station and facility.
    fn authenticity(&self, sender: &str, id: &str, header: &Header) -> Result<(), Reason> {
        let placed = id.parse::<ParcelId>().is_ok_and(|id| id == header.id)
            && sender.parse::<StationName>().is_ok_and(|sender| sender == header.from);
        if !placed {
            return Err(Reason::new(Code::HeaderMisplaced, header.id.to_string()));
        }
        if header.to != self.me {
            return Err(Reason::new(Code::NotForUs, header.to.to_string()));
        }
        match &header.facility {
            Some(facility) if *facility != self.facility => {
                Err(Reason::new(Code::ForeignParcel, facility.to_string()))
            }
            // A sealed one says it inside.
            _ => Ok(()),
        }
    }
}

/// Where the alert about a missing parcel is kept: by its sender and the begin of its header's digest.
fn gap_place(sender: &str, header_sha256: &[u8; 32]) -> String {
    let digest = Digest(*header_sha256).to_string();
    format!("{sender} {}", digest.get(..16).unwrap_or_default())
}

/// Where a parcel stands, for messages.
pub(crate) fn parcel_place(known: &Known, volume: &dyn Volume) -> TransferResult<String> {
    Ok(place(volume, &entry(&known.folder()?, &names::bag_name(known.id))?))
}
