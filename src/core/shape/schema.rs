//! What Electric says of a table's structure, in the `electric-schema` header, and whether it is the manifest's.
//!
//! After a migration Electric may describe the old structure for up to 60 s, so a disagreement is first of all a
//! reason to wait. How hard it is says whether the wait may ever end without agreement.

use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::json::{self, Object, Value, quoted, shown};
use crate::manifest::{BaseType, Column, ColumnType, Table, typname};
use crate::sorted::SortedMap;
use crate::text::{joined, number};

/// No table of Postgres has more columns.
const MOST_COLUMNS: usize = 1600;

/// How many differences an error names.
const MOST_REASONS: usize = 5;

/// The structure of one shape's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectricSchema {
    /// The columns by name. The header has no order.
    pub columns: SortedMap<String, ElectricColumn>,
}

/// One column as Electric describes it. What it leaves out is `None`, `false` or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ElectricColumn {
    /// `pg_type.typname`; of an array, the element's.
    pub ty: String,
    /// Dimensions of an array; 0 for a single value.
    pub dims: u32,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// Its place in the primary key, from 0.
    pub pk_index: Option<u32>,
    /// Characters of `varchar(n)`.
    pub max_length: Option<i32>,
    /// Digits of `numeric(p, s)`, or of the seconds of a time type.
    pub precision: Option<i32>,
    /// Digits after the point of `numeric(p, s)`.
    pub scale: Option<i32>,
    /// Characters of `char(n)`, bits of `bit(n)` and `varbit(n)`.
    pub length: Option<i32>,
    /// The fields of an interval, as `DAY TO SECOND`.
    pub fields: Option<String>,
}

/// Whether Electric's structure is the manifest's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// It is.
    Same,
    /// Rows of the one fit the other in all likelihood: NOT NULL, modifiers, the key or a type that this library
    /// does not know differ. Names columns.
    Soft(String),
    /// Rows of the one do not belong into the other: a column is missing or has another type. Names columns.
    Hard(String),
}

impl ElectricSchema {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// `SHAPE_PROTOCOL` if it is not an object of columns with a type each.
    pub fn parse(raw: &str) -> Result<Self> {
        let refuse = |detail: &str| Error::new(ErrorCode::ShapeProtocol, "reading the electric-schema header", detail);
        let Ok(Value::Object(columns)) = json::parse(raw.as_bytes()) else {
            return Err(refuse("it is not a JSON object"));
        };
        if columns.is_empty() {
            return Err(refuse("it names no column"));
        }
        if columns.len() > MOST_COLUMNS {
            return Err(refuse("it names more columns than a table can have"));
        }
        let columns = columns
            .into_iter()
            .map(|(name, column)| {
                let parsed = column.as_object().and_then(ElectricColumn::read);
                parsed.map(|column| (name, column))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| refuse("a column in it has no type"))?;
        Ok(Self { columns })
    }

    /// Compares with the table the replica is to carry.
    #[must_use]
    pub fn agreement(&self, table: &Table) -> Agreement {
        let mut hard = Vec::new();
        let mut soft = Vec::new();
        for column in &table.columns {
            let name = column.name.as_str();
            match self.columns.get(name) {
                None => hard.push(format!("column {} is not in it", quoted(name))),
                Some(announced) => match announced.difference(column) {
                    None => {}
                    Some(Difference::Hard(why)) => hard.push(format!("column {} {why}", quoted(name))),
                    Some(Difference::Soft(why)) => soft.push(format!("column {} {why}", quoted(name))),
                },
            }
        }
        for name in self.columns.keys() {
            if !table.columns.iter().any(|column| column.name.as_str() == name) {
                hard.push(format!("it has a column {}", shown(name)));
            }
        }
        let mut key: Vec<(u32, &str)> = self
            .columns
            .iter()
            .filter_map(|(name, column)| column.pk_index.map(|place| (place, name.as_str())))
            .collect();
        key.sort_unstable();
        if !key
            .iter()
            .map(|(_, name)| *name)
            .eq(table.primary_key.iter().map(Name::as_str))
        {
            soft.push("it has another primary key".to_owned());
        }
        if !hard.is_empty() {
            Agreement::Hard(listed(&hard))
        } else if !soft.is_empty() {
            Agreement::Soft(listed(&soft))
        } else {
            Agreement::Same
        }
    }
}

/// How one column differs.
enum Difference {
    Soft(&'static str),
    Hard(&'static str),
}

impl ElectricColumn {
    fn read(raw: &Object) -> Option<Self> {
        let number = |name| raw.get(name).and_then(as_i32);
        let natural = |name| number(name).and_then(|n| u32::try_from(n).ok());
        let text = |name| raw.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            ty: text("type")?,
            dims: natural("dims").unwrap_or(0),
            not_null: matches!(raw.get("not_null"), Some(Value::Bool(true))),
            pk_index: natural("pk_index"),
            max_length: number("max_length"),
            precision: number("precision"),
            scale: number("scale"),
            length: number("length"),
            fields: text("fields"),
        })
    }

