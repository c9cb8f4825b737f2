//! One history: steps that are drawn, carried out and compared with the naive rule one by one. A step draws its details from a
//! number of its own, so a history without one of its steps is a history too.

use std::collections::{BTreeMap, BTreeSet};

use rezept_codes::Code;
use rezept_journal::{Direction, FileState, ParcelState, Subject, Waits};
use rezept_service::{Ask, Decision, Outcome, Station, held};
use rezept_testkit::faults::Faults;
use rezept_testkit::rng::Rng;
use rezept_transfer::Digest;

use crate::contents::Spec;
use crate::rule::{Rule, Sha};
use crate::site::{Side, Site};

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The billing software writes a file, under a new name or over another one.
    Write,
    /// A file is copied in the watched folder.
    Copy,
    /// A file with one claim changed is written, under the same name or another one.
    Correct,
    /// Another part of a month is written.
    Part,
    /// The same claims are written in another order.
    Reorder,
    /// A file is deleted from the watched folder.
    Delete,
    /// A turn of the receipt computer, with the stick, without it, or killed.
    SenderTurn,
    /// A turn of the terminal, likewise.
    TerminalTurn,
    /// The stick goes from the receipt computer to the terminal, and perhaps back.
    Carry,
    /// `send FILE`.
    Send,
    /// `exchange MEDIUM` at either station.
    Exchange,
    /// A person lets something that waits pass.
    Release,
    /// A person refuses it.
    Refuse,
    /// A person cancels a parcel.
    Cancel,
    /// A person sends a parcel again.
    Again,
    /// Staff take a file from the inbox.
    Take,
    /// The stick is emptied.
    LoseStick,
    /// An image of the stick is made.
    ImageStick,
    /// The image comes back.
    OldStick,
    /// A copy of the terminal's data folder is made.
    KeepTerminal,
    /// The copy is put back.
    RestoreTerminal,
}

/// How often each happens.
const WEIGHTS: &[(What, usize)] = &[
    (What::Write, 8),
    (What::Copy, 4),
    (What::Correct, 8),
    (What::Part, 3),
    (What::Reorder, 2),
    (What::Delete, 2),
    (What::SenderTurn, 10),
    (What::TerminalTurn, 8),
    (What::Carry, 12),
    (What::Send, 5),
    (What::Exchange, 4),
    (What::Release, 16),
    (What::Refuse, 3),
    (What::Cancel, 6),
    (What::Again, 3),
    (What::Take, 4),
    (What::LoseStick, 3),
    (What::ImageStick, 4),
    (What::OldStick, 4),
    (What::KeepTerminal, 2),
    (What::RestoreTerminal, 2),
];

/// A step and what its details are drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub what: What,
    pub dice: u64,
}

/// What seldom comes together by chance: a delivery that the receipt computer never hears of, an old stick, a terminal that
/// forgot, a corrected file after staff took the first one.
const MOTIFS: &[&[What]] = &[
    &[What::Carry, What::LoseStick, What::Cancel, What::Correct, What::Carry, What::Release],
    &[What::Carry, What::LoseStick, What::Cancel, What::Write, What::Carry],
    &[What::SenderTurn, What::Cancel, What::Correct, What::Carry, What::Release, What::Carry],
    &[What::KeepTerminal, What::Carry, What::RestoreTerminal, What::TerminalTurn, What::Release],
    &[What::SenderTurn, What::ImageStick, What::Carry, What::Cancel, What::OldStick, What::Carry],
    &[What::Carry, What::Take, What::Correct, What::SenderTurn, What::Release, What::Carry, What::Release],
    &[What::Carry, What::Carry, What::Copy, What::SenderTurn, What::Release, What::Carry],
    &[What::SenderTurn, What::LoseStick, What::Again, What::TerminalTurn, What::OldStick, What::Carry],
];

