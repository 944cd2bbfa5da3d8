//! Changes of the log as statements: of all that happened to a row only what is left of it, and all rows to
//! which the same happened together. A statement costs about the same for one row as for a hundred.

use std::cmp::Ordering;

use super::message::{Change, Operation};
use super::row::{HOLDS_NUL, column_says, unknown_column};
use crate::error::{Error, ErrorCode, Result};
use crate::ident::{Name, literal, quoted_list};
use crate::manifest::{Column, Table};
use crate::op::Statement;
use crate::text::{digits, joined};

/// Turns changes, in the log's order, into statements on `target`, which is quoted already: `"public"."users"`. `met` is the name of
/// the function that has an update fail (see [`crate::op::meeting`]), and `type_sql` writes a column's type.
///
/// An insert replaces a row of the same key, so that changes may be applied twice. An update must meet a row.
/// A delete need not.
///
/// # Errors
///
/// `SCHEMA_MISMATCH` if a change has a column that the table lacks, an insert lacks a column of the table, or an
/// update or a delete lacks a column of the key; `ROW_REFUSED` if a value holds U+0000, or a row is updated after it was
/// deleted; `SHAPE_PROTOCOL` if a column stands twice, or a column of the key is NULL.
pub fn statements(
    target: &str,
    met: &str,
    table: &Table,
    changes: &[Change],
    type_sql: impl Fn(&Column) -> String,
) -> Result<Vec<Statement>> {
    let key = key_of(table)?;
    let mut rows = Vec::with_capacity(changes.len());
    for (nth, change) in changes.iter().enumerate() {
        rows.push(Row::of(table, &key, nth, change)?);
    }
    let kinds = by_kind(left(table, &key, rows)?);
    let writer = Writer {
        target,
        met,
        table,
        key: &key,
        type_sql,
    };
    Ok(kinds.iter().filter_map(|rows| writer.statement(rows)).collect())
}

/// The places of the key's columns in the table.
fn key_of(table: &Table) -> Result<Vec<usize>> {
    let mut key = Vec::with_capacity(table.primary_key.len());
    for name in &table.primary_key {
        let Some(place) = table.columns.iter().position(|column| column.name == *name) else {
            let why = "is in the primary key but not in the table";
            return Err(refuse(table, name, ErrorCode::Internal, why));
        };
        key.push(place);
    }
    Ok(key)
}

// ---- what is left of a row's changes -----------------------------------------------------------------------------------

/// What happens to one row.
struct Row<'a> {
    operation: Operation,
    /// Its place in the log's order.
    nth: usize,
    /// What is said of each column of the table, in its order.
    values: Vec<Given<'a>>,
}

/// What a change says of a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Given<'a> {
    Nothing,
    Null,
    Text(&'a str),
}

impl<'a> Row<'a> {
    fn of(table: &Table, key: &[usize], nth: usize, change: &'a Change) -> Result<Self> {
        let mut values: Vec<Given<'a>> = table.columns.iter().map(|_| Given::Nothing).collect();
        for (name, value) in &change.values {
            let mut columns = table.columns.iter().zip(&mut values);
            let Some((column, slot)) = columns.find(|(column, _)| column.name.as_str() == name) else {
                let detail = unknown_column(name, table.name.as_str());
                return Err(Error::new(ErrorCode::SchemaMismatch, doing(table), detail));
            };
            if *slot != Given::Nothing {
                let why = "stands twice in a change";
                return Err(refuse(table, &column.name, ErrorCode::ShapeProtocol, why));
            }
            *slot = match value.as_deref() {
                None => Given::Null,
                Some(text) if text.contains('\0') => {
                    return Err(refuse(table, &column.name, ErrorCode::RowRefused, HOLDS_NUL));
                }
                Some(text) => Given::Text(text),
            };
        }
        for (place, (column, given)) in table.columns.iter().zip(&values).enumerate() {
            let (code, why) = match given {
                Given::Nothing if change.operation == Operation::Insert => {
                    (ErrorCode::SchemaMismatch, "is missing in an insert")
                }
                Given::Nothing if key.contains(&place) => (
                    ErrorCode::SchemaMismatch,
                    "is missing in a change, and is in the primary key",
                ),
                Given::Null if key.contains(&place) => (
                    ErrorCode::ShapeProtocol,
                    "is NULL in a change, and is in the primary key",
                ),
                _ => continue,
            };
            return Err(refuse(table, &column.name, code, why));
        }
        Ok(Self {
            operation: change.operation,
            nth,
            values,
        })
    }

