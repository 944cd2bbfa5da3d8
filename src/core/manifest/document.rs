//! The manifest on the wire: the schemas endpoint's JSON, read and written. What is stored in the record is the same.

use std::fmt;

use crate::error::{Error, ErrorCode, Result};
use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::json::{Object, Value, quoted};
use crate::version::{self, ServerVersion};

use super::check::refuse;
use super::{Column, ColumnType, EnumType, Index, IndexColumn, IndexMethod, Manifest, SortOrder, Table};

/// The longest answer that is read.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;

/// What the schemas endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemasAnswer {
    /// Data: everything is known.
    Manifest {
        /// The version these tables belong to, if the answer says. Its fingerprint is the server's word, kept to be
        /// compared with the server's next word; what the tables are is always computed here, because the server may
        /// hash in another way.
        version: Option<ServerVersion>,
        /// The tables.
        manifest: Manifest,
    },
    /// The simple form `{ "users": "CREATE TABLE …" }`, as JSON text without the envelope: the SQL module reads it.
    Sql(String),
}

/// Reads the schemas endpoint's answer, bare or in `{ "success": true, "data": … }`. Unknown fields are ignored.
///
/// # Errors
///
/// `LIMIT_EXCEEDED`, `INVALID_MANIFEST`, `INVALID_NAME`, `UNKNOWN_TYPE`, `DUPLICATE_NAME` or `MISSING_PRIMARY_KEY`,
/// with the place.
pub fn parse_schemas(json: &str) -> Result<SchemasAnswer> {
    if json.len() > MAX_DOCUMENT_BYTES {
        let detail = format!(
            "{} bytes are more than the {MAX_DOCUMENT_BYTES} that are read",
            json.len()
        );
        return Err(refuse(ErrorCode::LimitExceeded, detail));
    }
    let object = version::object(json, None).map_err(malformed)?;
    match object.get("tables") {
        Some(Value::Array(tables)) => {
            let manifest = read_manifest(tables, object.get("enums"))?;
            let version = object
                .contains_key("version")
                .then(|| version::read(&object))
                .transpose();
            let version = version.map_err(|error| malformed(error.detail()))?;
            Ok(SchemasAnswer::Manifest { version, manifest })
        }
        // The simple form beside a version.
        Some(Value::Object(statements)) => simple(statements),
        _ => simple(&object),
    }
}

/// Writes the wire form, with our own fingerprint of the tables.
#[must_use]
pub fn to_document(version: &ServerVersion, manifest: &Manifest) -> String {
    document(version, manifest, &Fingerprint::of(manifest))
}

/// The same, with a fingerprint that was computed before.
pub(crate) fn document(version: &ServerVersion, manifest: &Manifest, fingerprint: &Fingerprint) -> String {
    let enums = manifest.enums.iter().map(|ty| {
        Value::from([
            ("labels", ty.labels.iter().map(String::as_str).collect()),
            ("name", ty.name.as_str().into()),
        ])
    });
    let mut document = Object::default();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            document.push(name.to_owned(), value);
        }
    };
    put("enums", Some(enums.collect()));
    put("fingerprint", Some(fingerprint.0.as_str().into()));
    put("index", version.index.map(Into::into));
    put("tables", Some(manifest.tables.iter().map(write_table).collect()));
    put("timestamp", version.timestamp.map(Into::into));
    put("version", Some(version.version.as_str().into()));
    document.text()
}

fn write_table(table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        Value::from([
            ("name", column.name.as_str().into()),
            ("notNull", column.not_null.into()),
            ("type", column.ty.canonical().as_str().into()),
        ])
    });
    Value::from([
        ("columns", columns.collect()),
        ("indexes", table.indexes.iter().map(write_index).collect()),
        ("name", table.name.as_str().into()),
        ("primaryKey", table.primary_key.iter().map(Name::as_str).collect()),
        ("schema", table.schema.as_str().into()),
    ])
}

fn write_index(index: &Index) -> Value {
    let columns = index.columns.iter().map(|column| match column.order {
        SortOrder::Ascending => Value::from(column.name.as_str()),
        SortOrder::Descending => Value::from([("name", column.name.as_str().into()), ("order", "desc".into())]),
    });
    Value::from([
        ("columns", columns.collect()),
        ("method", index.method.as_str().into()),
        ("name", index.name.as_str().into()),
        ("unique", index.unique.into()),
    ])
}

// ---------------------------------------------------------------------------------------------------------- reading