/// Draws a history.
pub fn draw(seed: u64, steps: usize) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    let mut drawn = Vec::new();
    while drawn.len() < steps {
        let motif = MOTIFS.get(rng.below(MOTIFS.len())).filter(|_| rng.below(5) == 0);
        let one = [one_of_all(&mut rng)];
        for what in motif.copied().unwrap_or(&one) {
            drawn.push(Step { what: *what, dice: rng.next_u64() });
        }
    }
    drawn.truncate(steps);
    drawn
}

fn one_of_all(rng: &mut Rng) -> What {
    let mut at = rng.below(WEIGHTS.iter().map(|(_, weight)| weight).sum());
    for (what, weight) in WEIGHTS {
        if at < *weight {
            return *what;
        }
        at -= weight;
    }
    What::SenderTurn
}

/// Each kill lies among so many cut points: about as many as a turn has that carries a file.
const CUTS: usize = 900;
/// After so many rounds of turns nothing may move any more.
const ROUNDS: usize = 12;
/// Longer than a parcel waits for its acknowledgement.
const OVERDUE: i64 = 36 * 24 * 60 * 60;

/// Something that waits for a person, with the contents it is about.
type Waiting = (Subject, Vec<Sha>, Option<Code>);

/// What a station shows after a step.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
struct Look {
    waiting: Vec<Waiting>,
    accepted: Vec<(i64, Sha)>,
    parcels: Vec<(String, ParcelState, Vec<Sha>)>,
}

/// A history on its way.
pub struct Story {
    site: Site,
    rule: Rule,
    step: usize,
    /// What happened, in words.
    pub log: Vec<String>,
    looks: BTreeMap<Side, Look>,
    /// Contents of the receipt computer's parcels, by id.
    parcels: BTreeMap<String, Vec<Sha>>,
    has_image: bool,
    kept_at: Option<usize>,
    names: usize,
    figures: BTreeMap<String, usize>,
}

impl Story {
    pub fn new(seed: u64) -> Self {
        Self {
            site: Site::started(seed),
            rule: Rule::default(),
            step: 0,
            log: Vec::new(),
            looks: BTreeMap::new(),
            parcels: BTreeMap::new(),
            has_image: false,
            kept_at: None,
            names: 0,
            figures: BTreeMap::new(),
        }
    }

    /// How often what happened, to see that a history is no empty one.
    pub fn figures(mut self) -> BTreeMap<String, usize> {
        self.rule.count(&mut self.figures);
        self.figures
    }

