//! People: who may work at this station, in which roles, and wrong passwords counted. Knows no password: what it stores as
//! secret is text that somebody else made and compares. Nobody is ever deleted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::bound::{of_operator, with_mark};
use crate::error::JournalError;
use crate::error::JournalResult;
use crate::files::word;
use crate::history::{self, Event, Subject};
use crate::state::{UnknownWord, words};
use crate::store::Journal;

/// So many wrong passwords in a row, and the person has to wait.
pub const WRONG_IN_A_ROW: u32 = 5;
/// For so long, after each further one too.
pub const WAIT_MINUTES: i64 = 5;

words! {
    /// What a person may do, in the words of the ministry's guideline. One person may hold several roles.
    #[derive(PartialOrd, Ord)]
    OperatorRole, "role" {
        /// システム管理者: also names the other persons.
        SystemAdmin = "system-admin",
        /// 情報管理責任者.
        InformationManager = "information-manager",
        /// 運用責任者.
        OperationsManager = "operations-manager",
        /// 利用者.
        User = "user",
    }
}

/// A person, without the secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorRow {
    /// Row number.
    pub id: i64,
    /// The name, as it stands in the history.
    pub name: String,
    /// The roles, each once, in order.
    pub roles: BTreeSet<OperatorRole>,
    /// Since when (RFC 3339).
    pub made_at: String,
    /// Until when, if the person does not work here any more.
    pub retired_at: Option<String>,
    /// Wrong passwords in a row.
    pub failures: u32,
    /// Until when the person has to wait after too many of them.
    pub locked_until: Option<String>,
}

impl OperatorRow {
    /// Whether the person still works here.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.retired_at.is_none()
    }

    /// Whether the person holds one of these roles, and still works here.
    #[must_use]
    pub fn may(&self, roles: &[OperatorRole]) -> bool {
        self.is_active() && roles.iter().any(|role| self.roles.contains(role))
    }
}

/// Why people cannot be changed so. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// Somebody has or had this name.
    #[error("the name {name} is taken")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Nobody who works here has this name.
    #[error("there is no operator {name}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// Somebody must be able to name the others: the first person, and the last one.
    #[error("nobody would be system administrator")]
    NoAdmin,
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<rusqlite::Error> for PeopleError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Journal(error.into())
    }
}

const COLUMNS: &str = "id, name, made_at, retired_at, failures, locked_until";

fn read_row(row: &Row<'_>) -> rusqlite::Result<OperatorRow> {
    Ok(OperatorRow {
        id: row.get(0)?,
        name: row.get(1)?,
        roles: BTreeSet::new(),
        made_at: row.get(2)?,
        retired_at: row.get(3)?,
        failures: row.get(4)?,
        locked_until: row.get(5)?,
    })
}

fn with_roles(conn: &Connection, mut row: OperatorRow) -> JournalResult<OperatorRow> {
    let mut roles = conn.prepare_cached("SELECT role FROM operator_role WHERE operator = ?1")?;
    row.roles = roles.query_map([row.id], |role| word(role, 0))?.collect::<Result<_, _>>()?;
    Ok(row)
}

fn find(conn: &Connection, name: &str) -> JournalResult<Option<OperatorRow>> {
    let found = conn
        .prepare_cached(&format!("SELECT {COLUMNS} FROM operator WHERE name = ?1"))?
        .query_row([name], read_row)
        .optional()?;
    found.map(|row| with_roles(conn, row)).transpose()
}

fn active(conn: &Connection, name: &str) -> Result<OperatorRow, PeopleError> {
    find(conn, name)?
        .filter(OperatorRow::is_active)
        .ok_or_else(|| PeopleError::Unknown { name: name.to_owned() })
}

/// Refuses a change, by undoing it, after which nobody could name the others.
fn must_have_admin(conn: &Connection) -> Result<(), PeopleError> {
    let admins: u64 = conn.query_row(
        "SELECT count(*) FROM operator JOIN operator_role ON operator = id \
         WHERE retired_at IS NULL AND role = 'system-admin'",
        [],
        |row| row.get(0),
    )?;
    if admins == 0 { Err(PeopleError::NoAdmin) } else { Ok(()) }
}

fn put_roles(conn: &Connection, id: i64, roles: &BTreeSet<OperatorRole>) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM operator_role WHERE operator = ?1", [id])?;
    for role in roles {
        conn.execute("INSERT INTO operator_role VALUES (?1, ?2)", params![id, role.word()])?;
    }
    Ok(())
}

fn listed(roles: &BTreeSet<OperatorRole>) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(",")
}

fn note(conn: &Connection, who: (&str, Timestamp), id: i64, to: &str, note: &str) -> JournalResult<()> {
    let (actor, at) = who;
    let note = with_mark(note, &of_operator(conn, id)?.unwrap_or_default());
    history::append(conn, &Event { at, actor, subject: Subject::Operator(id), from: "", to, note: &note })?;
    Ok(())
}

impl Journal {
    /// Says who acts from now on, and returns who acted before.
    pub fn act_as(&mut self, actor: &str) -> String {
        std::mem::replace(&mut self.actor, actor.to_owned())
    }

