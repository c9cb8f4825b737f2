//! A command line that was not understood, told in the language of the person and with a code. clap finds out what is
//! wrong; its own English sentences are not shown.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::report::Report;
use crate::shown::shown_text;
use crate::ui::Ui;
use rezept_codes::{Code, Exit};

/// Tells what is wrong, or prints the help or version that was asked for.
pub fn explain(error: &clap::Error, ui: &Ui) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            ui.help(&error.render().to_string());
            Exit::Ok
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ui.help_as_error(&error.render().to_string());
            Exit::Usage
        }
        _ => {
            let report = report(error);
            ui.report(&report);
            report.exit()
        }
    }
}

fn report(error: &clap::Error) -> Report {
    let context = |kind| error.get(kind).map(words);
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    match (error.kind(), argument, value) {
        (ErrorKind::UnknownArgument, Some(argument), _) => {
            Report::new(Code::UnknownWord).with("value", argument)
        }
        (ErrorKind::InvalidSubcommand, ..) => {
            let word = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            Report::new(Code::UnknownWord).with("value", word)
        }
        (ErrorKind::MissingRequiredArgument, Some(argument), _)
        | (ErrorKind::InvalidValue, Some(argument), None) => {
            Report::new(Code::WordMissing).with("value", argument)
        }
        (ErrorKind::MissingSubcommand, ..) => {
            let known = context(ContextKind::ValidSubcommand).unwrap_or_default();
            Report::new(Code::WordMissing).with("value", known)
        }
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(argument), Some(value)) => {
            Report::new(Code::BadValue).with("argument", argument).with("value", value)
        }
        (ErrorKind::ArgumentConflict, Some(argument), _) => {
            let other = context(ContextKind::PriorArg).unwrap_or_default();
            Report::new(Code::WordsConflict).with("argument", argument).with("value", other)
        }
        (kind, argument, _) => {
            let mut report = Report::new(Code::BadUsage);
            report.place = argument;
            report.detail = kind.as_str().map(str::to_owned);
            report
        }
    }
}

fn words(value: &ContextValue) -> String {
    let words = match value {
        ContextValue::String(word) => word.clone(),
        ContextValue::Strings(words) => words.join(" "),
        other => other.to_string(),
    };
    shown_text(&words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Early};
    use std::ffi::OsString;

    fn code(line: &str) -> &'static str {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let early = Early::of(&words);
        report(&cli::parse(words, &early).unwrap_err()).code.as_str()
    }

    #[test]
    fn every_way_to_type_it_wrong_has_its_code() {
        for (line, expected) in [
            ("rezept shwo x", "RZ-U101"),
            ("rezept show x --bad", "RZ-U101"),
            ("rezept show x y", "RZ-U101"),
            ("rezept show --json", "RZ-U102"),
            ("rezept show x --config", "RZ-U102"),
            ("rezept show x --lang de", "RZ-U103"),
            ("rezept show x --color=sometimes", "RZ-U103"),
            ("rezept show x -q -v", "RZ-U104"),
            ("rezept show x --json --json", "RZ-U104"),
            ("rezept show x --json=yes", "RZ-U105"),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
    }
}
