//! The simple form `{ "users": "CREATE TABLE …" }`: every statement passes the allow-list, and none is ever run.

use electric_replica_core::manifest::Manifest;
use electric_replica_core::{Error, ErrorCode, Result};
use sqlparser::ast::{AlterTableOperation, Statement as Ast, TableConstraint, UserDefinedTypeRepresentation};

use crate::catalog::Catalog;
use crate::create;
use crate::dict::Dict;
use crate::document::{manifest, shown};
use crate::fold::apply;
use crate::names::{Qualified, folded};
use crate::statements::{Statement, split};
use crate::syntax::parse;

const DOING: &str = "reading the schemas' SQL";
const REMEDY: &str = "give it one, or leave the table out of the answer";

/// A statement that passed the allow-list.
struct Allowed<'a> {
    entry: &'a str,
    statement: Statement,
    creates: Creates,
}

/// What an allowed statement makes. They are applied in this order, whatever order the entries stand in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Creates {
    Type(Qualified),
    Table(Qualified),
    Other,
}

/// Reads the simple form.
///
/// # Errors
///
/// `UNSUPPORTED_SQL` for a statement outside the allow-list, with entry, place and kind, never its text;
/// `INVALID_MANIFEST` for an entry that does not create the table it is named after; and what a manifest refuses.
pub(crate) fn read(text: &str) -> Result<Manifest> {
    let entries: Dict<String> =
        serde_json::from_str(text).map_err(|error| Error::new(ErrorCode::InvalidManifest, DOING, at_line(&error)))?;
    let mut allowed = Vec::new();
    for (entry, sql) in &entries.0 {
        let own = read_entry(entry, sql)?;
        check_entry(entry, &own)?;
        allowed.extend(own);
    }
    allowed.sort_by_key(|one| match one.creates {
        Creates::Type(_) => 0,
        Creates::Table(_) => 1,
        Creates::Other => 2,
    });
    let mut catalog = Catalog::default();
    for one in &allowed {
        let twice = match &one.creates {
            Creates::Type(at) => catalog.enum_mut(at).is_some(),
            Creates::Table(at) => catalog.has_table(at),
            Creates::Other => false,
        };
        if twice {
            let detail = format!(
                "{} creates what another statement creates",
                placed(one.entry, &one.statement)
            );
            return Err(Error::new(ErrorCode::DuplicateName, DOING, detail));
        }
        apply(&mut catalog, &one.statement).map_err(|doubt| {
            let detail = format!("{} {doubt}", placed(one.entry, &one.statement));
            Error::new(ErrorCode::InvalidManifest, DOING, detail)
        })?;
    }
    let tables: Vec<_> = catalog.tables.iter().collect();
    manifest(&catalog, &tables, REMEDY)
}

fn read_entry<'a>(entry: &'a str, sql: &str) -> Result<Vec<Allowed<'a>>> {
    let mut allowed = Vec::new();
    for statement in split(sql) {
        // A guarded block is drizzle's way to write a constraint or a type that may exist.
        let inner = statement.unguarded().unwrap_or_else(|| vec![statement]);
        for statement in inner {
            if enables_electric(&statement) {
                continue;
            }
            let creates = check(&statement).map_err(|why| refused(entry, &statement, why))?;
            allowed.push(Allowed {
                entry,
                statement,
                creates,
            });
        }
    }
    Ok(allowed)
}

/// `ALTER TABLE … ENABLE ELECTRIC`: syntax of an old Electric that no Postgres knows.
fn enables_electric(statement: &Statement) -> bool {
    statement.kind() == "ALTER TABLE ENABLE"
        && statement
            .after_name(2)
            .is_some_and(|behind| statement.words(behind) == ["ENABLE", "ELECTRIC"])
}

