//! The only place that prints. Results go to standard output, everything else to standard error; with `--json` standard
//! output holds nothing but objects. A closed pipe is not an error; a full disk is, and is told at the end.

use std::io::{self, BufRead as _, IsTerminal, Read as _, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rezept_text::{Arg, Lang, Text};
use unicode_width::UnicodeWidthStr as _;

use crate::cli::{ColorChoice, Early, Global};
use crate::json::{ErrorObject, Object, line_of};
use crate::report::Report;

/// How something stands out on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// Good news.
    Good,
    /// Look at it.
    Careful,
    /// Bad news.
    Bad,
    /// A heading or label.
    Strong,
}

impl Tone {
    const fn codes(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Careful => "33",
            Self::Bad => "1;31",
            Self::Strong => "1",
        }
    }
}

/// The way to the person: language, form and colours as they asked for.
#[derive(Debug)]
pub struct Ui {
    text: Text,
    json: bool,
    quiet: bool,
    verbose: bool,
    reveal: bool,
    paint_out: bool,
    paint_err: bool,
    /// The first failure of standard output other than a closed pipe; no more is written after any.
    out: Mutex<Output>,
}

#[derive(Debug)]
enum Output {
    Open,
    Closed,
    Failed(io::Error),
}

impl Ui {
    /// For a command line that was understood.
    pub fn new(lang: Lang, global: &Global) -> Self {
        let color = global.color.unwrap_or_default();
        Self {
            text: Text::new(lang),
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
            reveal: global.reveal,
            paint_out: paints(color, io::stdout().is_terminal()),
            paint_err: paints(color, io::stderr().is_terminal()),
            out: Mutex::new(Output::Open),
        }
    }

    /// For a command line that was not understood.
    pub fn early(early: &Early) -> Self {
        let global = Global { json: early.json, color: Some(early.color), ..Global::default() };
        Self::new(early.lang, &global)
    }

    /// A sentence in the language of the person.
    pub fn say(&self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.text.get(id, args)
    }

    /// The sentences.
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Whether values that concern patients may be shown.
    pub const fn reveals(&self) -> bool {
        self.reveal
    }

    /// Whether more than the result is asked for.
    pub const fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A line of the result, for people: nothing with `--json`.
    pub fn line(&self, line: &str) {
        if !self.json {
            self.out(line);
        }
    }

    /// An object of the result: nothing without `--json`.
    pub fn object<T: Object>(&self, object: &T) {
        if self.json {
            self.out(&line_of(object));
        }
    }

    /// Label and value, the values under one another, for people.
    pub fn table(&self, rows: &[(String, String)]) {
        let width = rows.iter().map(|(label, _)| label.width()).max().unwrap_or_default();
        for (label, value) in rows {
            let gap = " ".repeat(width - label.width() + 2);
            self.line(&format!("{}{gap}{value}", self.paint(label, Tone::Strong)));
        }
    }

    /// Makes a piece of a result line stand out, where colours are wanted.
    pub fn paint(&self, piece: &str, tone: Tone) -> String {
        painted(piece, tone, self.paint_out)
    }

    /// As [`Ui::paint`], for what is printed by [`Ui::note`].
    pub fn paint_note(&self, piece: &str, tone: Tone) -> String {
        painted(piece, tone, self.paint_err)
    }

    /// Tells what went wrong, or is to be minded: to people on standard error, with `--json` to programs as well.
    pub fn report(&self, report: &Report) {
        let (what, sent, next) =
            (self.part(report, "what"), self.part(report, "sent"), self.part(report, "next"));
        let exit = report.exit().number();
        self.object(&ErrorObject {
            code: report.code.as_str(),
            exit,
            place: report.place.as_deref(),
            what: &what,
            sent: &sent,
            next: &next,
            detail: report.detail.as_deref(),
        });
        if exit == 0 && self.quiet {
            return;
        }
        let (label, tone) =
            if exit == 0 { ("label-warning", Tone::Careful) } else { ("label-error", Tone::Bad) };
        let head = format!("{} {}", self.text.get(label, &[]), report.code.as_str());
        self.err(&painted(&head, tone, self.paint_err));
        let lines = [
            ("label-place", report.place.as_deref()),
            ("label-what", Some(what.as_str())),
            ("label-sent", Some(sent.as_str())),
            ("label-next", Some(next.as_str())),
            ("label-detail", report.detail.as_deref()),
        ];
        let colon = self.say("label-separator", &[]);
        for (label, value) in lines {
            if let Some(value) = value {
                self.err(&format!("  {}{colon} {value}", self.text.get(label, &[])));
            }
        }
    }

    fn part(&self, report: &Report, part: &str) -> String {
        report.sentence(&self.text, part)
    }

    /// Something to know beside the result: on standard error, unless only the result is wanted.
    pub fn note(&self, line: &str) {
        if !self.quiet {
            self.err(line);
        }
    }

