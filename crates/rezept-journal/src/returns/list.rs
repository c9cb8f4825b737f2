//! The worklist: filtered lists of returned claims that stay quick however many claims there are. Reads only.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::rows::{CLAIM_COLUMNS, ReturnedClaimRow, read_claim};
use crate::error::JournalResult;
use crate::state::ReturnState;
use crate::store::Journal;

/// How many entries of an index are counted before it is taken for a long one.
const PROBE: u32 = 20_000;

/// Which returned claims to list; everything that is set must hold. Nothing set: all of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReturnFilter {
    /// In one of these states; empty: in any.
    pub states: Vec<ReturnState>,
    /// Only those not sent yet and not superseded by a later return.
    pub open_only: bool,
    /// Payer body.
    pub payer: Option<String>,
    /// `YYYY-MM`.
    pub processed_month: Option<String>,
    /// `YYYY-MM`.
    pub service_month: Option<String>,
    /// A code among its reasons.
    pub reason: Option<String>,
    /// Clinical department code.
    pub department: Option<String>,
    /// Who works on it.
    pub owner: Option<String>,
    /// 検索番号.
    pub search_no: Option<String>,
    /// Open, and due before this day (`YYYY-MM-DD`).
    pub overdue_before: Option<String>,
    /// Came in this return file.
    pub file: Option<i64>,
    /// Row number after which the list begins: the last one of the page before.
    pub after_id: i64,
    /// Length of the list; `None`: no limit.
    pub limit: Option<u32>,
}

/// A condition of SQL with one value.
type Condition = (&'static str, Value);

/// One index to walk along, narrowed by the conditions it serves.
struct Way {
    table: &'static str,
    /// What leads from an entry to its claim, where the entry is not one itself.
    join: &'static str,
    /// The column of the entry that holds the claim's row number.
    id: &'static str,
    conditions: Vec<Condition>,
    /// A condition without a value.
    also: &'static str,
    /// Whether its entries come by row number.
    ordered: bool,
}

impl Way {
    fn over(table: &'static str, conditions: Vec<Condition>, ordered: bool) -> Self {
        Self { table, join: "", id: "c.id", conditions, also: "", ordered }
    }

    /// Its own conditions, as SQL with the values in order.
    fn narrowed(&self, after_id: i64) -> (String, Vec<Value>) {
        let mut sql = format!("{} > ?{}", self.id, self.also);
        let mut values = vec![Value::from(after_id)];
        for (condition, value) in &self.conditions {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value.clone());
        }
        (sql, values)
    }
}

/// Written as in the index of due dates, which holds these states only.
const OPEN: &str = " AND c.state IN ('new', 'in-work', 'corrected', 'in-file')";

fn text(value: &str) -> Value {
    Value::from(value.to_owned())
}

fn state_is(state: ReturnState) -> Condition {
    ("c.state = ?", text(state.word()))
}

impl ReturnFilter {
    /// The states that can be in the list.
    fn states(&self) -> Vec<ReturnState> {
        let open = self.open_only || self.overdue_before.is_some();
        let wanted = if self.states.is_empty() { ReturnState::ALL } else { &self.states };
        ReturnState::ALL.iter().copied().filter(|s| wanted.contains(s) && (!open || s.is_open())).collect()
    }

    /// Every index that serves something of the filter, the most promising first; walking the table comes last.
    fn ways(&self, state: Option<ReturnState>) -> Vec<Way> {
        let mut ways = Vec::new();
        if let Some(search_no) = &self.search_no {
            let number = vec![("c.search_no = ?", text(search_no))];
            ways.push(Way::over("returned_claim c INDEXED BY returned_search", number, true));
        }
        if let Some(month) = &self.processed_month {
            let mut conditions = vec![("c.processed_month = ?", text(month))];
            let narrow = self.payer.as_ref().zip(state);
            conditions.extend(self.payer.as_ref().map(|payer| ("c.payer = ?", text(payer))));
            conditions.extend(narrow.map(|(_, state)| state_is(state)));
            ways.push(Way::over("returned_claim c INDEXED BY returned_month", conditions, narrow.is_some()));
        }
        if let Some(month) = &self.service_month {
            let mut conditions = vec![("c.service_month = ?", text(month))];
            conditions.extend(self.payer.as_ref().map(|payer| ("c.payer = ?", text(payer))));
            ways.push(Way::over("returned_claim c INDEXED BY returned_service", conditions, false));
        }
        if let Some(owner) = &self.owner {
            let owner = vec![("c.owner = ?", text(owner))];
            ways.push(Way::over("returned_claim c INDEXED BY returned_owner", owner, true));
        }
        if let Some(file) = self.file {
            let rows = vec![
                ("c.id >= (SELECT first_claim FROM return_file WHERE id = ?)", file.into()),
                ("c.id < (SELECT first_claim + new_claims FROM return_file WHERE id = ?)", file.into()),
            ];
            ways.push(Way::over("returned_claim c NOT INDEXED", rows, true));
        }
        if let Some(day) = &self.overdue_before {
            let due = vec![("c.due < ?", text(day))];
            let way = Way::over("returned_claim c INDEXED BY returned_due", due, false);
            ways.push(Way { also: OPEN, ..way });
        }
        if let Some(code) = &self.reason {
            let join = " CROSS JOIN returned_claim c ON c.id = w.claim";
            let way = Way::over("returned_code w", vec![("w.code = ?", text(code))], true);
            ways.push(Way { join, id: "w.claim", ..way });
        }
        if let Some(department) = &self.department {
            let department = vec![("c.department = ?", text(department))];
            ways.push(Way::over("returned_claim c INDEXED BY returned_department", department, true));
        }
        if let Some(state) = state {
            ways.push(Way::over("returned_claim c INDEXED BY returned_state", vec![state_is(state)], true));
        }
        ways.push(Way::over("returned_claim c NOT INDEXED", Vec::new(), true));
        ways
    }

