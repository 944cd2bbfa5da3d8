//! Applies one statement to a catalog, as Postgres would have. What it cannot follow it says in a word, and goes on.

use sqlparser::ast::{
    self, AlterColumnOperation, AlterIndexOperation, AlterTable, AlterTableOperation, AlterType,
    AlterTypeAddValuePosition, AlterTypeOperation, ObjectName, ObjectType, RenameTableNameKind,
    UserDefinedTypeRepresentation,
};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::catalog::{Catalog, EnumType, Table};
use crate::create;
use crate::names::{Qualified, folded, parts};
use crate::statements::{Statement, word};
use crate::syntax::parse;

/// Why a statement could not be followed, for a warning. Holds nothing of the statement's text.
pub(crate) type Doubt = &'static str;

/// What happens to something that is created but exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays: `IF NOT EXISTS`, or a block that swallows the error.
    Stays,
    /// It is an error in Postgres: the new one is taken, with a doubt.
    IsReplaced,
}

const NO_TABLE: Doubt = "names a table that no statement before it created";
const NO_TYPE: Doubt = "names a type that no statement before it created";
const NO_COLUMN: Doubt = "names a column that its table lacks";
const TWICE: Doubt = "creates what exists already";
const UNREAD: Doubt = "could not be read and is left out";

/// Applies a statement of a migration. Statements that touch no structure do nothing.
///
/// # Errors
///
/// A doubt, if the structure may now differ from the database's.
pub(crate) fn apply(catalog: &mut Catalog, statement: &Statement) -> Result<(), Doubt> {
    if let Some(inner) = statement.unguarded() {
        let doubts = inner
            .iter()
            .filter_map(|inner| apply_one(catalog, inner, Existing::Stays).err());
        return doubts.last().map_or(Ok(()), Err);
    }
    apply_one(catalog, statement, Existing::IsReplaced)
}

/// Whether a statement may change a table or an enum, by its kind alone.
fn is_structural(kind: &str) -> bool {
    [
        "CREATE TABLE",
        "CREATE TYPE",
        "CREATE INDEX",
        "ALTER TABLE",
        "ALTER TYPE",
        "ALTER INDEX",
        "ALTER SCHEMA",
    ]
    .iter()
    .chain(&["DROP TABLE", "DROP TYPE", "DROP INDEX", "DROP SCHEMA", "DROP OWNED"])
    .any(|structural| kind.starts_with(structural))
}

fn apply_one(catalog: &mut Catalog, statement: &Statement, existing: Existing) -> Result<(), Doubt> {
    let kind = statement.kind();
    if kind == "DO" || kind == "CALL" {
        return Err("runs code that is not followed");
    }
    if !is_structural(&kind) {
        return if kind.starts_with("no ") { Err(UNREAD) } else { Ok(()) };
    }
    if let Some(outcome) = by_hand(catalog, statement) {
        return outcome;
    }
    match parse(statement).ok_or(UNREAD)? {
        ast::Statement::CreateTable(create) => create_table(catalog, &create, existing),
        ast::Statement::CreateIndex(create) => {
            let at = Qualified::of(&create.table_name);
            let index = create::index(&create, &at);
            let table = catalog.table_mut(&at);
            // An index on a materialized view belongs to no table, and is no structure.
            if let (Some(index), Some(table)) = (index, table) {
                table.add_index(index);
            }
            Ok(())
        }
        ast::Statement::CreateType { name, representation } => create_type(catalog, &name, representation, existing),
        ast::Statement::AlterTable(alter) => alter_table(catalog, &alter),
        ast::Statement::AlterType(alter) => alter_type(catalog, &alter),
        ast::Statement::AlterIndex { name, operation } => {
            let AlterIndexOperation::RenameIndex { index_name } = operation;
            catalog.rename_index(&Qualified::of(&name), &parts(&index_name).1);
            Ok(())
        }
        ast::Statement::Drop {
            object_type,
            if_exists,
            names,
            ..
        } => drop_objects(catalog, object_type, &names, if_exists),
        _ => Err(UNREAD),
    }
}

