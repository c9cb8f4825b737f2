//! The naive rule: no claim comes to the terminal a second time without a person having said so of exactly that content, and
//! nothing that was accepted is lost. It knows what was written, what people were asked and said, and what lies at the
//! terminal; nothing of parcels or registers.

use std::collections::{BTreeMap, BTreeSet};

use rezept_codes::Code;

use crate::contents::Spec;
use crate::site::Side;

/// A content by its SHA-256.
pub type Sha = [u8; 32];

/// What is known of one content.
#[derive(Clone, Debug)]
pub struct Known {
    pub spec: Spec,
    /// The step at which a turn may have seen it first.
    pub seen: Option<usize>,
    /// A turn that came to its end saw it.
    pub surely_seen: bool,
    /// How often it came to the terminal, and at which step first.
    pub arrived: usize,
    pub first_arrived: Option<usize>,
    /// The steps at which a person let it pass.
    pub releases: Vec<usize>,
    /// A person was asked about it.
    pub asked: bool,
    /// It was accepted since.
    pub accepted: bool,
    /// A person refused or cancelled it, and nothing of it was accepted since.
    pub ended: bool,
    /// It waits now, for another reason than that it is there twice.
    pub waits: bool,
}

/// The naive model.
#[derive(Default)]
pub struct Rule {
    contents: BTreeMap<Sha, Known>,
    /// Rows of the receipt computer that were accepted.
    rows: BTreeSet<i64>,
    /// Arrivals that the terminal cannot know of any more: its data folder is from before them.
    forgotten: BTreeSet<Sha>,
}

impl Rule {
    /// The receipt computer wrote a file.
    pub fn written(&mut self, sha: Sha, spec: &Spec) {
        self.contents.entry(sha).or_insert_with(|| Known {
            spec: spec.clone(),
            seen: None,
            surely_seen: false,
            arrived: 0,
            first_arrived: None,
            releases: Vec::new(),
            asked: false,
            accepted: false,
            ended: false,
            waits: false,
        });
    }

    fn of(&mut self, sha: &Sha) -> Option<&mut Known> {
        self.contents.get_mut(sha)
    }

    pub fn spec_of(&self, sha: &Sha) -> Option<&Spec> {
        self.contents.get(sha).map(|known| &known.spec)
    }

    /// The digests of all contents.
    pub fn contents(&self) -> Vec<Sha> {
        self.contents.keys().copied().collect()
    }

    /// Every content so far, in the order of their digests.
    pub fn specs(&self) -> Vec<&Spec> {
        self.contents.values().map(|known| &known.spec).collect()
    }

    /// A step of the receipt computer found a content in its folder.
    pub fn saw(&mut self, sha: &Sha, step: usize, surely: bool) {
        if let Some(known) = self.of(sha) {
            known.seen.get_or_insert(step);
            known.surely_seen |= surely;
        }
    }

    /// A row of the receipt computer stands as accepted.
    pub fn accepted(&mut self, row: i64, sha: &Sha) {
        if self.rows.insert(row)
            && let Some(known) = self.of(sha)
        {
            (known.accepted, known.ended) = (true, false);
        }
    }

    /// What waits for a person at both stations, each with its reason.
    pub fn waiting(&mut self, waiting: &[(Side, Sha, Option<Code>)]) {
        for known in self.contents.values_mut() {
            known.waits = false;
        }
        for (_, sha, code) in waiting {
            let double = matches!(code, Some(Code::GateSameContent | Code::PossibleDouble));
            if let Some(known) = self.of(sha) {
                known.asked = true;
                known.waits |= !double;
            }
        }
    }

    /// A person let a content pass.
    pub fn released(&mut self, sha: &Sha, step: usize) {
        if let Some(known) = self.of(sha) {
            known.releases.push(step);
            known.ended = false;
        }
    }

    /// A person refused a content, or cancelled it, and no other file of it is under way.
    pub fn ended(&mut self, sha: &Sha) {
        if let Some(known) = self.of(sha) {
            known.ended = true;
        }
    }

