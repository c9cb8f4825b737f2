//! Who acts. Every command that changes something by a person passes through [`acting`], and only what it returns opens a
//! station or asks a running one: none can be forgotten. Passwords come from the terminal, the environment or standard
//! input, never from the command line.

use rezept_codes::Code;
use rezept_journal::{Journal, OperatorRow};
use rezept_service::people::{Pin, log_in};
use rezept_service::{Config, Problem};

use crate::cli::Global;
use crate::commands::station;
use crate::report::Failure;
use crate::ui::Ui;

/// The password of who acts.
const PIN_VARIABLE: &str = "REZEPT_OPERATOR_PIN";
/// A new password that a command sets.
const NEW_PIN_VARIABLE: &str = "REZEPT_OPERATOR_NEW_PIN";

/// Who acts: a person who proved it, or, where nobody is known by name, the command.
#[derive(Debug)]
pub struct Actor {
    command: &'static str,
    operator: Option<OperatorRow>,
}

impl Actor {
    /// The running service.
    pub const fn service() -> Self {
        Self { command: "service", operator: None }
    }

    /// A command that makes a station, before anybody could be named there.
    pub const fn maker(command: &'static str) -> Self {
        Self { command, operator: None }
    }

    /// As the history names it.
    pub fn name(&self) -> &str {
        self.operator().unwrap_or(self.command)
    }

    /// The command.
    pub const fn command(&self) -> &'static str {
        self.command
    }

    /// The name of the person.
    pub fn operator(&self) -> Option<&str> {
        self.operator.as_ref().map(|operator| operator.name.as_str())
    }

    /// The person.
    pub const fn person(&self) -> Option<&OperatorRow> {
        self.operator.as_ref()
    }
}

/// Finds out who acts, and has a person prove it. Until an operator exists, none is asked.
///
/// # Errors
/// Nobody was named and nobody can be asked; the name or the password is wrong; the person has to wait.
pub fn acting(command: &'static str, config: &Config, global: &Global, ui: &Ui) -> Result<Actor, Failure> {
    match station::journal(config)? {
        Some(mut journal) => acting_in(command, &mut journal, global, ui),
        None => named(global).map_or_else(
            || Ok(Actor { command, operator: None }),
            // Who says a name must not find later that nobody wrote it down.
            |name| Err(Problem::new(Code::OperatorRefused, name, "").into()),
        ),
    }
}

/// [`acting`], with a journal that is open already.
///
/// # Errors
/// As there.
pub fn acting_in(
    command: &'static str,
    journal: &mut Journal,
    global: &Global,
    ui: &Ui,
) -> Result<Actor, Failure> {
    let known = journal.knows_operators().map_err(|error| Failure::from(Problem::from(&error)))?;
    let name = match named(global) {
        Some(name) => name,
        None if !known => return Ok(Actor { command, operator: None }),
        None if global.pin_stdin => return Err(Problem::new(Code::OperatorMissing, "", "").into()),
        None => {
            let asked = ui.ask(&ui.say("operator-ask-name", &[])).map(|name| name.trim().to_owned());
            asked
                .filter(|name| !name.is_empty())
                .ok_or_else(|| Problem::new(Code::OperatorMissing, "", ""))?
        }
    };
    let question = ui.say("operator-ask-pin", &[("name", (&name).into())]);
    let pin = typed(&question, PIN_VARIABLE, global, ui)?;
    let operator = log_in(journal, &name, &pin)?;
    Ok(Actor { command, operator: Some(operator) })
}

fn named(global: &Global) -> Option<String> {
    let named = global.operator.clone().or_else(|| std::env::var("REZEPT_OPERATOR").ok());
    named.filter(|name| !name.is_empty())
}

/// A new password: at the terminal it is typed twice.
///
/// # Errors
/// When nobody can be asked, or the two differ.
pub fn new_pin(name: &str, global: &Global, ui: &Ui) -> Result<Pin, Failure> {
    let name = ("name", name.into());
    let first = typed(&ui.say("operator-ask-new-pin", &[name]), NEW_PIN_VARIABLE, global, ui)?;
    let given = global.pin_stdin || std::env::var_os(NEW_PIN_VARIABLE).is_some();
    if !given
        && ui.ask_secret(&ui.say("operator-ask-again", &[])).map(|again| Pin::new(&again)).as_ref()
            != Some(&first)
    {
        return Err(Problem::new(Code::BadPassword, "", "").into());
    }
    Ok(first)
}

fn typed(question: &str, variable: &str, global: &Global, ui: &Ui) -> Result<Pin, Failure> {
    let pin = if global.pin_stdin {
        ui.secret_line()
    } else {
        std::env::var(variable).ok().filter(|pin| !pin.is_empty()).or_else(|| ui.ask_secret(question))
    };
    let pin = pin.map(|pin| Pin::new(&pin)).filter(|pin| !pin.is_empty());
    Ok(pin.ok_or_else(|| Problem::new(Code::OperatorMissing, "", ""))?)
}
