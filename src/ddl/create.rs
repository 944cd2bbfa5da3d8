//! From sqlparser's `CREATE TABLE` and `CREATE INDEX` to a table and an index. Defaults, checks, foreign keys,
//! identity and collations are read and left out: rows come from the server, whole.

use sqlparser::ast::{
    ArrayElemTypeDef, ColumnDef, ColumnOption, CreateIndex, CreateTable, DataType, Expr, IndexColumn, IndexType,
    OrderBySort, TableConstraint,
};

use crate::catalog::{Column, Index, METHODS, Order, Table, TypeRef};
use crate::names::{Qualified, folded, made_up, parts};

/// Why a `CREATE TABLE` does not say by itself which columns the table has, in words of SQL.
pub(crate) fn derived(create: &CreateTable) -> Option<&'static str> {
    if create.query.is_some() {
        Some("CREATE TABLE AS")
    } else if create.like.is_some() || create.clone.is_some() {
        Some("CREATE TABLE LIKE")
    } else if create.inherits.is_some() {
        Some("CREATE TABLE INHERITS")
    } else if create.partition_of.is_some() {
        Some("CREATE TABLE PARTITION OF")
    } else if create.temporary {
        Some("CREATE TEMPORARY TABLE")
    } else {
        None
    }
}

/// The table that a `CREATE TABLE` makes.
pub(crate) fn table(create: &CreateTable) -> Table {
    let mut table = Table {
        at: Qualified::of(&create.name),
        columns: Vec::new(),
        key: None,
        indexes: Vec::new(),
    };
    for definition in &create.columns {
        add_column(&mut table, definition);
    }
    for constraint in &create.constraints {
        add_constraint(&mut table, constraint);
    }
    table
}

/// Adds a column with the key and the unique index that may stand beside it.
pub(crate) fn add_column(table: &mut Table, definition: &ColumnDef) {
    let name = folded(&definition.name);
    let (ty, serial) = column_type(&definition.data_type);
    table.columns.push(Column {
        name: name.clone(),
        ty,
        not_null: serial,
    });
    let mut not_null = serial;
    for option in &definition.options {
        let constraint_name = || option.name.as_ref().map(folded);
        match &option.option {
            ColumnOption::NotNull => not_null = true,
            // An identity column is NOT NULL by itself; a generated one is not, and was taken out before.
            ColumnOption::Generated { generation_expr, .. } => not_null |= generation_expr.is_none(),
            ColumnOption::PrimaryKey(_) => {
                not_null = true;
                table.set_key(constraint_name(), vec![name.clone()]);
            }
            ColumnOption::Unique(_) => {
                table.add_index(Index::unique(&table.at.name, constraint_name(), vec![name.clone()]));
            }
            _ => {}
        }
    }
    if let Some(column) = table.column_mut(&name) {
        column.not_null = not_null;
    }
}

/// Adds a primary key or a unique constraint. Any other constraint is left out.
pub(crate) fn add_constraint(table: &mut Table, constraint: &TableConstraint) {
    match constraint {
        TableConstraint::PrimaryKey(key) => {
            if let Some(columns) = plain_columns(&key.columns) {
                table.set_key(key.name.as_ref().map(folded), columns);
            }
        }
        TableConstraint::Unique(unique) => {
            if let Some(columns) = plain_columns(&unique.columns) {
                let name = unique.name.as_ref().map(folded);
                table.add_index(Index::unique(&table.at.name, name, columns));
            }
        }
        _ => {}
    }
}

/// The index that a `CREATE INDEX` makes, if a replica carries such an index: over plain columns, whole, with a
/// method that PGlite has and its own operator classes.
pub(crate) fn index(create: &CreateIndex, table: &Qualified) -> Option<Index> {
    if create.predicate.is_some() {
        return None;
    }
    let method = create.using.as_ref().map_or_else(|| "btree".to_owned(), method);
    if !METHODS.contains(&method.as_str()) || create.columns.iter().any(|column| column.operator_class.is_some()) {
        return None;
    }
    let columns = create.columns.iter().map(ordered).collect::<Option<Vec<_>>>()?;
    let name = create.name.as_ref().map_or_else(
        || made_up(&table.name, columns.iter().map(|(name, _)| name.as_str()), "idx"),
        |name| parts(name).1,
    );
    Some(Index {
        name,
        columns,
        unique: create.unique,
        method,
    })
}

fn method(using: &IndexType) -> String {
    match using {
        IndexType::BTree => "btree".to_owned(),
        IndexType::Hash => "hash".to_owned(),
        IndexType::GIN => "gin".to_owned(),
        IndexType::GiST => "gist".to_owned(),
        IndexType::SPGiST => "spgist".to_owned(),
        IndexType::BRIN => "brin".to_owned(),
        IndexType::Bloom => "bloom".to_owned(),
        IndexType::Custom(name) => folded(name),
    }
}

fn ordered(column: &IndexColumn) -> Option<(String, Order)> {
    let Expr::Identifier(name) = &column.column.expr else {
        return None;
    };
    let order = match column.column.options.sort {
        None | Some(OrderBySort::Asc) => Order::Ascending,
        Some(OrderBySort::Desc) => Order::Descending,
        Some(OrderBySort::Using(_)) => return None,
    };
    Some((folded(name), order))
}

fn plain_columns(columns: &[IndexColumn]) -> Option<Vec<String>> {
    columns
        .iter()
        .map(|column| ordered(column).map(|(name, _)| name))
        .collect()
}

/// The type, and whether it is one of the serial ones, which are NOT NULL by themselves.
fn column_type(ty: &DataType) -> (TypeRef, bool) {
    let ty = type_ref(ty);
    let serial = match &ty {
        TypeRef::Named {
            schema: None,
            name,
            suffix,
        } if suffix.is_empty() => integer_of(name),
        _ => None,
    };
    match serial {
        Some(integer) => (TypeRef::Plain(integer.to_owned()), true),
        None => (ty, false),
    }
}

fn integer_of(name: &str) -> Option<&'static str> {
    match name {
        "smallserial" | "serial2" => Some("smallint"),
        "serial" | "serial4" => Some("integer"),
        "bigserial" | "serial8" => Some("bigint"),
        _ => None,
    }
}

/// A type as it was written, without its array's dimensions: Postgres does not tell them apart.
pub(crate) fn type_ref(ty: &DataType) -> TypeRef {
    match ty {
        DataType::Custom(name, modifiers) => {
            let (schema, name) = parts(name);
            let suffix = if modifiers.is_empty() {
                String::new()
            } else {
                format!("({})", modifiers.join(","))
            };
            TypeRef::Named { schema, name, suffix }
        }
        DataType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::Qualified(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => type_ref(element).array(),
        plain => TypeRef::Plain(plain.to_string().to_lowercase()),
    }
}

impl TypeRef {
    /// The array of it.
    fn array(mut self) -> Self {
        let (Self::Plain(text) | Self::Named { suffix: text, .. }) = &mut self;
        if !text.ends_with("[]") {
            text.push_str("[]");
        }
        self
    }
}
