//! `rezept init`: makes the configuration of a station, its folders, its journal and its keys. A convenience: a configuration written
//! by hand is as good.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use rezept_service::{Config, ConfigError, Role};
use toml::{Table, Value};

use crate::cli::{Global, InitArgs};
use crate::commands::actor::Actor;
use crate::commands::{recovery, station};
use crate::report::Failure;
use crate::shown::shown;
use crate::ui::Ui;
use rezept_codes::Exit;

/// Runs the command.
///
/// # Errors
/// When a configuration exists already, what was given makes none, or it cannot be written.
pub fn run(args: &InitArgs, global: &Global, ui: &Ui) -> Result<Exit, Failure> {
    let path = station::config_path(global);
    if path.exists() {
        return Err(Failure::ConfigExists { path });
    }
    let text = toml::to_string_pretty(&configuration(args)?).expect("text keys and plain values make TOML");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let config = Config::parse(&text, &path, folder).map_err(Failure::Config)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for folder in
        config.routes.iter().map(|route| &route.watch).chain(config.inboxes.iter().map(|inbox| &inbox.folder))
    {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed(&path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&path))?;
    let mut made = station::open(config.clone(), &Actor::maker("init"))?;
    made.make_keys()?;
    ui.line(&ui.say("init-done", &[("path", shown(&path).into())]));
    // One paper for the facility: the claim terminal takes the key over when the two are paired.
    if config.role != Role::ClaimTerminal {
        recovery::first_sheet(&config, &mut made, ui)?;
    }
    let next = if args.peer.is_some() { "init-next-pair" } else { "init-next" };
    ui.note(&ui.say(next, &[]));
    Ok(Exit::Ok)
}

/// What leaves a receipt computer are claims, what leaves a claim terminal are returns and notices.
fn configuration(args: &InitArgs) -> Result<Table, Failure> {
    let [prefecture, point_table, code] = args.facility.split('-').collect::<Vec<_>>()[..] else {
        let value = args.facility.clone();
        return Err(Failure::Config(ConfigError::Value { key: "--facility".into(), value }));
    };
    let (out, back): (&[&str], &[&str]) = match args.role.as_str() {
        "receipt-computer" => (&["claim"], &["return", "notice"]),
        "claim-terminal" => (&["return", "notice"], &["claim"]),
        _ => (&["claim", "return", "notice"], &["claim", "return", "notice"]),
    };
    let words = |words: &[&str]| Value::Array(words.iter().map(|word| Value::from(*word)).collect());
    let folder = |path: &Path| Value::from(station::absolute(path).to_string_lossy().into_owned());
    let table = |pairs: Vec<(&str, Value)>| {
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Table>()
    };
    let list = |tables: Vec<Table>| Value::Array(tables.into_iter().map(Value::Table).collect());
    let mut route =
        vec![("name", Value::from("main")), ("watch", folder(&args.watch)), ("accept", words(out))];
    if let Some(peer) = &args.peer {
        route.push(("to", Value::from(peer.as_str())));
    }
    let media = [("removable", &args.medium), ("share", &args.share)]
        .into_iter()
        .filter_map(|(kind, path)| {
            Some(table(vec![("kind", Value::from(kind)), ("path", folder(path.as_deref()?))]))
        })
        .collect::<Vec<_>>();
    let mut whole = table(vec![
        (
            "station",
            Value::Table(table(vec![
                ("name", Value::from(args.name.as_str())),
                ("role", Value::from(args.role.as_str())),
                ("data", folder(&args.data)),
            ])),
        ),
        (
            "facility",
            Value::Table(table(vec![
                ("prefecture", Value::from(prefecture)),
                ("point_table", Value::from(point_table)),
                ("code", Value::from(code)),
                ("name", Value::from(args.facility_name.as_str())),
            ])),
        ),
        ("route", list(vec![table(route)])),
        ("inbox", list(vec![table(vec![("accept", words(back)), ("folder", folder(&args.inbox))])])),
    ]);
    if let Some(store) = &args.key_store {
        let keys = table(vec![("store", Value::from(store.as_str()))]);
        whole.insert("keys".to_owned(), Value::Table(keys));
    }
    if !media.is_empty() {
        whole.insert("medium".to_owned(), list(media));
    }
    Ok(whole)
}