    /// In the order of the keys.
    fn by_key(&self, other: &Self, key: &[usize]) -> Ordering {
        for place in key {
            let order = self.given(*place).cmp(&other.given(*place));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    fn given(&self, place: usize) -> Given<'a> {
        self.values.get(place).copied().unwrap_or(Given::Nothing)
    }

    /// In the order of the statements: rows that go make way for those that come. What is of one kind shares one.
    fn kind(&self, other: &Self) -> Ordering {
        match self.rank().cmp(&other.rank()) {
            // Whatever a delete says of other columns changes nothing.
            Ordering::Equal if self.operation == Operation::Update => self.carried().cmp(other.carried()),
            order => order,
        }
    }

    const fn rank(&self) -> u8 {
        match self.operation {
            Operation::Delete => 0,
            Operation::Update => 1,
            Operation::Insert => 2,
        }
    }

    fn carried(&self) -> impl Iterator<Item = bool> {
        self.values.iter().map(|given| *given != Given::Nothing)
    }

    /// Takes in what happened to the row after this.
    fn then(&mut self, table: &Table, later: Self) -> Result<()> {
        match (self.operation, later.operation) {
            (Operation::Delete, Operation::Update) => {
                let detail = "a row is updated after it was deleted";
                return Err(Error::new(ErrorCode::RowRefused, doing(table), detail));
            }
            (_, Operation::Update) => {
                for (given, new) in self.values.iter_mut().zip(later.values) {
                    if new != Given::Nothing {
                        *given = new;
                    }
                }
            }
            (_, Operation::Insert | Operation::Delete) => *self = later,
        }
        Ok(())
    }
}

/// One row for each key, in the order of the keys.
fn left<'a>(table: &Table, key: &[usize], mut rows: Vec<Row<'a>>) -> Result<Vec<Row<'a>>> {
    rows.sort_unstable_by(|one, other| one.by_key(other, key).then(one.nth.cmp(&other.nth)));
    let mut left: Vec<Row<'a>> = Vec::with_capacity(rows.len());
    for row in rows {
        match left.last_mut().filter(|before| before.by_key(&row, key).is_eq()) {
            Some(before) => before.then(table, row)?,
            None => left.push(row),
        }
    }
    Ok(left)
}

/// The rows of each kind, in the order they come in; there are few kinds.
fn by_kind(rows: Vec<Row<'_>>) -> Vec<Vec<Row<'_>>> {
    let mut kinds: Vec<Vec<Row<'_>>> = Vec::new();
    for row in rows {
        let kind = |alike: &Vec<Row<'_>>| alike.first().map_or(Ordering::Equal, |first| first.kind(&row));
        let found = kinds.binary_search_by(kind);
        let (Ok(at) | Err(at)) = found;
        if found.is_err() {
            kinds.insert(at, Vec::new());
        }
        if let Some(alike) = kinds.get_mut(at) {
            alike.push(row);
        }
    }
    kinds
}

// ---- rows of one kind as a statement -----------------------------------------------------------------------------------

struct Writer<'a, F> {
    target: &'a str,
    met: &'a str,
    table: &'a Table,
    key: &'a [usize],
    type_sql: F,
}