    /// All conditions.
    fn conditions(&self, state: Option<ReturnState>) -> Vec<Condition> {
        let mut rest = Vec::new();
        let mut equal = |condition, value: &Option<String>| {
            rest.extend(value.iter().map(|value| (condition, text(value))));
        };
        equal("c.search_no = ?", &self.search_no);
        equal("c.processed_month = ?", &self.processed_month);
        equal("c.service_month = ?", &self.service_month);
        equal("c.payer = ?", &self.payer);
        equal("c.owner = ?", &self.owner);
        equal("c.department = ?", &self.department);
        equal("c.due < ?", &self.overdue_before);
        equal("EXISTS (SELECT 1 FROM returned_code e WHERE e.code = ? AND e.claim = c.id)", &self.reason);
        rest.extend(self.file.map(|file| ("c.file = ?", file.into())));
        rest.extend(state.map(state_is));
        rest
    }
}

impl Journal {
    /// The returned claims that a filter lets pass, by row number.
    ///
    /// # Errors
    /// When SQLite does not answer.
    pub fn returned_claims(&self, filter: &ReturnFilter) -> JournalResult<Vec<ReturnedClaimRow>> {
        let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let states = filter.states();
        if states.len() == ReturnState::ALL.len() {
            return self.claims_along(filter, None);
        }
        // One state after another keeps each list in the order of its index: nothing is sorted that is not shown.
        let mut found = Vec::new();
        for state in states {
            found.extend(self.claims_along(filter, Some(state))?);
        }
        found.sort_by_key(|row| row.id);
        found.truncate(limit);
        Ok(found)
    }

    fn claims_along(
        &self,
        filter: &ReturnFilter,
        state: Option<ReturnState>,
    ) -> JournalResult<Vec<ReturnedClaimRow>> {
        let way = self.shortest(filter, state)?;
        let (mut sql, mut values) = way.narrowed(filter.after_id);
        sql = format!("SELECT {CLAIM_COLUMNS} FROM {}{} WHERE {sql}", way.table, way.join);
        // What the way serves is asked once more, which costs next to nothing beside reading the row.
        for (condition, value) in filter.conditions(state) {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
        if filter.open_only {
            sql.push_str(" AND c.superseded_by IS NULL");
        }
        sql.push_str(" ORDER BY ");
        sql.push_str(way.id);
        if let Some(limit) = filter.limit {
            sql.push_str(" LIMIT ?");
            values.push(limit.into());
        }
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), read_claim)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Of several ways the one with the fewest entries. Where all are long, the first whose entries come by row number: a
    /// list of some rows is full before such a way ends.
    fn shortest(&self, filter: &ReturnFilter, state: Option<ReturnState>) -> JournalResult<Way> {
        let (mut fewest, mut best) = (PROBE, None);
        let mut long = None;
        for way in filter.ways(state) {
            let entries = if way.conditions.is_empty() {
                PROBE
            } else {
                self.count_up_to(&way, filter.after_id, fewest)?
            };
            if entries < fewest {
                (fewest, best) = (entries, Some(way));
            } else if way.ordered && long.is_none() {
                long = Some(way);
            }
        }
        Ok(best.or(long).unwrap_or_else(|| Way::over("returned_claim c NOT INDEXED", Vec::new(), true)))
    }

    /// The number of entries of a way, counted no further than `bound`.
    fn count_up_to(&self, way: &Way, after_id: i64, bound: u32) -> JournalResult<u32> {
        let (narrowed, mut values) = way.narrowed(after_id);
        values.push(bound.into());
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {narrowed} LIMIT ?)", way.table);
        let count = self.conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count)
    }
}