    /// The type of a single value, and whether there are many. CREATE TABLE AS leaves an array without dimensions: its
    /// type is then the array's own, `_text`.
    pub(super) fn element(&self) -> (&str, bool) {
        match self.ty.strip_prefix('_') {
            Some(element) if self.dims == 0 => (element, true),
            _ => (self.ty.as_str(), self.dims > 0),
        }
    }

    fn difference(&self, column: &Column) -> Option<Difference> {
        let (base, array) = if is_enum(&column.ty, &self.ty) {
            (self.ty.as_str(), self.dims > 0)
        } else {
            self.element()
        };
        if array != column.ty.array {
            return Some(Difference::Hard("is an array on one side only"));
        }
        match &column.ty.base {
            BaseType::Builtin(wanted) => match (typname(base), typname(wanted)) {
                (Some(announced), Some(wanted)) if announced != wanted => {
                    return Some(Difference::Hard("has another type"));
                }
                (Some(_), Some(_)) => {}
                _ if base == *wanted => {}
                _ => return Some(Difference::Soft("has a type of another name")),
            },
            BaseType::Enum(_) if is_enum(&column.ty, base) => {}
            BaseType::Enum(_) => return Some(Difference::Soft("has a type of another name")),
        }
        let announced = self.modifiers(base);
        if announced.is_some_and(|announced| announced != normal(base, &column.ty.modifiers)) {
            return Some(Difference::Soft("has other limits in parentheses"));
        }
        if self.not_null != column.not_null {
            return Some(Difference::Soft("takes NULL on one side only"));
        }
        None
    }

    /// What stands in parentheses, in the order SQL writes it; `None` for types of which Electric does not tell.
    pub(super) fn modifiers(&self, base: &str) -> Option<Vec<i32>> {
        let said = match typname(base)? {
            // Postgres keeps a scale in eleven bits, and Electric does not extend their sign.
            "numeric" => [self.precision, self.scale.map(|n| if n >= 1024 { n - 2048 } else { n })],
            // `varbit` without a limit is announced with the length -1.
            "varchar" | "bpchar" | "bit" | "varbit" => [self.max_length.or(self.length).filter(|n| *n >= 0), None],
            "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => [self.precision, None],
            _ => return None,
        };
        let said: Vec<i32> = said.into_iter().flatten().collect();
        Some(normal(base, &said))
    }
}

fn is_enum(ty: &ColumnType, announced: &str) -> bool {
    matches!(&ty.base, BaseType::Enum(name) if name.as_str() == announced)
}

/// Modifiers with Postgres' defaults written out, as far as Electric can tell them apart.
fn normal(base: &str, said: &[i32]) -> Vec<i32> {
    match (typname(base), said) {
        (Some("numeric"), [precision]) => vec![*precision, 0],
        (Some("time" | "timetz" | "timestamp" | "timestamptz"), [0]) => Vec::new(),
        (Some("bit" | "bpchar"), []) => vec![1],
        (_, said) => said.to_vec(),
    }
}

/// A number, or a number in a text: older servers wrote modifiers so.
fn as_i32(value: &Value) -> Option<i32> {
    match value {
        Value::String(text) => number(text),
        other => other.as_i64().and_then(|n| i32::try_from(n).ok()),
    }
}

fn listed(reasons: &[String]) -> String {
    match reasons.split_at_checked(MOST_REASONS) {
        Some((named, rest)) if !rest.is_empty() => format!("{}; and {} more", joined(named, "; "), rest.len()),
        _ => joined(reasons, "; "),
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
