//! `rezept demo`: both stations, a medium and invented claim files in one throw-away folder; pairing, the whole journey of claim
//! files and of a return file, by the engine that the stations run, printed step by step.

mod paired;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use rezept_journal::{Direction, ParcelState, ReturnFilter};
use rezept_parcel::Digest;
use rezept_service::returns::{Resubmit, ReturnsAsk};
use rezept_service::{Ask, Config, Decision, Outcome, Problem, Station, World};

use crate::cli::DemoArgs;
use crate::commands::returns::shown as returned;
use crate::commands::{outcome, resubmit};
use crate::report::Failure;
use crate::shown::shown;
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

const SHAHO: &[u8] = include_bytes!("../../../../fixtures/claims/ika_shaho/RECEIPTC.UKE");
const KOKUHO: &[u8] = include_bytes!("../../../../fixtures/claims/ika_kokuho/RECEIPTC.UKE");
const RETURN: &[u8] = include_bytes!("../../../../fixtures/claims/hen_shaho/RECEIPTC.HEN");
/// What the receipt computer makes after a chart was corrected: an ordinary claim, and the second returned one anew.
const CORRECTED: &[u8] = include_bytes!("../../../../fixtures/claims/fresh_shaho/RECEIPTC.UKE");

/// What is corrected in the month's file: the day on which an illness began.
const DATE_CORRECTED: (&[u8], &[u8]) = (b"SY,8833421,20230410", b"SY,8833421,20230411");

/// Runs the command. Exit 0 only if every file stands byte for byte where it belongs, and both histories are whole.
///
/// # Errors
/// When a step fails.
pub fn run(args: &DemoArgs, ui: &Ui) -> Result<Exit, Failure> {
    let throw_away;
    let root = match &args.keep {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|source| Failure::Write { path: folder.clone(), source })?;
            crate::commands::station::absolute(folder)
        }
        None => {
            let temp = std::env::temp_dir();
            throw_away = tempfile::Builder::new()
                .prefix("rezept-demo-")
                .tempdir()
                .map_err(|source| Failure::Write { path: temp, source })?;
            throw_away.path().to_owned()
        }
    };
    Demo { ui, root, exit: Exit::Ok, step: 0 }.run()
}

struct Demo<'a> {
    ui: &'a Ui,
    root: PathBuf,
    exit: Exit,
    step: u64,
}