    /// Carries out a history and looks at its end.
    ///
    /// # Errors
    /// Where it differs from the rule.
    pub fn run(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step += 1;
            self.log.push(format!("{:?}", step.what));
            self.carry_out(step.what, &mut Rng::new(step.dice))?;
        }
        self.end()
    }

    fn note(&mut self, words: &str) {
        if let Some(last) = self.log.last_mut() {
            *last += " ";
            *last += words;
        }
    }

    fn carry_out(&mut self, what: What, rng: &mut Rng) -> Result<(), String> {
        match what {
            What::Write => {
                let over = rng.below(3) == 0;
                self.write(&Spec::any(rng), over, rng);
            }
            What::Copy => {
                if let Some((_, spec)) = self.any_in_folder(rng) {
                    self.write(&spec, false, rng);
                }
            }
            What::Correct => {
                if let Some((path, spec)) = self.any_spec(rng) {
                    let corrected = spec.corrected(rng);
                    match path.filter(|_| rng.coin()) {
                        Some(path) => self.write_to(&path, &corrected),
                        None => self.write(&corrected, false, rng),
                    }
                }
            }
            What::Part => {
                if let Some(part) = self.any_spec(rng).and_then(|(_, spec)| spec.other_part(rng)) {
                    self.write(&part, false, rng);
                }
            }
            What::Reorder => {
                if let Some((_, spec)) = self.any_spec(rng) {
                    self.write(&spec.reordered(), false, rng);
                }
            }
            What::Delete => {
                if let Some((path, _)) = self.any_in_folder(rng) {
                    self.note(&path);
                    self.site.remove(&path);
                }
            }
            What::SenderTurn => self.turn(Side::Recekon, rng)?,
            What::TerminalTurn => self.turn(Side::Terminal, rng)?,
            What::Carry => {
                let back = rng.coin();
                for side in [Side::Recekon, Side::Terminal] {
                    self.turn_of(side, true, some_cut(rng, 6), Station::turn)?;
                }
                if back {
                    self.note("and back");
                    self.turn_of(Side::Recekon, true, None, Station::turn)?;
                }
            }
            What::Send => self.send(rng)?,
            What::Exchange => {
                let side = if rng.coin() { Side::Recekon } else { Side::Terminal };
                let ask = Ask::Exchange { medium: self.site.stick() };
                self.note(side.name());
                let kill = some_cut(rng, 8);
                self.turn_of(side, true, kill, |station| station.answer_for(None, &ask))?;
            }
            What::Release => self.decide(Decision::Release, rng)?,
            What::Refuse => self.decide(Decision::Refuse, rng)?,
            What::Cancel | What::Again => self.end_or_repeat(what, rng)?,
            What::Take => {
                let inbox: Vec<String> = self.site.files("terminal/inbox").into_keys().collect();
                if let Some(path) = inbox.get(rng.below(inbox.len())) {
                    self.note(path);
                    self.site.take(path);
                }
            }
            What::LoseStick => self.site.empty_stick(),
            What::ImageStick => {
                self.site.copy_folder("usb", "image");
                self.has_image = true;
            }
            What::OldStick if self.has_image => self.site.copy_folder("image", "usb"),
            What::KeepTerminal if self.site.at("terminal/data").is_dir() => {
                self.site.copy_folder("terminal/data", "kept");
                self.kept_at = Some(self.step);
            }
            What::RestoreTerminal if self.kept_at.is_some() => {
                self.site.copy_folder("kept", "terminal/data");
                self.rule.forgot(self.kept_at.unwrap_or_default());
            }
            What::OldStick | What::KeepTerminal | What::RestoreTerminal => {}
        }
        Ok(())
    }

    fn any_in_folder(&self, rng: &mut Rng) -> Option<(String, Spec)> {
        let files = self.site.files("recekon/watch");
        let (path, bytes) = files.into_iter().nth(rng.below(self.site.files("recekon/watch").len()))?;
        Some((path, self.rule.spec_of(&Digest::of(&bytes).0)?.clone()))
    }

    /// A content that lies in the folder, or one that was written before.
    fn any_spec(&self, rng: &mut Rng) -> Option<(Option<String>, Spec)> {
        if rng.coin()
            && let Some((path, spec)) = self.any_in_folder(rng)
        {
            return Some((Some(path), spec));
        }
        let specs = self.rule.specs();
        Some((None, (*specs.get(rng.below(specs.len()))?).clone()))
    }

    fn write(&mut self, spec: &Spec, over: bool, rng: &mut Rng) {
        let there = self.any_in_folder(rng).filter(|_| over);
        self.names += 1;
        let path = there.map_or_else(|| format!("recekon/watch/{}.UKE", self.names), |(path, _)| path);
        self.write_to(&path, spec);
    }

    fn write_to(&mut self, path: &str, spec: &Spec) {
        let bytes = spec.bytes();
        self.note(&format!("{path} {}", spec.words()));
        self.rule.written(Digest::of(&bytes).0, spec);
        self.site.put(path, &bytes);
    }

    fn turn(&mut self, side: Side, rng: &mut Rng) -> Result<(), String> {
        let stick = rng.below(5) > 0;
        let kill = some_cut(rng, 4);
        if !stick {
            self.note("without stick");
        }
        self.turn_of(side, stick, kill, Station::turn)?;
        Ok(())
    }

    /// A whole turn, in one way or another. One that comes to its end saw what lay in the watched folder.
    fn turn_of<T>(
        &mut self,
        side: Side,
        stick: bool,
        kill: Option<u64>,
        work: impl FnOnce(&mut Station) -> T,
    ) -> Result<Option<T>, String> {
        let there = self.site.files("recekon/watch");
        let done = self.visit(side, stick, kill, work)?;
        if side == Side::Recekon && done.is_some() {
            for bytes in there.values() {
                self.rule.saw(&Digest::of(bytes).0, self.step, true);
            }
        }
        Ok(done)
    }

    fn send(&mut self, rng: &mut Rng) -> Result<(), String> {
        let path = match self.any_in_folder(rng).filter(|_| rng.coin()) {
            Some((path, _)) => path,
            None => {
                self.names += 1;
                let path = format!("recekon/desk/{}.UKE", self.names);
                let spec = match self.any_spec(rng).filter(|_| rng.coin()) {
                    Some((_, spec)) => spec,
                    None => Spec::any(rng),
                };
                self.write_to(&path, &spec);
                path
            }
        };
        let ask =
            Ask::Send { files: vec![self.site.at(&path)], medium: Some(self.site.stick()), trial: false };
        self.note(&path);
        let bytes = self.site.files(path.rsplit_once('/').map_or("", |(folder, _)| folder)).remove(&path);
        let sha = Digest::of(&bytes.unwrap_or_default()).0;
        self.rule.saw(&sha, self.step, false);
        let kill = some_cut(rng, 4);
        let outcome = self.visit(Side::Recekon, true, kill, |station| station.answer_for(None, &ask))?;
        if outcome.is_some_and(|outcome| outcome.problems.is_empty()) {
            self.rule.saw(&sha, self.step, true);
        }
        Ok(())
    }

    /// A person decides something that waits at either station.
    fn decide(&mut self, decision: Decision, rng: &mut Rng) -> Result<(), String> {
        let mut all: Vec<(Side, Waiting)> = Vec::new();
        for side in Side::BOTH {
            let look = self.looks.get(&side).cloned().unwrap_or_default();
            for one in look.waiting {
                if !all.iter().any(|(other, (id, ..))| *other == side && *id == one.0) {
                    all.push((side, one));
                }
            }
        }
        let Some((side, (id, shas, code))) = all.get(rng.below(all.len())).cloned() else {
            self.note("nothing: a turn");
            return self.turn(Side::Recekon, rng);
        };
        let words: Vec<String> =
            shas.iter().filter_map(|sha| self.rule.spec_of(sha)).map(Spec::words).collect();
        self.note(&format!("{} {id} {} {}", side.name(), code.map_or("", Code::as_str), words.join(", ")));
        let kill = some_cut(rng, 8);
        let Some(free) = self.ask_to_decide(side, id, decision, None, kill)? else { return Ok(()) };
        let answered = format!("{decision:?} {} at {}", code.map_or("", Code::as_str), side.name());
        *self.figures.entry(answered).or_default() += 1;
        for sha in shas {
            match decision {
                Decision::Release => self.rule.released(&sha, self.step),
                _ if side == Side::Terminal || free.contains(&sha) => self.rule.ended(&sha),
                _ => {}
            }
        }
        Ok(())
    }

    /// Asks for a decision. Where it was carried out, the contents of which nothing is under way any more.
    fn ask_to_decide(
        &mut self,
        side: Side,
        id: Subject,
        decision: Decision,
        medium: Option<std::path::PathBuf>,
        kill: Option<u64>,
    ) -> Result<Option<BTreeSet<Sha>>, String> {
        let ask = Ask::Decide { id: id.to_string(), decision, why: "because".into(), medium };
        let known: Vec<Sha> = self.rule.contents();
        let answer = self.visit(side, true, kill, |station| {
            let outcome = station.answer_for(None, &ask);
            (outcome, live(station))
        })?;
        let Some((outcome, live)) = answer else {
            // It may have been carried out or not: what lies in the journal says so.
            let accepted = self.visit(side, false, None, live)?.unwrap_or_default();
            return Ok(Some(known.into_iter().filter(|sha| !accepted.contains(sha)).collect()));
        };
        self.note(&codes(&outcome));
        let done = outcome.problems.is_empty();
        Ok(done.then(|| known.into_iter().filter(|sha| !live.contains(sha)).collect()))
    }

    /// Cancels an outgoing parcel, or sends it again.
    fn end_or_repeat(&mut self, what: What, rng: &mut Rng) -> Result<(), String> {
        let parcels = self.looks.get(&Side::Recekon).cloned().unwrap_or_default().parcels;
        if parcels.is_empty() {
            self.note("nothing: a turn");
            return self.turn(Side::Recekon, rng);
        }
        // Rather one of the last ones.
        let at = parcels.len() - 1 - rng.below(parcels.len().min(3));
        let row = i64::try_from(at + 1).unwrap_or_default();
        let shas = parcels.get(at).map(|(_, _, shas)| shas.clone()).unwrap_or_default();
        self.note(&format!("P{row}"));
        let kill = some_cut(rng, 8);
        if what == What::Again {
            let medium = Some(self.site.stick());
            self.ask_to_decide(Side::Recekon, Subject::Parcel(row), Decision::Again, medium, kill)?;
            return Ok(());
        }
        let free = self.ask_to_decide(Side::Recekon, Subject::Parcel(row), Decision::Cancel, None, kill)?;
        for sha in free.into_iter().flatten().filter(|sha| shas.contains(sha)) {
            self.rule.ended(&sha);
        }
        Ok(())
    }

    /// Opens a station, does something, and compares what came of it with the rule. `None`: it was killed.
    fn visit<T>(
        &mut self,
        side: Side,
        stick: bool,
        kill: Option<u64>,
        work: impl FnOnce(&mut Station) -> T,
    ) -> Result<Option<T>, String> {
        let folder = match side {
            Side::Recekon => self.site.files("recekon/watch"),
            Side::Terminal => BTreeMap::new(),
        };
        for bytes in folder.values() {
            self.rule.saw(&Digest::of(bytes).0, self.step, false);
        }
        let faults = kill.map_or_else(Faults::none, |cut| Faults::none().kill_at(cut));
        let done = faults.run(|| {
            let mut station = self.site.open(side, stick, &faults);
            let value = work(&mut station);
            (value, self.look(&station, side))
        });
        let value = match done {
            Ok((value, look)) => {
                self.learn(side, look);
                Some(value)
            }
            Err(_) => {
                self.note("killed");
                *self.figures.entry("kills".into()).or_default() += 1;
                None
            }
        };
        let arrived = self.site.arrived();
        self.rule.arrivals(&arrived, self.step)?;
        if side == Side::Recekon {
            let left = self.site.files("recekon/watch");
            for (path, bytes) in folder.iter().filter(|(path, _)| !left.contains_key(*path)) {
                if !arrived.contains_key(&Digest::of(bytes).0) {
                    return Err(format!("{path} was taken away and never came to the terminal"));
                }
            }
        }
        Ok(value)
    }

    fn look(&self, station: &Station, side: Side) -> Look {
        let journal = station.journal();
        let mut look = Look::default();
        if side == Side::Recekon {
            for parcel in journal.parcels_in(Direction::Out, ParcelState::ALL).unwrap() {
                let shas = journal.parcel_files(parcel.row).unwrap().iter().map(|file| file.sha256).collect();
                look.parcels.push((parcel.id, parcel.state, shas));
            }
            let goes = [FileState::Gated, FileState::InParcel, FileState::Kept, FileState::Archived];
            let rows = journal.files_in(&goes).unwrap().into_iter();
            look.accepted = rows.filter_map(|row| Some((row.id, row.content?.sha256))).collect();
        }
        for one in held(journal).unwrap() {
            let shas = match one.id {
                Subject::File(row) => {
                    journal.file(row).unwrap().content.map(|content| content.sha256).into_iter().collect()
                }
                Subject::Parcel(row) => {
                    let files = journal.parcel_files(row).unwrap();
                    let waiting =
                        files.iter().filter(|file| file.waits == Waits::ForPerson && !file.delivered);
                    let waiting: Vec<Sha> = waiting.map(|file| file.sha256).collect();
                    match waiting.is_empty() {
                        true => self.parcels.get(&one.what).cloned().unwrap_or_default(),
                        false => waiting,
                    }
                }
                _ => Vec::new(),
            };
            look.waiting.push((one.id, shas, one.reason.code.known()));
        }
        look
    }

    fn learn(&mut self, side: Side, look: Look) {
        for (row, sha) in &look.accepted {
            self.rule.accepted(*row, sha);
        }
        if side == Side::Recekon {
            self.parcels.extend(look.parcels.iter().map(|(id, _, shas)| (id.clone(), shas.clone())));
        }
        self.looks.insert(side, look);
        let mut waiting = Vec::new();
        for (side, look) in &self.looks {
            // Nobody is asked by that whether a content may go.
            let asked = look.waiting.iter().filter(|(_, _, code)| *code != Some(Code::NoAcknowledgement));
            waiting.extend(asked.flat_map(|(_, shas, code)| shas.iter().map(|sha| (*side, *sha, *code))));
        }
        self.rule.waiting(&waiting);
    }

    /// Turns with the stick until nothing changes; what nobody acknowledged is sent again; then what must hold in the end.
    fn end(&mut self) -> Result<(), String> {
        self.step += 1;
        self.log.push("the end".into());
        self.turns_until_quiet()?;
        let under_way =
            |look: &Look| look.parcels.iter().any(|(_, state, _)| *state == ParcelState::Committed);
        if self.looks.get(&Side::Recekon).is_some_and(under_way) {
            self.send_again_what_is_overdue()?;
            self.turns_until_quiet()?;
        }
        self.rule.at_the_end()
    }

    fn send_again_what_is_overdue(&mut self) -> Result<(), String> {
        self.site.clock.jump(OVERDUE);
        self.visit(Side::Recekon, true, None, Station::turn)?;
        let parcels = self.looks.get(&Side::Recekon).cloned().unwrap_or_default().parcels;
        for (at, _) in parcels.iter().enumerate().filter(|(_, (_, state, _))| *state == ParcelState::Expired)
        {
            let id = Subject::Parcel(i64::try_from(at + 1).unwrap_or_default());
            let medium = Some(self.site.stick());
            self.ask_to_decide(Side::Recekon, id, Decision::Again, medium, None)?;
        }
        Ok(())
    }

    fn turns_until_quiet(&mut self) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let before = (self.looks.clone(), self.site.arrived());
            for side in Side::BOTH {
                let done = self.turn_of(side, true, None, |station| {
                    let outcome = station.turn();
                    (codes(&outcome), station.journal().verify_chain(&[]).unwrap().is_sound())
                })?;
                let (codes, sound) = done.unwrap_or_default();
                self.note(&codes);
                if !sound {
                    return Err(format!("the history of {} is not sound", side.name()));
                }
            }
            if before == (self.looks.clone(), self.site.arrived()) {
                return Ok(());
            }
        }
        Err(format!("something still moves after {ROUNDS} rounds: {:?}", self.looks))
    }
}

/// The contents of which a file is under way.
fn live(station: &mut Station) -> BTreeSet<Sha> {
    let rows = station.journal().files_in(&[FileState::Gated, FileState::InParcel]).unwrap();
    rows.into_iter().filter_map(|row| Some(row.content?.sha256)).collect()
}

/// The codes of what went wrong.
fn codes(outcome: &Outcome) -> String {
    let codes: Vec<&str> =
        outcome.problems.iter().filter_map(|problem| problem.code.known()).map(Code::as_str).collect();
    codes.join(" ")
}

/// Now and then a cut at which the process dies.
fn some_cut(rng: &mut Rng, one_in: usize) -> Option<u64> {
    let cut = rng.below(CUTS);
    (rng.below(one_in) == 0).then(|| u64::try_from(cut).unwrap_or_default())
}
