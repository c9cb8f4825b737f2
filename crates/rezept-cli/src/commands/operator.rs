//! `rezept operator`: the people of this station and their roles. These changes are short entries in the journal, made by
//! the command itself: a request to a running service would keep the hash of a password for ever.

use rezept_codes::Code;
use std::collections::BTreeSet;

use rezept_journal::{Journal, OperatorRole, OperatorRow};
use rezept_service::people::{check_name, hash_new, require};
use rezept_service::{Config, Problem};

use crate::cli::{Global, OperatorCommand, OperatorNameArgs, OperatorRolesArgs};
use crate::commands::{actor, station};
use crate::json::OperatorObject;
use crate::report::Failure;
use crate::shown::{local_time, shown_text};
use crate::ui::{Tone, Ui};
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When the journal cannot be opened, or who acts may not do this.
pub fn run(command: &OperatorCommand, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        OperatorCommand::List => list(global, ui),
        OperatorCommand::Add(args) => add(args, global, ui),
        OperatorCommand::Roles(args) => roles(args, global, ui),
        OperatorCommand::Password(args) => password(args, global, ui),
        OperatorCommand::Retire(args) => retire(args, global, ui),
    }
}

fn list(global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let Some(journal) = station::used_journal(global, ui)? else { return Ok(Exit::Ok) };
    let operators = journal.operators().map_err(failed)?;
    operators.iter().for_each(|operator| print(operator, ui));
    if operators.is_empty() {
        ui.note(&ui.say("operator-none", &[]));
    }
    Ok(Exit::Ok)
}

fn failed(error: rezept_journal::JournalError) -> Failure {
    Problem::from(&error).into()
}

/// The name of a role, for people.
pub fn role_name(role: OperatorRole, ui: &Ui) -> String {
    ui.text().get(&format!("role-{role}"), &[])
}

fn print(operator: &OperatorRow, ui: &Ui) {
    let words: Vec<&str> = operator.roles.iter().map(|role| role.word()).collect();
    ui.object(&OperatorObject {
        id: format!("O{}", operator.id),
        name: &operator.name,
        roles: words,
        since: &operator.made_at,
        retired: operator.retired_at.as_deref(),
    });
    let roles: Vec<String> = operator.roles.iter().map(|role| role_name(*role, ui)).collect();
    let mut line = format!(
        "{}  {}  {}  {}",
        ui.paint(&format!("O{}", operator.id), Tone::Strong),
        local_time(&operator.made_at),
        shown_text(&operator.name),
        roles.join(" / ")
    );
    if let Some(retired) = &operator.retired_at {
        let day = local_time(retired);
        line = format!("{line}  {}", ui.say("operator-retired", &[("day", (&day).into())]));
    }
    ui.line(&line);
}

/// The journal to write in, made on first use, and who acts: only a system administrator changes people.
fn journal(global: &Global, ui: &Ui) -> Result<(Journal, Config, actor::Actor), Failure> {
    let config = station::config(global)?;
    let mut journal = rezept_service::open_journal(&config, "operator")?;
    let actor = actor::acting_in("operator", &mut journal, global, ui)?;
    journal.act_as(actor.name());
    Ok((journal, config, actor))
}

fn admins_only(journal: &Journal, actor: &actor::Actor) -> Result<(), Failure> {
    if journal.knows_operators().map_err(failed)? {
        require(actor.person(), &[OperatorRole::SystemAdmin])?;
    }
    Ok(())
}

fn add(args: &OperatorRolesArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    check_name(&args.name)?;
    let (mut journal, _, actor) = journal(global, ui)?;
    admins_only(&journal, &actor)?;
    let roles: BTreeSet<OperatorRole> = args.role.iter().copied().collect();
    if journal.operators().map_err(failed)?.iter().any(|known| known.name == args.name) {
        return Err(Problem::new(Code::OperatorNameTaken, args.name.clone(), "").into());
    }
    let secret = hash_new(&args.name, &actor::new_pin(&args.name, global, ui)?)?;
    let added = journal.add_operator(&args.name, &secret, &roles).map_err(Problem::from)?;
    print(&added, ui);
    Ok(Exit::Ok)
}

fn roles(args: &OperatorRolesArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let (mut journal, _, actor) = journal(global, ui)?;
    admins_only(&journal, &actor)?;
    let roles: BTreeSet<OperatorRole> = args.role.iter().copied().collect();
    let changed = journal.set_operator_roles(&args.name, &roles).map_err(Problem::from)?;
    print(&changed, ui);
    Ok(Exit::Ok)
}

/// One's own password anybody may change.
fn password(args: &OperatorNameArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let (mut journal, _, actor) = journal(global, ui)?;
    if actor.operator() != Some(args.name.as_str()) {
        admins_only(&journal, &actor)?;
    }
    if journal.operator(&args.name).map_err(failed)?.is_none() {
        return Err(Problem::new(Code::OperatorUnknown, args.name.clone(), "").into());
    }
    let secret = hash_new(&args.name, &actor::new_pin(&args.name, global, ui)?)?;
    let changed = journal.set_operator_secret(&args.name, &secret).map_err(Problem::from)?;
    print(&changed, ui);
    Ok(Exit::Ok)
}

fn retire(args: &OperatorNameArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let (mut journal, _, actor) = journal(global, ui)?;
    admins_only(&journal, &actor)?;
    journal.retire_operator(&args.name).map_err(Problem::from)?;
    let gone = journal.operators().map_err(failed)?.into_iter().find(|known| known.name == args.name);
    if let Some(gone) = gone {
        print(&gone, ui);
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_name() {
        for lang in rezept_text::Lang::ALL {
            let text = rezept_text::Text::new(*lang);
            for role in OperatorRole::ALL {
                assert!(text.has(&format!("role-{role}")), "{lang} {role}");
            }
        }
    }
}
