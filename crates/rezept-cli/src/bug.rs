//! What a bug of `rezept` looks like to the person at the desk: one report with a code, and exit 70. It must not print
//! the message of a panic, which can hold anything, a patient's name included.

use std::panic::PanicHookInfo;

use rezept_text::Lang;

use crate::cli::{ColorChoice, Early};
use crate::report::Report;
use crate::ui::Ui;
use rezept_codes::{Code, Exit};

/// Makes every panic, of whatever thread, a report and the end of the process. Nothing is lost by that: the journal leads
/// the next start on, as after a power cut.
pub fn report_panics(lang: Lang) {
    std::panic::set_hook(Box::new(move |panic| {
        let ui = Ui::early(&Early { lang, json: false, color: ColorChoice::Auto });
        ui.report(&Report::new(Code::Bug).at(place(panic)));
        std::process::exit(i32::from(Exit::Internal.number()));
    }));
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    panic.location().map_or_else(|| "?".to_owned(), |place| format!("{}:{}", place.file(), place.line()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    #[ignore = "dies on purpose; run by the test below"]
    fn dies() {
        report_panics(Lang::Ja);
        panic!("the patient is called {}", "見本太郎");
    }

    #[test]
    fn a_panic_is_one_report_without_its_message() {
        let died = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "bug::tests::dies", "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let shown = String::from_utf8(died.stderr).unwrap();
        assert_eq!(died.status.code(), Some(70), "{shown}");
        assert!(shown.contains("RZ-X901") && shown.contains("bug.rs:"), "{shown}");
        assert!(!shown.contains("見本"), "{shown}");
    }
}