    /// Everybody who ever worked here, in the order in which they came.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn operators(&self) -> JournalResult<Vec<OperatorRow>> {
        let mut rows = self.conn.prepare_cached(&format!("SELECT {COLUMNS} FROM operator ORDER BY id"))?;
        let found = rows.query_map([], read_row)?.collect::<Result<Vec<_>, _>>()?;
        found.into_iter().map(|row| with_roles(&self.conn, row)).collect()
    }

    /// Whether anybody was ever named: from then on, who works says who they are.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn knows_operators(&self) -> JournalResult<bool> {
        Ok(self.conn.query_row("SELECT EXISTS (SELECT 1 FROM operator)", [], |row| row.get(0))?)
    }

    /// The person of a name who works here.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn operator(&self, name: &str) -> JournalResult<Option<OperatorRow>> {
        Ok(find(&self.conn, name)?.filter(OperatorRow::is_active))
    }

    /// The stored secret of a person, to compare with.
    ///
    /// # Errors
    /// When SQLite does not answer or there is no such person.
    pub fn operator_secret(&self, id: i64) -> JournalResult<String> {
        self.conn
            .query_row("SELECT secret FROM operator WHERE id = ?1", [id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| JournalError::NotFound { subject: Subject::Operator(id).to_string() })
    }

    /// Names a person. The first one must be system administrator.
    ///
    /// # Errors
    /// `NameTaken`, also by somebody who left: the history would not tell the two apart; `NoAdmin`.
    pub fn add_operator(
        &mut self,
        name: &str,
        secret: &str,
        roles: &BTreeSet<OperatorRole>,
    ) -> Result<OperatorRow, PeopleError> {
        self.change_or(|tx, (actor, at)| {
            if find(tx, name)?.is_some() {
                return Err(PeopleError::NameTaken { name: name.to_owned() });
            }
            tx.execute(
                "INSERT INTO operator (name, secret, made_at) VALUES (?1, ?2, ?3)",
                params![name, secret, at.to_string()],
            )?;
            let id = tx.last_insert_rowid();
            put_roles(tx, id, roles)?;
            must_have_admin(tx)?;
            note(tx, (actor, at), id, "OPERATOR_ADDED", &format!("{name}: {}", listed(roles)))?;
            active(tx, name)
        })
    }

    /// Gives a person other roles.
    ///
    /// # Errors
    /// `Unknown`; `NoAdmin` when nobody could name the others any more.
    pub fn set_operator_roles(
        &mut self,
        name: &str,
        roles: &BTreeSet<OperatorRole>,
    ) -> Result<OperatorRow, PeopleError> {
        self.change_or(|tx, who| {
            let row = active(tx, name)?;
            put_roles(tx, row.id, roles)?;
            must_have_admin(tx)?;
            let change = format!("{name}: {} -> {}", listed(&row.roles), listed(roles));
            note(tx, who, row.id, "ROLES_CHANGED", &change)?;
            active(tx, name)
        })
    }

    /// Stores another secret. Who had to wait need not wait any more.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn set_operator_secret(&mut self, name: &str, secret: &str) -> Result<OperatorRow, PeopleError> {
        self.change_or(|tx, who| {
            let row = active(tx, name)?;
            tx.execute(
                "UPDATE operator SET secret = ?2, failures = 0, locked_until = NULL WHERE id = ?1",
                params![row.id, secret],
            )?;
            note(tx, who, row.id, "PASSWORD_CHANGED", name)?;
            active(tx, name)
        })
    }

    /// A person does not work here any more. What they did stays theirs.
    ///
    /// # Errors
    /// `Unknown`; `NoAdmin` when nobody could name the others any more.
    pub fn retire_operator(&mut self, name: &str) -> Result<(), PeopleError> {
        self.change_or(|tx, (actor, at)| {
            let row = active(tx, name)?;
            tx.execute("UPDATE operator SET retired_at = ?2 WHERE id = ?1", params![row.id, at.to_string()])?;
            must_have_admin(tx)?;
            Ok(note(tx, (actor, at), row.id, "OPERATOR_RETIRED", name)?)
        })
    }

    /// Begins a try of a person's secret: counts it as wrong until it is known to be right, and has the person wait from the
    /// [`WRONG_IN_A_ROW`]th on. So tries that are made at the same time count like tries one after the other. Returns how many
    /// there were; `None` where the person has to wait.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn begin_try(&mut self, operator: &OperatorRow) -> JournalResult<Option<u32>> {
        self.change(|tx, (_, at)| {
            let until: Option<String> =
                tx.query_row("SELECT locked_until FROM operator WHERE id = ?1", [operator.id], |row| {
                    row.get(0)
                })?;
            let until = until.and_then(|until| until.parse::<Timestamp>().ok());
            if until.is_some_and(|until| at < until) {
                return Ok(None);
            }
            let tries: u32 = tx.query_row(
                "UPDATE operator SET failures = failures + 1 WHERE id = ?1 RETURNING failures",
                [operator.id],
                |row| row.get(0),
            )?;
            if tries >= WRONG_IN_A_ROW {
                let until = at + SignedDuration::from_mins(WAIT_MINUTES);
                tx.execute(
                    "UPDATE operator SET locked_until = ?2 WHERE id = ?1",
                    params![operator.id, until.to_string()],
                )?;
            }
            Ok(Some(tries))
        })
    }

    /// Notes that a person gave the right secret: nothing is counted against them any more.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn note_login(&mut self, operator: &OperatorRow) -> JournalResult<()> {
        self.change(|tx, _| {
            tx.execute("UPDATE operator SET failures = 0, locked_until = NULL WHERE id = ?1", [operator.id])?;
            Ok(())
        })
    }

    /// Writes a wrong secret, the `tries`th in a row, into the history.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn note_wrong_secret(&mut self, operator: &OperatorRow, tries: u32) -> JournalResult<()> {
        self.change(|tx, (actor, at)| {
            let until: Option<String> =
                tx.query_row("SELECT locked_until FROM operator WHERE id = ?1", [operator.id], |row| {
                    row.get(0)
                })?;
            let what = match until {
                Some(until) => format!("{} ({tries}), locked until {until}", operator.name),
                None => format!("{} ({tries})", operator.name),
            };
            note(tx, (actor, at), operator.id, "WRONG_PASSWORD", &what)
        })
    }
}