    /// The terminal lost its memory of everything that came after a step.
    pub fn forgot(&mut self, since: usize) {
        for (sha, known) in &self.contents {
            if known.first_arrived.is_some_and(|step| step >= since) {
                self.forgotten.insert(*sha);
            }
        }
    }

    /// What lies at the terminal after a step.
    ///
    /// # Errors
    /// What is there against the rule.
    pub fn arrivals(&mut self, arrived: &BTreeMap<Sha, usize>, step: usize) -> Result<(), String> {
        let mut new = Vec::new();
        for (sha, count) in arrived {
            let Some(known) = self.contents.get_mut(sha) else {
                return Err("the inbox holds bytes that nobody wrote".to_owned());
            };
            if *count > known.arrived {
                known.arrived = *count;
                new.push(*sha);
            }
        }
        let lies_there = |sha: &Sha| arrived.get(sha).copied().unwrap_or(0);
        if let Some((_, gone)) = self.contents.iter().find(|(sha, known)| known.arrived > lies_there(sha)) {
            return Err(format!("{} lay at the terminal and is gone", gone.spec.words()));
        }
        for sha in &new {
            self.may_arrive(sha, &new, step)?;
        }
        for sha in &new {
            if let Some(known) = self.contents.get_mut(sha) {
                known.first_arrived.get_or_insert(step);
            }
        }
        Ok(())
    }

    fn may_arrive(&self, sha: &Sha, new: &[Sha], step: usize) -> Result<(), String> {
        let Some(known) = self.contents.get(sha) else { return Ok(()) };
        if known.arrived > 1 + known.releases.len() && !self.forgotten.contains(sha) {
            let (words, count, asked) = (known.spec.words(), known.arrived, known.releases.len());
            return Err(format!("{words} came {count} times, let pass {asked} times"));
        }
        for (other_sha, other) in self.contents.iter().filter(|(other, _)| *other != sha) {
            if other.arrived == 0
                || !other.spec.shares_a_claim_with(&known.spec)
                || self.forgotten.contains(other_sha)
            {
                continue;
            }
            let since = |seen: Option<usize>| seen.unwrap_or(usize::MAX);
            let let_pass = known.releases.iter().any(|at| *at >= since(other.seen));
            // Of two that came with one turn either may have been the second.
            let other_was =
                new.contains(other_sha) && other.releases.iter().any(|at| *at >= since(known.seen));
            if !let_pass && !other_was {
                let (words, before) = (known.spec.words(), other.spec.words());
                return Err(format!("{words} came at step {step} beside {before}, and nobody let it pass"));
            }
        }
        Ok(())
    }

    /// What must hold when nothing moves any more.
    ///
    /// # Errors
    /// What was lost.
    pub fn at_the_end(&self) -> Result<(), String> {
        for known in self.contents.values().filter(|known| known.surely_seen || known.accepted) {
            let asked = known.asked && !known.accepted;
            if known.arrived == 0 && !known.waits && !known.ended && !asked {
                return Err(format!("{} is lost: {known:?}", known.spec.words()));
            }
        }
        Ok(())
    }

    /// Counts what came of the contents.
    pub fn count(&self, figures: &mut BTreeMap<String, usize>) {
        let mut add = |what: &str, count: usize| *figures.entry(what.to_owned()).or_default() += count;
        for known in self.contents.values() {
            add("contents that arrived", usize::from(known.arrived > 0));
            add("arrivals of the same bytes", known.arrived.saturating_sub(1));
            add("contents let pass", usize::from(!known.releases.is_empty()));
            add("contents ended by a person", usize::from(known.ended));
        }
        let arrived = || self.contents.iter().filter(|(_, known)| known.arrived > 0);
        for (sha, known) in arrived() {
            let shares = |(other_sha, other): (&Sha, &Known)| {
                other_sha < sha && other.spec.shares_a_claim_with(&known.spec)
            };
            add("pairs that arrived and share a claim", arrived().filter(|other| shares(*other)).count());
        }
    }
}