/// The forms of `ALTER` that sqlparser does not know, or that touch nothing a replica has.
fn by_hand(catalog: &mut Catalog, statement: &Statement) -> Option<Result<(), Doubt>> {
    let words = statement.words(0);
    let object = match words.first()?.as_str() {
        "ALTER" => words.get(1)?.as_str(),
        _ => return None,
    };
    let behind = statement.after_name(2)?;
    let action = statement.words(behind);
    let action: Vec<&str> = action.iter().map(String::as_str).collect();
    match (object, action.as_slice()) {
        ("TABLE" | "TYPE", ["SET", "SCHEMA", ..]) => {
            let from = name_between(statement, behind)?;
            let to = Qualified::new(&statement.tokens.get(behind + 2).map(identifier)??, &from.name);
            Some(if object == "TABLE" {
                move_table(catalog, &from, to)
            } else {
                catalog.move_enum(&from, &to).then_some(()).ok_or(NO_TYPE)
            })
        }
        (
            "TABLE",
            [
                "ENABLE" | "DISABLE" | "FORCE" | "NO" | "NOT" | "OWNER" | "CLUSTER" | "REPLICA" | "VALIDATE" | "SET"
                | "RESET" | "INHERIT" | "ATTACH" | "DETACH",
                ..,
            ],
        )
        | ("TYPE", ["OWNER", ..])
        | ("INDEX", ["SET" | "RESET" | "ATTACH" | "OWNER" | "ALTER", ..]) => Some(Ok(())),
        ("TABLE", ["ALTER", ..]) => default_only(statement, behind),
        _ => None,
    }
}

/// `ALTER COLUMN … SET DEFAULT`, `DROP IDENTITY` and the like leave type and NOT NULL alone.
fn default_only(statement: &Statement, behind: usize) -> Option<Result<(), Doubt>> {
    let at = behind + 1 + usize::from(statement.words(behind).get(1).is_some_and(|word| word == "COLUMN"));
    identifier(statement.tokens.get(at)?)?;
    let mut depth = 0_i32;
    let several = statement.tokens.iter().any(|token| {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        depth == 0 && token.token == Token::Comma
    });
    let words = statement.words(at + 1);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let harmless = matches!(
        words.as_slice(),
        [
            "SET",
            "DEFAULT"
                | "GENERATED"
                | "STATISTICS"
                | "STORAGE"
                | "COMPRESSION"
                | "EXPRESSION"
                | "START"
                | "INCREMENT"
                | "MINVALUE"
                | "MAXVALUE"
                | "CACHE"
                | "CYCLE"
                | "NO",
            ..
        ] | ["DROP", "DEFAULT" | "IDENTITY" | "EXPRESSION", ..]
            | ["RESTART", ..]
    );
    (harmless && !several).then_some(Ok(()))
}

/// The name that ends before `behind`.
fn name_between(statement: &Statement, behind: usize) -> Option<Qualified> {
    let name = identifier(statement.tokens.get(behind.checked_sub(1)?)?)?;
    let dotted = behind
        .checked_sub(2)
        .and_then(|at| statement.tokens.get(at))
        .is_some_and(|token| token.token == Token::Period);
    let schema = if dotted {
        identifier(statement.tokens.get(behind.checked_sub(3)?)?)?
    } else {
        String::new()
    };
    Some(Qualified::new(&schema, &name))
}

fn identifier(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(quoted) if quoted.quote_style.is_some() => Some(quoted.value.clone()),
        _ => word(token).map(|word| word.to_lowercase()),
    }
}

fn create_table(catalog: &mut Catalog, create: &ast::CreateTable, existing: Existing) -> Result<(), Doubt> {
    if create::derived(create).is_some() {
        return Err("takes its columns from something else and is left out");
    }
    let table = create::table(create);
    if !catalog.has_table(&table.at) {
        catalog.tables.push(table);
        return Ok(());
    }
    if create.if_not_exists || existing == Existing::Stays {
        return Ok(());
    }
    catalog.drop_table(&table.at);
    catalog.tables.push(table);
    Err(TWICE)
}

fn create_type(
    catalog: &mut Catalog,
    name: &ObjectName,
    representation: Option<UserDefinedTypeRepresentation>,
    existing: Existing,
) -> Result<(), Doubt> {
    // A composite or a range type is no type a replica has: a column of it is refused where it is used.
    let Some(UserDefinedTypeRepresentation::Enum { labels }) = representation else {
        return Ok(());
    };
    let at = Qualified::of(name);
    let labels = labels.into_iter().map(|label| label.value).collect();
    match (catalog.enum_mut(&at), existing) {
        (None, _) => catalog.enums.push(EnumType { at, labels }),
        (Some(_), Existing::Stays) => {}
        (Some(ty), Existing::IsReplaced) => {
            ty.labels = labels;
            return Err(TWICE);
        }
    }
    Ok(())
}

fn alter_table(catalog: &mut Catalog, alter: &AlterTable) -> Result<(), Doubt> {
    let mut at = Qualified::of(&alter.name);
    let mut outcome = Ok(());
    for operation in &alter.operations {
        if let AlterTableOperation::RenameTable { table_name } = operation {
            let (RenameTableNameKind::As(name) | RenameTableNameKind::To(name)) = table_name;
            let to = Qualified::new(&at.schema, &parts(name).1);
            outcome = outcome.and(move_table(catalog, &at, to.clone()));
            at = to;
        } else {
            let changed = catalog.table_mut(&at).map(|table| alter_one(table, operation));
            let missing = if alter.if_exists { Ok(()) } else { Err(NO_TABLE) };
            outcome = outcome.and(changed.unwrap_or(missing));
        }
    }
    outcome
}