/// Where something stands in the document. It becomes a text only where an error names it.
#[derive(Clone, Copy)]
struct Place<'a> {
    within: Option<&'a Place<'a>>,
    what: &'static str,
    /// Its number in a list.
    at: Option<usize>,
    name: Option<&'a Name>,
}

impl<'a> Place<'a> {
    /// An item of a list of the document itself.
    const fn top(what: &'static str, at: usize) -> Self {
        let (within, at, name) = (None, Some(at), None);
        Self { within, what, at, name }
    }

    /// An item of a list that stands here.
    const fn item(&'a self, what: &'static str, at: usize) -> Self {
        let (within, at, name) = (Some(self), Some(at), None);
        Self { within, what, at, name }
    }

    /// A part of what stands here.
    const fn part(&'a self, what: &'static str) -> Self {
        let (within, at, name) = (Some(self), None, None);
        Self { within, what, at, name }
    }

    /// The same, once its name is known.
    const fn named(self, name: &'a Name) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// What stands here is not what it should be.
    fn malformed(&self, why: &str) -> Error {
        malformed(format!("{self} {why}"))
    }

    /// An error of what stands here.
    fn located(&self, error: &Error) -> Error {
        refuse(error.code(), format!("{self}: {}", error.detail()))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.within {
            write!(f, "{outer}, ")?;
        }
        f.write_str(self.what)?;
        if let Some(at) = self.at {
            write!(f, "[{at}]")?;
        }
        match self.name {
            Some(name) => write!(f, " {}", name.quoted()),
            None => Ok(()),
        }
    }
}

fn malformed(detail: impl Into<String>) -> Error {
    refuse(ErrorCode::InvalidManifest, detail)
}

fn simple(statements: &Object) -> Result<SchemasAnswer> {
    if statements.is_empty() {
        return Err(malformed("the answer has no \"tables\""));
    }
    if let Some((name, _)) = statements.iter().find(|(_, value)| value.as_str().is_none()) {
        let shown: String = name.chars().take(80).collect();
        return Err(malformed(format!(
            "the answer has no list of \"tables\", and {} is not a text of SQL either",
            quoted(&shown)
        )));
    }
    Ok(SchemasAnswer::Sql(statements.text()))
}

fn read_manifest(tables: &[Value], enums: Option<&Value>) -> Result<Manifest> {
    let mut types = Vec::new();
    for (at, value) in list(enums, "enums", None)?.iter().enumerate() {
        types.push(read_enum(value, &Place::top("enums", at))?);
    }
    // Before reading: ten thousand tables are refused, not read.
    if tables.len() > super::MAX_TABLES {
        let detail = format!(
            "{} tables are more than the {} a replica may have",
            tables.len(),
            super::MAX_TABLES
        );
        return Err(refuse(ErrorCode::LimitExceeded, detail));
    }
    let mut read = Vec::with_capacity(tables.len());
    for (at, value) in tables.iter().enumerate() {
        read.push(read_table(value, &types, &Place::top("tables", at))?);
    }
    Manifest::new(read, types)
}

fn read_enum(value: &Value, at: &Place<'_>) -> Result<EnumType> {
    let object = fields(value, at)?;
    let name = name_of(object, at)?;
    let place = at.named(&name);
    let mut labels = Vec::new();
    for label in list(object.get("labels"), "labels", Some(&place))? {
        let Some(text) = label.as_str() else {
            return Err(place.malformed("has a label that is not a text"));
        };
        labels.push(text.to_owned());
    }
    Ok(EnumType { name, labels })
}

fn read_table(value: &Value, enums: &[EnumType], at: &Place<'_>) -> Result<Table> {
    let object = fields(value, at)?;
    let name = name_of(object, at)?;
    let place = at.named(&name);
    let schema = match object.get("schema") {
        None | Some(Value::Null) => Name::parse("public")?,
        Some(value) => read_name(value, &place.part("schema"))?,
    };
    let mut columns = Vec::new();
    for (number, value) in list(object.get("columns"), "columns", Some(&place))?.iter().enumerate() {
        columns.push(read_column(value, enums, &place, number)?);
    }
    let mut primary_key = Vec::new();
    for value in list(object.get("primaryKey"), "primaryKey", Some(&place))? {
        primary_key.push(read_name(value, &place.part("primaryKey"))?);
    }
    let mut indexes = Vec::new();
    for (number, value) in list(object.get("indexes"), "indexes", Some(&place))?.iter().enumerate() {
        indexes.extend(read_index(value, &place.item("indexes", number))?);
    }
    Ok(Table {
        schema,
        name,
        columns,
        primary_key,
        indexes,
    })
}

fn read_column(value: &Value, enums: &[EnumType], table: &Place<'_>, number: usize) -> Result<Column> {
    let at = table.item("columns", number);
    let object = fields(value, &at)?;
    let name = name_of(object, &at)?;
    let column = table.part("column");
    let place = column.named(&name);
    let Some(Value::String(raw)) = object.get("type") else {
        return Err(place.malformed("has no \"type\""));
    };
    let ty = ColumnType::parse(raw, enums).map_err(|error| place.located(&error))?;
    let not_null = flag(object, "notNull", &place)?;
    Ok(Column { name, ty, not_null })
}

/// An index, or nothing where it is of a kind that is not carried: over an expression, partial, or of an access method
/// that PGlite lacks. No reader sees an index.
fn read_index(value: &Value, at: &Place<'_>) -> Result<Option<Index>> {
    let object = fields(value, at)?;
    let name = name_of(object, at)?;
    let place = at.named(&name);
    let given = |key: &str| object.get(key).is_some_and(|value| *value != Value::Null);
    let method = match object.get("method") {
        None | Some(Value::Null) => Some(IndexMethod::Btree),
        Some(Value::String(raw)) => IndexMethod::parse(raw),
        Some(_) => return Err(place.malformed("has a \"method\" that is not a text")),
    };
    let Some(method) = method.filter(|_| !given("where")) else {
        return Ok(None);
    };
    let mut columns = Vec::new();
    for value in list(object.get("columns"), "columns", Some(&place))? {
        if value
            .get("expression")
            .is_some_and(|expression| !matches!(expression, Value::Null | Value::Bool(false)))
        {
            return Ok(None);
        }
        columns.push(read_index_column(value, &place)?);
    }
    let unique = flag(object, "unique", &place)?;
    Ok(Some(Index {
        name,
        columns,
        unique,
        method,
    }))
}

fn read_index_column(value: &Value, index: &Place<'_>) -> Result<IndexColumn> {
    let place = index.part("columns");
    let Value::Object(object) = value else {
        let name = read_name(value, &place)?;
        return Ok(IndexColumn {
            name,
            order: SortOrder::Ascending,
        });
    };
    let name = name_of(object, &place)?;
    let order = match object.get("order").map(Value::as_str) {
        None | Some(Some("asc")) => SortOrder::Ascending,
        Some(Some("desc")) => SortOrder::Descending,
        Some(_) => {
            let column = index.part("column");
            let place = column.named(&name);
            return Err(malformed(format!("{place}: \"order\" is neither \"asc\" nor \"desc\"")));
        }
    };
    Ok(IndexColumn { name, order })
}

impl IndexMethod {
    /// Reads Postgres' name of it. `None` if PGlite has no such method without an extension.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        Some(match raw.to_ascii_lowercase().as_str() {
            "btree" => Self::Btree,
            "hash" => Self::Hash,
            "gin" => Self::Gin,
            "gist" => Self::Gist,
            "spgist" => Self::Spgist,
            "brin" => Self::Brin,
            _ => return None,
        })
    }

    /// Postgres' name of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Btree => "btree",
            Self::Hash => "hash",
            Self::Gin => "gin",
            Self::Gist => "gist",
            Self::Spgist => "spgist",
            Self::Brin => "brin",
        }
    }
}

fn fields<'a>(value: &'a Value, at: &Place<'_>) -> Result<&'a Object> {
    value.as_object().ok_or_else(|| at.malformed("is not an object"))
}

/// A list, of the answer itself where no place is given; nothing and null are an empty one.
fn list<'a>(value: Option<&'a Value>, key: &str, at: Option<&Place<'_>>) -> Result<&'a [Value]> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => {
            let of = at.map_or_else(|| "the answer".to_owned(), ToString::to_string);
            Err(malformed(format!("\"{key}\" of {of} is not a list")))
        }
    }
}

fn flag(object: &Object, key: &str, at: &Place<'_>) -> Result<bool> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(set)) => Ok(*set),
        Some(_) => Err(malformed(format!("\"{key}\" of {at} is neither true nor false"))),
    }
}

fn name_of(object: &Object, at: &Place<'_>) -> Result<Name> {
    let value = object.get("name").ok_or_else(|| at.malformed("has no \"name\""))?;
    read_name(value, at)
}

fn read_name(value: &Value, at: &Place<'_>) -> Result<Name> {
    let raw = value
        .as_str()
        .ok_or_else(|| malformed(format!("{at}: a name is not a text")))?;
    Name::parse(raw).map_err(|error| at.located(&error))
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