    /// Asks a person at the terminal and returns the line typed; `None` where nobody sits there.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        self.err(question);
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok().then_some(answer)
    }

    /// Asks a person at the terminal for a secret, which is not shown; `None` where nobody sits there.
    pub fn ask_secret(&self, question: &str) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        self.err(question);
        rpassword::read_password().ok()
    }

    /// The next line of standard input, for programs that bring a secret by it. Never more than a line is taken.
    pub fn secret_line(&self) -> Option<String> {
        let mut line = String::new();
        let read = io::stdin().lock().take(SECRET_MAX_BYTES).read_line(&mut line);
        read.is_ok_and(|bytes| bytes > 0).then_some(line)
    }

    /// Standard output for a result that is a file in itself.
    pub const fn stream(&self) -> Stream<'_> {
        Stream { ui: self }
    }

    /// Help or the version: the result, although nothing was done.
    pub fn help(&self, help: &str) {
        self.out(help.trim_end());
    }

    /// Help that nobody asked for: the command line was not enough.
    pub fn help_as_error(&self, help: &str) {
        self.err(help.trim_end());
    }

    /// Progress of reading `total` bytes: shown on a terminal, when it takes longer than a moment.
    pub fn progress(&self, total: u64) -> Progress<'_> {
        let shows = !self.quiet && !self.json && io::stderr().is_terminal();
        Progress { ui: self, total, done: 0, next: Instant::now() + FIRST_PROGRESS, shows, shown: false }
    }

    /// The failure of standard output, if there was one.
    pub fn output_failure(&self) -> Option<io::Error> {
        let mut out = self.out.lock().ok()?;
        match std::mem::replace(&mut *out, Output::Closed) {
            Output::Failed(error) => Some(error),
            Output::Open | Output::Closed => None,
        }
    }

    fn out(&self, line: &str) {
        self.out_with(|stdout| writeln!(stdout, "{line}"));
    }

    /// Nothing is written any more once that failed.
    fn out_with(&self, write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) {
        let Ok(mut state) = self.out.lock() else { return };
        if !matches!(*state, Output::Open) {
            return;
        }
        if let Err(error) = write(&mut io::stdout().lock()) {
            let closed = error.kind() == io::ErrorKind::BrokenPipe;
            *state = if closed { Output::Closed } else { Output::Failed(error) };
        }
    }

    /// Nobody can be told when even this fails.
    fn err(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }
}

/// See [`Ui::stream`]. A failure is told at the end, as with lines.
#[derive(Debug)]
pub struct Stream<'a> {
    ui: &'a Ui,
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ui.out_with(|stdout| stdout.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.ui.out_with(|stdout| stdout.flush());
        Ok(())
    }
}

/// A longer line brings no password.
const SECRET_MAX_BYTES: u64 = 4096;

/// Progress shows after this time, and again after [`NEXT_PROGRESS`].
const FIRST_PROGRESS: Duration = Duration::from_millis(500);
const NEXT_PROGRESS: Duration = Duration::from_millis(200);

/// Long reading, as told to a person who waits.
#[derive(Debug)]
pub struct Progress<'a> {
    ui: &'a Ui,
    total: u64,
    done: u64,
    next: Instant,
    shows: bool,
    shown: bool,
}

impl Progress<'_> {
    /// So many bytes more have been read.
    pub fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        if self.shows && Instant::now() >= self.next {
            self.next = Instant::now() + NEXT_PROGRESS;
            self.shown = true;
            let percent = (self.done * 100).checked_div(self.total).unwrap_or(100).min(100);
            let line = self.ui.say("progress-percent", &[("percent", percent.into())]);
            let _ = write!(io::stderr().lock(), "\r\x1b[2K{line}");
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

fn paints(color: ColorChoice, terminal: bool) -> bool {
    let wanted = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && !anstyle_query::no_color() && anstyle_query::term_supports_color(),
    };
    // An old Windows console has to be told that escape codes are meant as such.
    #[cfg(windows)]
    let wanted = wanted
        && (anstyle_query::windows::enable_ansi_colors() != Some(false) || color == ColorChoice::Always);
    wanted
}

fn painted(piece: &str, tone: Tone, paint: bool) -> String {
    if paint && tone != Tone::Plain {
        format!("\x1b[{}m{piece}\x1b[0m", tone.codes())
    } else {
        piece.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_for_those_who_insist() {
        assert!(paints(ColorChoice::Always, false));
        assert!(!paints(ColorChoice::Never, true));
        assert!(!paints(ColorChoice::Auto, false));
        assert_eq!(painted("x", Tone::Bad, true), "\x1b[1;31mx\x1b[0m");
        assert_eq!(painted("x", Tone::Bad, false), "x");
    }
}
