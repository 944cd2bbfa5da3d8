//! Reads drizzle's snapshot of a schema, version 7 and what version 5 and 6 have in common with it.

use serde::Deserialize;

use crate::catalog::{Catalog, Column, EnumType, Index, METHODS, Order, Table, TypeRef};
use crate::dict::Dict;
use crate::names::{Qualified, kept};

/// The snapshot's versions that are read.
const VERSIONS: [&str; 3] = ["5", "6", "7"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    version: String,
    #[serde(default)]
    tables: Dict<SnapshotTable>,
    #[serde(default)]
    enums: Dict<SnapshotEnum>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotTable {
    name: String,
    #[serde(default)]
    schema: Option<String>,
    #[serde(default)]
    columns: Dict<SnapshotColumn>,
    #[serde(default)]
    indexes: Dict<SnapshotIndex>,
    #[serde(default)]
    composite_primary_keys: Dict<SnapshotConstraint>,
    #[serde(default)]
    unique_constraints: Dict<SnapshotConstraint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotColumn {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    #[serde(default)]
    type_schema: Option<String>,
    #[serde(default)]
    primary_key: bool,
    #[serde(default)]
    not_null: bool,
    #[serde(default)]
    identity: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotIndex {
    name: String,
    #[serde(default)]
    columns: Vec<SnapshotIndexColumn>,
    #[serde(default)]
    is_unique: bool,
    #[serde(default, rename = "where")]
    predicate: Option<String>,
    #[serde(default)]
    method: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SnapshotIndexColumn {
    /// Before version 7.
    Name(String),
    #[serde(rename_all = "camelCase")]
    Column {
        expression: String,
        #[serde(default)]
        is_expression: bool,
        #[serde(default = "yes")]
        asc: bool,
        #[serde(default)]
        opclass: Option<String>,
    },
}

#[derive(Deserialize)]
struct SnapshotConstraint {
    #[serde(default)]
    name: Option<String>,
    columns: Vec<String>,
}

#[derive(Deserialize)]
struct SnapshotEnum {
    name: String,
    #[serde(default)]
    schema: Option<String>,
    values: Labels,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Labels {
    List(Vec<String>),
    /// Before version 7.
    Object(Dict<String>),
}

const fn yes() -> bool {
    true
}

/// Reads a snapshot. `None` if it is not JSON, or of a version that is not read.
pub(crate) fn read(text: &str) -> Option<Catalog> {
    let snapshot: Snapshot = serde_json::from_str(text).ok()?;
    VERSIONS.contains(&snapshot.version.as_str()).then_some(())?;
    let enums: Vec<EnumType> = snapshot.enums.values().map(read_enum).collect();
    // Version 7 says of which schema an enum is; before it, a type that is called like an enum is that enum.
    let untold: &[EnumType] = if snapshot.version == "7" { &[] } else { &enums };
    let tables = snapshot
        .tables
        .values()
        .map(|table| read_table(table, untold))
        .collect();
    Some(Catalog { tables, enums })
}

fn read_enum(ty: &SnapshotEnum) -> EnumType {
    EnumType {
        at: Qualified::new(ty.schema.as_deref().unwrap_or_default(), &ty.name),
        labels: match &ty.values {
            Labels::List(labels) => labels.clone(),
            Labels::Object(labels) => labels.values().cloned().collect(),
        },
    }
}

fn read_table(snapshot: &SnapshotTable, enums: &[EnumType]) -> Table {
    let mut table = Table {
        at: Qualified::new(snapshot.schema.as_deref().unwrap_or_default(), &snapshot.name),
        columns: snapshot
            .columns
            .values()
            .map(|column| read_column(column, enums))
            .collect(),
        key: None,
        indexes: Vec::new(),
    };
    let own = snapshot.columns.values().filter(|column| column.primary_key);
    let own: Vec<String> = own.map(|column| kept(&column.name)).collect();
    if !own.is_empty() {
        table.set_key(None, own);
    }
    for key in snapshot.composite_primary_keys.values() {
        table.set_key(
            key.name.as_deref().map(kept),
            key.columns.iter().map(|name| kept(name)).collect(),
        );
    }
    for unique in snapshot.unique_constraints.values() {
        let columns = unique.columns.iter().map(|name| kept(name)).collect();
        table.add_index(Index::unique(&table.at.name, unique.name.as_deref().map(kept), columns));
    }
    for index in snapshot.indexes.values().filter_map(read_index) {
        table.add_index(index);
    }
    table
}

fn read_column(column: &SnapshotColumn, enums: &[EnumType]) -> Column {
    let (name, suffix) = match column.ty.split_once('[') {
        Some((name, _)) => (name.trim_end(), "[]"),
        None => (column.ty.as_str(), ""),
    };
    let is_enum = enums.iter().any(|ty| ty.at.name == name);
    let schema = column
        .type_schema
        .as_deref()
        .map(|schema| Qualified::new(schema, name).schema);
    let ty = if is_enum || schema.is_some() {
        TypeRef::Named {
            schema,
            name: name.to_owned(),
            suffix: suffix.to_owned(),
        }
    } else {
        TypeRef::Plain(column.ty.clone())
    };
    let serial = ["serial", "bigserial", "smallserial"].contains(&column.ty.as_str());
    Column {
        name: kept(&column.name),
        ty,
        not_null: column.not_null || serial || column.identity.is_some(),
    }
}

/// As `create::index`: plain columns, whole, with a method and operator classes that PGlite has.
fn read_index(index: &SnapshotIndex) -> Option<Index> {
    let method = index.method.as_deref().unwrap_or("btree").to_lowercase();
    if index.predicate.is_some() || !METHODS.contains(&method.as_str()) {
        return None;
    }
    let column = |column: &SnapshotIndexColumn| match column {
        SnapshotIndexColumn::Name(name) => Some((kept(name), Order::Ascending)),
        SnapshotIndexColumn::Column {
            is_expression: true, ..
        }
        | SnapshotIndexColumn::Column { opclass: Some(_), .. } => None,
        SnapshotIndexColumn::Column {
            expression, asc: true, ..
        } => Some((kept(expression), Order::Ascending)),
        SnapshotIndexColumn::Column { expression, .. } => Some((kept(expression), Order::Descending)),
    };
    Some(Index {
        name: kept(&index.name),
        columns: index.columns.iter().map(column).collect::<Option<_>>()?,
        unique: index.is_unique,
        method,
    })
}
