//! `rezept import-returns`: return files, archives and folders into the worklist.

use rezept_journal::ReturnFilter;
use rezept_service::Ask;
use rezept_service::returns::{FileImport, ReturnsAsk};

use crate::cli::{Global, ImportArgs};
use crate::commands::returns::shown;
use crate::commands::{actor, outcome, station};
use crate::json::ImportObject;
use crate::report::Failure;
use crate::shown::shown_text;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command. What was damaged is told; the others are imported all the same (exit 4).
///
/// # Errors
/// When the station cannot work, or its journal does not answer.
pub fn run(args: &ImportArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let config = station::config(global)?;
    let actor = actor::acting("import-returns", &config, global, ui)?;
    let paths = args.paths.iter().map(|path| station::absolute(path)).collect();
    let done = station::work(&config, &actor, &Ask::Returns { ask: ReturnsAsk::Import { paths } })?;
    let Some(journal) = station::journal(&config)? else { return Ok(Exit::Internal) };
    let mut told = std::collections::BTreeSet::new();
    for import in done.imports.iter().filter(|import| !import.held && told.insert(import.file)) {
        let of_file = ReturnFilter { file: Some(import.file), ..ReturnFilter::default() };
        shown::each(&journal, &of_file, &mut |row| shown::line(&journal, row, ui))?;
    }
    tell_imports(&done.imports, ui);
    let mut exit = outcome::tell(&done, &journal, None, ui)?;
    let imported = done.imports.iter().any(|import| !import.held);
    if imported && !done.problems.is_empty() {
        exit = exit.and(Exit::Partial);
    }
    Ok(exit)
}

/// Counts of what was imported, for each file and together.
pub fn tell_imports(imports: &[FileImport], ui: &Ui) {
    for import in imports {
        let id = if import.held { "import-held" } else { "import-file" };
        let name = shown_text(&import.name);
        ui.line(&ui.say(
            id,
            &[
                ("name", (&name).into()),
                ("claims", import.claims.into()),
                ("new", import.new.into()),
                ("known", import.known.into()),
            ],
        ));
    }
    let sum = |of: fn(&FileImport) -> u64| imports.iter().map(of).sum();
    ui.object(&ImportObject {
        files: imports.len() as u64,
        claims: sum(|import| import.claims),
        new: sum(|import| import.new),
        known: sum(|import| import.known),
        held: imports.iter().filter(|import| import.held).count() as u64,
    });
}