impl<F: Fn(&Column) -> String> Writer<'_, F> {
    /// Each column is one literal: a `text[]` of all rows' values, each of which the SQL casts. Of arrays an `unnest` would
    /// make one.
    fn statement(&self, rows: &[Row<'_>]) -> Option<Statement> {
        let first = rows.first()?;
        let is_key = |place: usize| self.key.contains(&place);
        let (mut arrays, mut names) = (Vec::new(), Vec::new());
        let (mut casts, mut set, mut met) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (column, given)) in self.table.columns.iter().zip(&first.values).enumerate() {
            let is_carried = *given != Given::Nothing && first.operation != Operation::Delete;
            if !is_carried && !is_key(place) {
                continue;
            }
            let values = array(rows.iter().filter_map(|row| row.values.get(place)));
            arrays.push([&*literal(&values), "::text[]"].concat());
            let nth = digits(arrays.len() as u64);
            let cast = ["CAST(v.c", &nth, " AS ", &(self.type_sql)(column), ")"].concat();
            names.push(["c", &nth].concat());
            let quoted = column.name.quoted();
            if is_key(place) {
                met.push(["t.", &quoted, " = ", &cast].concat());
            } else if first.operation == Operation::Insert {
                set.push([&*quoted, " = EXCLUDED.", &quoted].concat());
            } else {
                set.push([&*quoted, " = ", &cast].concat());
            }
            casts.push(cast);
        }
        let rows_of = ["unnest(", &joined(&arrays, ", "), ") v (", &joined(&names, ", "), ")"].concat();
        let meets = joined(&met, " AND ");
        let sql = match first.operation {
            Operation::Insert => {
                let columns = quoted_list(self.table.columns.iter().map(|column| &column.name));
                let conflict = match joined(&set, ", ") {
                    nothing if nothing.is_empty() => "NOTHING".to_owned(),
                    set => ["UPDATE SET ", &set].concat(),
                };
                [
                    "INSERT INTO ",
                    self.target,
                    " (",
                    &columns,
                    ") SELECT ",
                    &joined(&casts, ", "),
                    " FROM ",
                    &rows_of,
                    " ON CONFLICT (",
                    &quoted_list(&self.table.primary_key),
                    ") DO ",
                    &conflict,
                ]
                .concat()
            }
            Operation::Update => {
                if set.is_empty() {
                    // Nothing that this table has was changed, but the row must still be there.
                    let unchanged = self.table.primary_key.iter().map(Name::quoted).take(1);
                    set.extend(unchanged.map(|name| [&*name, " = t.", &name].concat()));
                }
                let set = joined(&set, ", ");
                [
                    "UPDATE ",
                    self.target,
                    " t SET ",
                    &set,
                    " FROM ",
                    &rows_of,
                    " WHERE ",
                    &meets,
                ]
                .concat()
            }
            Operation::Delete => ["DELETE FROM ", self.target, " t USING ", &rows_of, " WHERE ", &meets].concat(),
        };
        Some(match first.operation {
            Operation::Update => Statement::meets(&sql, rows.len(), self.met),
            _ => Statement::new(sql),
        })
    }
}

/// The values as Postgres reads a `text[]`.
fn array<'a>(values: impl Iterator<Item = &'a Given<'a>>) -> String {
    let mut out = String::from("{");
    for value in values {
        if out.len() > 1 {
            out.push(',');
        }
        match value {
            Given::Text(text) => {
                out.push('"');
                let mut from = 0;
                for (at, byte) in text.bytes().enumerate() {
                    if matches!(byte, b'"' | b'\\') {
                        out.push_str(text.get(from..at).unwrap_or_default());
                        out.push('\\');
                        from = at;
                    }
                }
                out.push_str(text.get(from..).unwrap_or_default());
                out.push('"');
            }
            Given::Null | Given::Nothing => out.push_str("NULL"),
        }
    }
    out.push('}');
    out
}

fn refuse(table: &Table, column: &Name, code: ErrorCode, what: &str) -> Error {
    Error::new(
        code,
        doing(table),
        column_says(column.as_str(), table.name.as_str(), what),
    )
}

fn doing(table: &Table) -> String {
    ["applying changes to table ", &table.name.quoted()].concat()
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