impl Demo<'_> {
    fn run(mut self) -> Result<Exit, Failure> {
        let stick = self.root.join("usb");
        fs::create_dir_all(&stick).map_err(|source| Failure::Write { path: stick, source })?;
        self.ui.note(&self.ui.say("demo-folder", &[("path", shown(&self.root).into())]));
        let mut receden =
            self.station("recekon", "receipt-computer", "terminal", ["claim"], ["return", "notice"])?;
        let mut terminal =
            self.station("terminal", "claim-terminal", "recekon", ["return", "notice"], ["claim"])?;

        self.pair([&mut receden, &mut terminal])?;
        self.heading("demo-step-files");
        self.put("recekon/watch/shaho/RECEIPTC.UKE", SHAHO)?;
        self.put("recekon/watch/kokuho/RECEIPTC.UKE", KOKUHO)?;

        self.heading("demo-step-write");
        self.turn(&mut receden)?;
        self.expect_unreadable(SHAHO)?;
        self.heading("demo-step-receive");
        self.turn(&mut terminal)?;
        self.expect("terminal/inbox/202411/shaho/RECEIPTC.UKE", SHAHO)?;
        self.expect("terminal/inbox/202411/kokuho/RECEIPTC.UKE", KOKUHO)?;
        self.heading("demo-step-ack");
        self.turn(&mut receden)?;
        self.expect_archived(&receden)?;

        self.correct(&mut receden, &mut terminal)?;

        self.heading("demo-step-return-file");
        self.put("terminal/watch/RECEIPTC.HEN", RETURN)?;
        self.heading("demo-step-return-write");
        self.turn(&mut terminal)?;
        self.expect_unreadable(RETURN)?;
        self.heading("demo-step-return-receive");
        self.turn(&mut receden)?;
        self.expect("recekon/inbox/202412/shaho/RECEIPTC.HEN", RETURN)?;
        self.heading("demo-step-return-ack");
        self.turn(&mut terminal)?;
        self.expect_archived(&terminal)?;
        self.resubmit(&mut receden, &mut terminal)?;

        self.heading("demo-step-audit");
        for station in [&receden, &terminal] {
            let chain = station.journal().verify_chain(&[]).map_err(|error| Problem::from(&error))?;
            self.check(chain.is_sound(), &self.ui.say("audit-sound", &[("n", chain.entries.into())]));
        }
        let (id, tone) =
            if self.exit == Exit::Ok { ("demo-good", Tone::Good) } else { ("demo-bad", Tone::Bad) };
        let verdict = self.ui.text().get(id, &[]);
        self.ui.line(&self.ui.paint(&verdict, tone));
        Ok(self.exit)
    }

    /// The month's file is corrected: the station asks, a person answers once, and at the terminal it takes the usual place.
    fn correct(&mut self, receden: &mut Station, terminal: &mut Station) -> Result<(), Failure> {
        let (from, to) = DATE_CORRECTED;
        let at = SHAHO.windows(from.len()).position(|window| window == from).unwrap_or(SHAHO.len());
        let (before, after) = SHAHO.split_at(at);
        let corrected = [before, to, after.get(from.len()..).unwrap_or_default()].concat();
        self.heading("demo-step-correct-file");
        self.put("recekon/watch/shaho/RECEIPTC.UKE", &corrected)?;
        self.heading("demo-step-correct-ask");
        let asked = receden.turn();
        // That it waits is what is to be shown: no fault.
        outcome::tell(&asked, receden.journal(), None, self.ui)?;
        let held = asked.held.first().cloned().unwrap_or_default();
        self.check(!held.is_empty(), &self.ui.say("demo-asked", &[]));
        self.heading("demo-step-correct-release");
        let why = self.ui.say("demo-correct-why", &[]);
        self.ui.line(&format!("    {why}"));
        let release = Ask::Decide { id: held, decision: Decision::Release, why, medium: None };
        self.answer(receden, &release)?;
        self.heading("demo-step-exchange");
        let exchange = Ask::Exchange { medium: self.root.join("usb") };
        self.answer(receden, &exchange)?;
        self.answer(terminal, &exchange)?;
        self.answer(receden, &exchange)?;
        self.expect("terminal/inbox/202411/shaho/RECEIPTC.UKE", &corrected)?;
        self.expect("terminal/inbox/202411/shaho/差替え前/RECEIPTC.UKE", SHAHO)
    }

    fn answer(&mut self, station: &mut Station, ask: &Ask) -> Result<(), Failure> {
        let outcome = station.answer_for(None, ask);
        self.exit = self.exit.and(outcome::tell(&outcome, station.journal(), None, self.ui)?);
        Ok(())
    }

    /// The returned claims: one corrected here, one made anew by the receipt computer, both sent again.
    fn resubmit(&mut self, receden: &mut Station, terminal: &mut Station) -> Result<(), Failure> {
        self.heading("demo-step-worklist");
        self.worklist(receden)?;
        self.heading("demo-step-edit");
        let edits = ["HO.symbol=２１７０１３２", "SN.symbol=２１７０１３２"].map(str::to_owned).to_vec();
        for edit in &edits {
            self.ui.line(&format!("    R1 {edit}"));
        }
        self.ask(receden, ReturnsAsk::Edit { claim: 1, edits, undo: false })?;
        let wanted = |claim, corrected| Resubmit {
            payer: "1".to_owned(),
            month: "2025-01".to_owned(),
            claims: vec![claim],
            corrected,
            alone: true,
            ..Resubmit::default()
        };
        let first = self.ask(receden, ReturnsAsk::Resubmit(wanted(1, None)))?;
        self.carry(receden, terminal, &first)?;
        self.heading("demo-step-merge");
        self.put("corrected/RECEIPTC.UKE", CORRECTED)?;
        let corrected = Some(self.root.join("corrected/RECEIPTC.UKE"));
        let second = self.ask(receden, ReturnsAsk::Resubmit(wanted(2, corrected)))?;
        self.carry(receden, terminal, &second)?;
        self.heading("demo-step-worklist-done");
        self.worklist(receden)
    }

    fn ask(&mut self, station: &mut Station, ask: ReturnsAsk) -> Result<Outcome, Failure> {
        let outcome = station.answer_for(None, &Ask::Returns { ask });
        self.exit = self.exit.and(outcome::tell(&outcome, station.journal(), None, self.ui)?);
        if let Some(made) = &outcome.resubmission {
            resubmit::tell(station.journal(), made, self.ui)?;
        }
        Ok(outcome)
    }

    /// Over the stick and back: the file stands at the terminal, and the worklist knows it.
    fn carry(&mut self, from: &mut Station, to: &mut Station, outcome: &Outcome) -> Result<(), Failure> {
        let Some(made) = &outcome.resubmission else {
            self.check(false, "resubmission");
            return Ok(());
        };
        self.turn(from)?;
        self.turn(to)?;
        self.turn(from)?;
        let delivered = to.journal().parcels_in(Direction::In, ParcelState::ALL);
        let delivered = delivered.map_err(|error| Problem::from(&error))?;
        let mut stands = false;
        for parcel in delivered {
            let files = to.journal().parcel_files(parcel.row).map_err(|error| Problem::from(&error))?;
            for file in files.iter().filter(|file| Digest(file.sha256).to_string() == made.sha256) {
                let place = file.inbox.as_deref().zip(file.destination.as_deref());
                let path = place.map(|(inbox, place)| PathBuf::from(inbox).join(place)).unwrap_or_default();
                let bytes = fs::read(&path).map_err(|source| Failure::Open { path: path.clone(), source })?;
                stands |= Digest::of(&bytes).to_string() == made.sha256;
                self.check(stands, &shown(path.strip_prefix(&self.root).unwrap_or(&path)));
            }
        }
        self.check(stands, &self.ui.say("demo-resubmitted", &[]));
        Ok(())
    }

    fn worklist(&mut self, station: &Station) -> Result<(), Failure> {
        let all = station.journal().returned_claims(&ReturnFilter::default());
        for row in all.map_err(|error| Problem::from(&error))? {
            returned::line(station.journal(), &row, self.ui)?;
        }
        Ok(())
    }

    fn station<const N: usize, const M: usize>(
        &self,
        name: &str,
        role: &str,
        peer: &str,
        sends: [&str; N],
        takes: [&str; M],
    ) -> Result<Station, Failure> {
        let folder = self.root.join(name);
        for part in ["data", "watch", "inbox"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).map_err(|source| Failure::Write { path, source })?;
        }
        let text = format!(
            "[station]\nname = \"{name}\"\nrole = \"{role}\"\ndata = \"data\"\n\
             [facility]\nprefecture = \"13\"\npoint_table = \"1\"\ncode = \"9999015\"\nname = \"テスト見本診療所\"\n\
             [[route]]\nname = \"main\"\nwatch = \"watch\"\naccept = {sends:?}\nto = \"{peer}\"\n\
             [[inbox]]\naccept = {takes:?}\nfolder = \"inbox\"\n\
             [[medium]]\nkind = \"removable\"\npath = \"../usb\"\n\
             [policy]\nquiet_time = \"0s\"\n[keys]\nstore = \"machine\"\n"
        );
        let path = folder.join("rezept.toml");
        let mut file =
            fs::File::create_new(&path).map_err(|source| Failure::Write { path: path.clone(), source })?;
        file.write_all(text.as_bytes()).map_err(|source| Failure::Write { path: path.clone(), source })?;
        let config = Config::load(&path).map_err(Failure::Config)?;
        Ok(Station::open(config, World::real(), "demo")?)
    }

    fn heading(&mut self, id: &str) {
        self.step += 1;
        let line = format!("{}. {}", self.step, self.ui.text().get(id, &[]));
        self.ui.line("");
        self.ui.line(&self.ui.paint(&line, Tone::Strong));
    }

    fn put(&self, at: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(at);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
            fs::File::create_new(&path)?.write_all(bytes)
        };
        write().map_err(|source| Failure::Write { path: path.clone(), source })?;
        self.ui.line(&format!("    {at}"));
        self.ui.line(&format!("      SHA-256 {}", Digest::of(bytes)));
        Ok(())
    }

    fn turn(&mut self, station: &mut Station) -> Result<(), Failure> {
        let outcome: Outcome = station.turn();
        self.exit = self.exit.and(outcome::tell(&outcome, station.journal(), None, self.ui)?);
        Ok(())
    }

    fn expect(&mut self, at: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(at);
        let found = fs::read(&path).map_err(|source| Failure::Open { path, source })?;
        self.check(found == bytes, at);
        Ok(())
    }

    fn expect_archived(&mut self, station: &Station) -> Result<(), Failure> {
        let parcels = station.journal().parcels_in(Direction::Out, ParcelState::ALL);
        let parcels = parcels.map_err(|error| Problem::from(&error))?;
        let done = !parcels.is_empty() && parcels.iter().all(|parcel| parcel.state == ParcelState::Archived);
        self.check(done, &self.ui.say("demo-archived", &[]));
        Ok(())
    }

    fn check(&mut self, good: bool, what: &str) {
        let (mark, tone) = if good { ("○", Tone::Good) } else { ("×", Tone::Bad) };
        self.ui.line(&format!("    {} {what}", self.ui.paint(mark, tone)));
        if !good {
            self.exit = self.exit.and(Exit::VerifyFailed);
        }
    }
}
