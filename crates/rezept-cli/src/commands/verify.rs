//! `rezept verify`: whether a parcel is complete and undamaged, judged as any BagIt validator would. It changes nothing
//! and fetches nothing.

mod problems;

use std::fs;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rezept_parcel::verify::{BagProblem, BagReport, DirSource, verify_with_progress};
use rezept_text::Arg;

use crate::cli::VerifyArgs;
use crate::json::{BagObject, BagProblemObject};
use crate::report::Failure;
use crate::shown::{shown, shown_text};
use crate::ui::{Tone, Ui};
use problems::Told;
use rezept_codes::Exit;

/// Runs the command. A whole parcel with warnings ends with exit 1, one that is not whole with exit 6.
///
/// # Errors
/// When there is nothing to judge, or it is not whole.
pub fn run(args: &VerifyArgs, ui: &Ui) -> Result<Exit, Failure> {
    let path = args.path.as_path();
    let report = judge(path, ui)?;
    if matches!(report.errors.as_slice(), [BagProblem::NoBagitTxt]) {
        return Err(Failure::NotAParcel { path: path.to_owned() });
    }
    ui.object(&object(path, &report));
    ui.table(&table(path, &report, ui));
    for problem in &report.errors {
        print("error", &problems::of_error(problem), ui);
    }
    for warning in &report.warnings {
        print("warning", &problems::of_warning(warning), ui);
    }
    if report.left_off > 0 {
        ui.line(&ui.say("verify-left-off", &[("n", report.left_off.into())]));
    }
    if !report.is_valid() {
        return Err(Failure::ParcelDamaged { path: path.to_owned() });
    }
    Ok(if report.warnings.is_empty() { Exit::Ok } else { Exit::Findings })
}

fn judge(path: &Path, ui: &Ui) -> Result<BagReport, Failure> {
    let failed = |source| Failure::Open { path: path.to_owned(), source };
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if meta.is_symlink() {
        return Err(Failure::Link { path: path.to_owned() });
    }
    if !meta.is_dir() {
        return Err(Failure::NotAParcel { path: path.to_owned() });
    }
    let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
    let mut progress = ui.progress(payload_bytes(&path.join("data")));
    verify_with_progress(&DirSource::new(dir), &mut |bytes| progress.advance(bytes))
        .map_err(|source| Failure::List { path: path.to_owned(), source })
}

/// For the progress only: an unreadable folder counts as nothing here, and is found when it is judged.
fn payload_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.file_type().ok()?, entry.metadata().ok()?)))
        .map(|(path, kind, meta)| if kind.is_dir() { payload_bytes(&path) } else { meta.len() })
        .sum()
}

fn object(path: &Path, report: &BagReport) -> BagObject {
    BagObject {
        valid: report.is_valid(),
        version: report.version.map(|(major, minor)| format!("{major}.{minor}")),
        algorithms: report.algorithms.iter().map(ToString::to_string).collect(),
        files: report.payload_files,
        size: report.payload_bytes,
        errors: report.errors.len(),
        warnings: report.warnings.len(),
        left_off: report.left_off,
        path: path.display().to_string(),
    }
}

fn table(path: &Path, report: &BagReport, ui: &Ui) -> Vec<(String, String)> {
    let mut rows = vec![(ui.say("verify-bag", &[]), shown(path))];
    if let Some((major, minor)) = report.version {
        let version = ui.say("verify-version-value", &[("version", format!("{major}.{minor}").into())]);
        rows.push((ui.say("verify-version", &[]), version));
    }
    let algorithms: Vec<String> = report.algorithms.iter().map(ToString::to_string).collect();
    rows.push((ui.say("verify-algorithms", &[]), algorithms.join(", ")));
    let payload = [("files", Arg::from(report.payload_files)), ("bytes", Arg::from(report.payload_bytes))];
    rows.push((ui.say("verify-payload", &[]), ui.say("verify-payload-value", &payload)));
    let (verdict, n, tone) = match (report.errors.len(), report.warnings.len()) {
        (0, 0) => ("verify-valid", 0, Tone::Good),
        (0, n) => ("verify-valid-warnings", n, Tone::Careful),
        (n, _) => ("verify-invalid", n, Tone::Bad),
    };
    let verdict = ui.text().get(verdict, &[("n", n.into())]);
    rows.push((ui.say("verify-verdict", &[]), ui.paint(&verdict, tone)));
    rows
}

fn print(severity: &str, told: &Told<'_>, ui: &Ui) {
    let message = ui.text().get(&format!("bag-{}", told.id), &[]);
    ui.object(&BagProblemObject {
        severity,
        id: told.id,
        file: told.file,
        listed_in: told.listed_in,
        line: told.line,
        message: &message,
    });
    let (label, tone) =
        if severity == "error" { ("label-error", Tone::Bad) } else { ("label-warning", Tone::Careful) };
    let mut line = format!("{} {message}", ui.paint(&ui.text().get(label, &[]), tone));
    if let Some(file) = told.file {
        line = format!("{line} {}", shown_text(file));
    }
    if let Some(number) = told.line {
        line = format!("{line} {}", ui.say("verify-place-line", &[("line", number.to_string().into())]));
    }
    if let Some(listed_in) = told.listed_in {
        line = format!("{line} ({} {})", ui.say("verify-place-listed-in", &[]), shown_text(listed_in));
    }
    ui.line(&line);
}
