//! The part of the demo that is about trust: the two stations are paired over the stick, and after each writing the stick is
//! searched for anything that a finder could read.

use std::fs;
use std::path::Path;

use rezept_service::{Ask, Outcome, PairAsk, Station};

use super::Demo;
use crate::commands::outcome;
use crate::report::Failure;
use crate::ui::Tone;

impl Demo<'_> {
    /// Cards go over the stick, and what a person does at the two screens is done here: the codes are compared, and each
    /// station is given the one of the other screen.
    pub(super) fn pair(&mut self, stations: [&mut Station; 2]) -> Result<(), Failure> {
        self.heading("demo-step-pair");
        let medium = self.root.join("usb");
        let [first, second] = stations;
        for station in [&mut *first, &mut *second] {
            self.ask_pair(station, PairAsk::Export { medium: medium.clone(), new_keys: None })?;
        }
        let mut codes = Vec::new();
        for station in [&mut *first, &mut *second] {
            let name = station.config.name.to_string();
            let compared = self.ask_pair(station, PairAsk::Compare { medium: medium.clone(), peer: None })?;
            let code = compared.pairing.map(|pairing| pairing.code).unwrap_or_default();
            let line = self.ui.say("demo-code", &[("station", name.into()), ("code", code.clone().into())]);
            self.ui.line(&format!("    {}", self.ui.paint(&line, Tone::Strong)));
            codes.push(code);
        }
        codes.reverse();
        let mut pinned = true;
        for (station, code) in [first, second].into_iter().zip(codes) {
            let accept = PairAsk::Accept { medium: medium.clone(), peer: None, code, why: None };
            let accepted = self.ask_pair(station, accept)?;
            pinned &= accepted.pairing.is_some_and(|pairing| pairing.pinned);
        }
        self.check(pinned, &self.ui.say("demo-paired", &[]));
        Ok(())
    }

    fn ask_pair(&mut self, station: &mut Station, ask: PairAsk) -> Result<Outcome, Failure> {
        let outcome = station.answer_for(None, &Ask::Pair { ask });
        self.exit = self.exit.and(outcome::tell(&outcome, station.journal(), None, self.ui)?);
        Ok(outcome)
    }

    /// Searches every byte on the stick for the lines of a file that was written to it.
    pub(super) fn expect_unreadable(&mut self, content: &[u8]) -> Result<(), Failure> {
        let stick = self.root.join("usb");
        let lines: Vec<&[u8]> =
            content.split(|byte| b"\r\n".contains(byte)).filter(|line| line.len() >= 8).collect();
        let (mut files, mut readable) = (0_usize, lines.is_empty());
        search(&stick, &mut |bytes| {
            files += 1;
            readable |= lines.iter().any(|line| bytes.windows(line.len()).any(|window| window == *line));
        })
        .map_err(|source| Failure::Open { path: stick, source })?;
        self.check(files > 0 && !readable, &self.ui.say("demo-unreadable", &[("n", files.into())]));
        Ok(())
    }
}

fn search(folder: &Path, look: &mut dyn FnMut(&[u8])) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, look)?;
        } else {
            look(&fs::read(&path)?);
        }
    }
    Ok(())
}
