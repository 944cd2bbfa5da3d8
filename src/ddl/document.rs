//! From a catalog to the core's manifest, by way of the wire form: one reader decides what a manifest is.

use std::collections::BTreeSet;

use electric_replica_core::ident::Name;
use electric_replica_core::manifest::{Manifest, SchemasAnswer, parse_schemas};
use electric_replica_core::{Error, ErrorCode, Result};
use serde_json::{Value, json};

use crate::catalog::{Catalog, EnumType, Index, Order, Table, TypeRef};

/// The manifest of those tables. Enums that no such table uses are left out, and so is an index whose name another
/// relation has already: no reader sees an index.
///
/// # Errors
///
/// What [`parse_schemas`] refuses. `MISSING_PRIMARY_KEY` says `remedy`.
pub(crate) fn manifest(catalog: &Catalog, tables: &[&Table], remedy: &str) -> Result<Manifest> {
    let mut relations: BTreeSet<&str> = tables.iter().map(|table| table.at.name.as_str()).collect();
    let mut enums: Vec<&EnumType> = Vec::new();
    let mut written = Vec::with_capacity(tables.len());
    for table in tables {
        if table.key.is_none() {
            let detail = format!("table {:?} has no primary key: {remedy}", shown(&table.at.name));
            return Err(Error::new(ErrorCode::MissingPrimaryKey, "reading the schemas", detail));
        }
        for (ty, _) in table.columns.iter().filter_map(|column| catalog.resolve(&column.ty)) {
            if !enums.contains(&ty) {
                enums.push(ty);
            }
        }
        let indexes = table.indexes.iter().filter(|index| relations.insert(&index.name));
        let indexes: Vec<Value> = indexes.map(write_index).collect();
        written.push(write_table(catalog, table, &indexes)?);
    }
    let enums: Vec<Value> = enums
        .iter()
        .map(|ty| json!({ "name": ty.at.name, "labels": ty.labels }))
        .collect();
    match parse_schemas(&json!({ "tables": written, "enums": enums }).to_string())? {
        SchemasAnswer::Manifest { manifest, .. } => Ok(manifest),
        SchemasAnswer::Sql(_) => Err(Error::new(
            ErrorCode::Internal,
            "writing the schemas",
            "the tables were not read back as tables",
        )),
    }
}

fn write_table(catalog: &Catalog, table: &Table, indexes: &[Value]) -> Result<Value> {
    let mut columns = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let ty = type_text(catalog, &column.ty)?;
        columns.push(json!({ "name": column.name, "type": ty, "notNull": column.not_null }));
    }
    Ok(json!({
        "schema": table.at.schema,
        "name": table.at.name,
        "columns": columns,
        "primaryKey": table.key.as_ref().map(|key| &key.columns),
        "indexes": indexes,
    }))
}

fn write_index(index: &Index) -> Value {
    let order = |order: Order| match order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
    };
    let columns = index.columns.iter();
    let columns = columns.map(|(name, direction)| json!({ "name": name, "order": order(*direction) }));
    json!({
        "name": index.name,
        "columns": columns.collect::<Value>(),
        "unique": index.unique,
        "method": index.method,
    })
}

/// The type as the core reads it: an enum in quotes, which win over Postgres' own types.
fn type_text(catalog: &Catalog, ty: &TypeRef) -> Result<String> {
    if let Some((found, suffix)) = catalog.resolve(ty) {
        return Ok(format!("{}{suffix}", Name::parse(&found.at.name)?.quoted()));
    }
    Ok(match ty {
        TypeRef::Plain(text) => text.clone(),
        // The only type of Postgres' own that means something else without its quotes.
        TypeRef::Named { name, suffix, .. } if name == "char" => format!("{}{suffix}", Name::parse(name)?.quoted()),
        TypeRef::Named { name, suffix, .. } => format!("{name}{suffix}"),
    })
}

/// What of a server's name may stand in a message.
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}
