//! Gives the command-line definitions their help in the language of the person: sentences `help-<command>-about` and
//! `help-<command>-<argument>`, and clap's own headings. It defines no command and no option.

use clap::{Arg, ArgAction, Command};
use rezept_text::Text;

/// Puts the help of every command and argument in place.
pub fn localise(command: Command, text: &Text) -> Command {
    let heading = text.get("help-heading-global", &[]);
    let own = |id: &str, long: &'static str, short, action| {
        Arg::new(long)
            .short(short)
            .long(long)
            .action(action)
            .help(text.get(&format!("help-global-{id}"), &[]))
            .help_heading(heading.clone())
    };
    let command = command
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(own("help", "help", 'h', ArgAction::Help).global(true))
        .arg(own("version", "version", 'V', ArgAction::Version));
    let mut command = describe(command, text, "help");
    // Only a built command knows the usage line that it would print.
    command.build();
    translate_usage(command, text)
}

fn describe(command: Command, text: &Text, prefix: &str) -> Command {
    let heading = |id: &str| text.get(id, &[]);
    let arguments = heading("help-heading-arguments");
    let options = heading("help-heading-options");
    let global = heading("help-heading-global");
    let command = command
        .about(heading(&format!("{prefix}-about")))
        .help_template(format!(
            "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}",
            heading("help-heading-usage")
        ))
        .subcommand_help_heading(heading("help-heading-commands"))
        .subcommand_value_name(heading("help-value-command"))
        .mut_args(|arg| {
            if arg.get_help().is_some() {
                return arg;
            }
            let owner = if arg.is_global_set() { "help-global" } else { prefix };
            let help = text.get(&format!("{owner}-{}", arg.get_id()), &[]);
            let heading = if arg.is_positional() {
                &arguments
            } else if arg.is_global_set() {
                &global
            } else {
                &options
            };
            arg.help(help).help_heading(heading.clone())
        });
    command.mut_subcommands(|sub| {
        let prefix = format!("{prefix}-{}", sub.get_name());
        describe(sub, text, &prefix)
    })
}

/// clap writes `[OPTIONS]` itself, and only a whole usage line can replace it.
fn translate_usage(mut command: Command, text: &Text) -> Command {
    let options = text.get("help-value-options", &[]);
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().replace("OPTIONS", &options);
    command.override_usage(usage).mut_subcommands(|sub| translate_usage(sub, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;
    use rezept_text::Lang;

    fn help(lang: Lang, names: &[&str]) -> String {
        let mut command = cli::command(&Text::new(lang));
        let mut command = &mut command;
        for name in names {
            command = command.find_subcommand_mut(name).unwrap();
        }
        command.render_help().to_string()
    }

    fn every_command(command: &Command, check: &mut dyn FnMut(&Command)) {
        check(command);
        command.get_subcommands().for_each(|sub| every_command(sub, check));
    }

    #[test]
    fn every_command_and_argument_is_explained_in_both_languages() {
        for &lang in Lang::ALL {
            every_command(&cli::command(&Text::new(lang)), &mut |command| {
                assert!(command.get_about().is_some_and(|about| !about.to_string().starts_with('[')));
                for arg in command.get_arguments() {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(!help.is_empty() && !help.starts_with('['), "{lang} {} {help}", arg.get_id());
                }
            });
        }
    }

    #[test]
    fn nothing_of_the_help_is_left_untranslated() {
        let shown = help(Lang::Ja, &["show"]);
        assert!(shown.contains("使い方: rezept show [オプション] <FILE>"), "{shown}");
        for word in ["Usage", "Options", "OPTIONS", "Arguments", "Commands", "Print", "possible"] {
            assert!(!shown.contains(word), "{word} in {shown}");
            assert!(!help(Lang::Ja, &[]).contains(word), "{word}");
        }
    }
}