fn move_table(catalog: &mut Catalog, from: &Qualified, to: Qualified) -> Result<(), Doubt> {
    if from != &to && catalog.has_table(&to) {
        return Err(TWICE);
    }
    catalog.table_mut(from).map(|table| table.at = to).ok_or(NO_TABLE)
}

fn alter_one(table: &mut Table, operation: &AlterTableOperation) -> Result<(), Doubt> {
    match operation {
        AlterTableOperation::AddColumn {
            column_def,
            if_not_exists,
            ..
        } => {
            if table.column_mut(&folded(&column_def.name)).is_none() {
                create::add_column(table, column_def);
            } else if !if_not_exists {
                return Err(TWICE);
            }
        }
        AlterTableOperation::DropColumn {
            column_names,
            if_exists,
            ..
        } => {
            for name in column_names {
                if !table.drop_column(&folded(name)) && !if_exists {
                    return Err(NO_COLUMN);
                }
            }
        }
        AlterTableOperation::RenameColumn {
            old_column_name,
            new_column_name,
        } => {
            let renamed = table.rename_column(&folded(old_column_name), &folded(new_column_name));
            return renamed.then_some(()).ok_or(NO_COLUMN);
        }
        AlterTableOperation::AlterColumn { column_name, op } => {
            let column = table.column_mut(&folded(column_name)).ok_or(NO_COLUMN)?;
            match op {
                AlterColumnOperation::SetNotNull => column.not_null = true,
                AlterColumnOperation::DropNotNull => column.not_null = false,
                AlterColumnOperation::SetDataType { data_type, .. } => column.ty = create::type_ref(data_type),
                _ => {}
            }
        }
        AlterTableOperation::AddConstraint { constraint, .. } => create::add_constraint(table, constraint),
        AlterTableOperation::DropConstraint { name, .. } => table.drop_constraint(&folded(name)),
        AlterTableOperation::DropPrimaryKey { .. } => table.key = None,
        AlterTableOperation::RenameConstraint { old_name, new_name } => {
            table.rename_constraint(&folded(old_name), &folded(new_name));
        }
        _ => {}
    }
    Ok(())
}

fn alter_type(catalog: &mut Catalog, alter: &AlterType) -> Result<(), Doubt> {
    let at = Qualified::of(&alter.name);
    let ty = catalog.enum_mut(&at).ok_or(NO_TYPE)?;
    let place = |labels: &[String], label: &str| labels.iter().position(|other| other == label);
    match &alter.operation {
        AlterTypeOperation::Rename(rename) => {
            let to = Qualified::new(&at.schema, &folded(&rename.new_name));
            catalog.move_enum(&at, &to);
        }
        AlterTypeOperation::AddValue(add) => {
            if place(&ty.labels, &add.value.value).is_some() {
                return if add.if_not_exists { Ok(()) } else { Err(TWICE) };
            }
            let end = ty.labels.len();
            let position = match &add.position {
                None => end,
                Some(AlterTypeAddValuePosition::Before(other)) => place(&ty.labels, &other.value).unwrap_or(end),
                Some(AlterTypeAddValuePosition::After(other)) => {
                    place(&ty.labels, &other.value).map_or(end, |position| position + 1)
                }
            };
            ty.labels.insert(position, add.value.value.clone());
        }
        AlterTypeOperation::RenameValue(rename) => {
            for label in ty.labels.iter_mut().filter(|label| **label == rename.from.value) {
                label.clone_from(&rename.to.value);
            }
        }
    }
    Ok(())
}

fn drop_objects(catalog: &mut Catalog, object: ObjectType, names: &[ObjectName], if_exists: bool) -> Result<(), Doubt> {
    let mut outcome = Ok(());
    for name in names {
        let at = Qualified::of(name);
        let missing = match object {
            ObjectType::Table => (!catalog.drop_table(&at)).then_some(NO_TABLE),
            // A type that is no enum was never kept, so its absence says nothing.
            ObjectType::Type => {
                catalog.drop_enum(&at);
                None
            }
            ObjectType::Index => {
                catalog.drop_index(&at);
                None
            }
            ObjectType::Schema => {
                catalog.drop_schema(&at.name);
                None
            }
            _ => None,
        };
        if let (Some(missing), false) = (missing, if_exists) {
            outcome = Err(missing);
        }
    }
    outcome
}