/// The allow-list. What is not on it is refused with a reason, if there is more to say than its kind.
fn check(statement: &Statement) -> Result<Creates, Option<&'static str>> {
    let kind = statement.kind();
    if !["CREATE TABLE", "CREATE TYPE", "CREATE INDEX", "ALTER TABLE ADD"].contains(&kind.as_str()) {
        return Err(None);
    }
    match parse(statement).ok_or(Some("that could not be read"))? {
        Ast::CreateTable(create) => match create::derived(&create) {
            Some(derived) => Err(Some(derived)),
            None => Ok(Creates::Table(Qualified::of(&create.name))),
        },
        Ast::CreateType {
            name,
            representation: Some(UserDefinedTypeRepresentation::Enum { .. }),
        } => Ok(Creates::Type(Qualified::of(&name))),
        Ast::CreateIndex(_) => Ok(Creates::Other),
        Ast::AlterTable(alter) => {
            let only_constraints = alter.operations.iter().all(|operation| {
                matches!(
                    operation,
                    AlterTableOperation::AddConstraint {
                        constraint: TableConstraint::PrimaryKey(_)
                            | TableConstraint::Unique(_)
                            | TableConstraint::ForeignKey(_)
                            | TableConstraint::Check(_),
                        ..
                    }
                )
            });
            only_constraints
                .then_some(Creates::Other)
                .ok_or(Some("of something else than a constraint"))
        }
        _ => Err(Some("of another form than the allowed one")),
    }
}

/// An entry creates the table it is named after; one without a table holds types alone.
fn check_entry(entry: &str, allowed: &[Allowed<'_>]) -> Result<()> {
    let refuse = |what: &str| {
        let detail = format!("entry {:?} {what}", shown(entry));
        Err(Error::new(ErrorCode::InvalidManifest, DOING, detail))
    };
    let mut tables = allowed.iter().filter_map(|one| match &one.creates {
        Creates::Table(at) => Some(at),
        _ => None,
    });
    match (tables.next(), tables.next()) {
        (Some(_), Some(_)) => refuse("creates more than one table"),
        (Some(at), None) if !names(entry, at) => refuse("creates a table of another name"),
        (None, _) if allowed.is_empty() || allowed.iter().any(|one| one.creates == Creates::Other) => {
            refuse("creates no table")
        }
        _ => Ok(()),
    }
}

/// Whether an entry's key names that table: plain, quoted, or with its schema.
fn names(entry: &str, at: &Qualified) -> bool {
    if entry == at.name || entry.to_lowercase() == at.name {
        return true;
    }
    let dialect = sqlparser::dialect::PostgreSqlDialect {};
    let parsed = sqlparser::parser::Parser::new(&dialect)
        .try_with_sql(entry)
        .and_then(|mut parser| {
            let name = parser.parse_object_name(false)?;
            parser.expect_token(&sqlparser::tokenizer::Token::EOF)?;
            Ok(name)
        });
    parsed.is_ok_and(|name| {
        let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident()).map(folded);
        parts.next().is_some_and(|last| last == at.name) && parts.next().is_none_or(|schema| schema == at.schema)
    })
}

fn refused(entry: &str, statement: &Statement, why: Option<&str>) -> Error {
    let kind = statement.kind();
    let detail = match why {
        Some(why) => format!("{} is {kind} ({why})", placed(entry, statement)),
        None => format!("{} is {kind}", placed(entry, statement)),
    };
    let allowed =
        "CREATE TABLE, CREATE TYPE AS ENUM, CREATE INDEX and ALTER TABLE ADD CONSTRAINT are read, nothing else";
    Error::new(ErrorCode::UnsupportedSql, DOING, format!("{detail}; {allowed}"))
}

fn placed(entry: &str, statement: &Statement) -> String {
    let place = statement.place;
    format!(
        "entry {:?}, statement {} at line {}",
        shown(entry),
        place.number,
        place.line
    )
}

/// Where JSON is broken, without what stands there.
fn at_line(error: &serde_json::Error) -> String {
    format!(
        "not an object of SQL texts (line {}, column {})",
        error.line(),
        error.column()
    )
}
