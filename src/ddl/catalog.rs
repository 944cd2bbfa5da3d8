//! The tables and enums that a series of statements leaves behind. It knows no SQL text and no file.

use crate::names::{DEFAULT_SCHEMA, Qualified, made_up};

/// What a database would hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<Table>,
    pub(crate) enums: Vec<EnumType>,
}

/// One table. `key` is `None` until a primary key is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) at: Qualified,
    pub(crate) columns: Vec<Column>,
    pub(crate) key: Option<Key>,
    pub(crate) indexes: Vec<Index>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: TypeRef,
    pub(crate) not_null: bool,
}

/// A column's type as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TypeRef {
    /// One of the types SQL has a word for.
    Plain(String),
    /// A name that may be an enum's. `suffix` holds modifiers and brackets: `(3)[]`.
    Named {
        schema: Option<String>,
        name: String,
        suffix: String,
    },
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

/// An index over plain columns; no other kind is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Order)>,
    pub(crate) unique: bool,
    pub(crate) method: String,
}

/// The direction of an index column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    Descending,
}

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnumType {
    pub(crate) at: Qualified,
    pub(crate) labels: Vec<String>,
}

/// The access methods that PGlite has without extensions. An index of another is left out.
pub(crate) const METHODS: [&str; 6] = ["btree", "hash", "gin", "gist", "spgist", "brin"];

impl Catalog {
    pub(crate) fn table_mut(&mut self, at: &Qualified) -> Option<&mut Table> {
        self.tables.iter_mut().find(|table| &table.at == at)
    }

    pub(crate) fn has_table(&self, at: &Qualified) -> bool {
        self.tables.iter().any(|table| &table.at == at)
    }

    /// Whether there was such a table.
    pub(crate) fn drop_table(&mut self, at: &Qualified) -> bool {
        let before = self.tables.len();
        self.tables.retain(|table| &table.at != at);
        self.tables.len() != before
    }

    /// Takes an index away wherever it stands: index names are unique in a schema.
    pub(crate) fn drop_index(&mut self, at: &Qualified) {
        for table in self.tables.iter_mut().filter(|table| table.at.schema == at.schema) {
            table.indexes.retain(|index| index.name != at.name);
        }
    }

    pub(crate) fn rename_index(&mut self, at: &Qualified, to: &str) {
        for table in self.tables.iter_mut().filter(|table| table.at.schema == at.schema) {
            for index in table.indexes.iter_mut().filter(|index| index.name == at.name) {
                to.clone_into(&mut index.name);
            }
            if let Some(key) = table.key.as_mut().filter(|key| key.name == at.name) {
                to.clone_into(&mut key.name);
            }
        }
    }

    pub(crate) fn enum_mut(&mut self, at: &Qualified) -> Option<&mut EnumType> {
        self.enums.iter_mut().find(|ty| &ty.at == at)
    }

    /// Takes an enum away, and with it its columns: only `CASCADE` drops a type that has any.
    pub(crate) fn drop_enum(&mut self, at: &Qualified) {
        for (t, c) in self.columns_of(at).into_iter().rev() {
            if let Some(table) = self.tables.get_mut(t)
                && let Some(name) = table.columns.get(c).map(|column| column.name.clone())
            {
                table.drop_column(&name);
            }
        }
        self.enums.retain(|ty| &ty.at != at);
    }

    /// The columns of an enum, as places of table and column.
    fn columns_of(&self, at: &Qualified) -> Vec<(usize, usize)> {
        let columns = |(t, table): (usize, &'_ Table)| {
            let is_of = |ty: &TypeRef| self.resolve(ty).is_some_and(|(ty, _)| &ty.at == at);
            let own = table.columns.iter().enumerate().filter(|(_, column)| is_of(&column.ty));
            own.map(|(c, _)| (t, c)).collect::<Vec<_>>()
        };
        self.tables.iter().enumerate().flat_map(columns).collect()
    }

    /// Gives an enum another name or schema; its columns follow. Whether there was such an enum.
    pub(crate) fn move_enum(&mut self, from: &Qualified, to: &Qualified) -> bool {
        let Some(position) = self.enums.iter().position(|ty| &ty.at == from) else {
            return false;
        };
        for (t, c) in self.columns_of(from) {
            let column = self.tables.get_mut(t).and_then(|table| table.columns.get_mut(c));
            if let Some(TypeRef::Named { schema, name, .. }) = column.map(|column| &mut column.ty) {
                *schema = Some(to.schema.clone());
                name.clone_from(&to.name);
            }
        }
        if let Some(ty) = self.enums.get_mut(position) {
            ty.at = to.clone();
        }
        true
    }

    pub(crate) fn drop_schema(&mut self, schema: &str) {
        self.tables.retain(|table| table.at.schema != schema);
        let enums = self.enums.iter().filter(|ty| ty.at.schema == schema);
        for at in enums.map(|ty| ty.at.clone()).collect::<Vec<_>>() {
            self.drop_enum(&at);
        }
    }

    /// The enum a type names, with what follows the name. Without a schema the default one is looked at first.
    pub(crate) fn resolve<'a>(&'a self, ty: &'a TypeRef) -> Option<(&'a EnumType, &'a str)> {
        let TypeRef::Named { schema, name, suffix } = ty else {
            return None;
        };
        let of = |wanted: &str| {
            self.enums
                .iter()
                .find(|ty| &ty.at.name == name && ty.at.schema == wanted)
        };
        let found = match schema {
            Some(schema) => of(schema),
            None => of(DEFAULT_SCHEMA).or_else(|| self.enums.iter().find(|ty| &ty.at.name == name)),
        };
        found.map(|ty| (ty, suffix.as_str()))
    }
}

impl Table {
    pub(crate) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    /// Sets the primary key. Its columns refuse NULL from now on, even when the key is dropped later.
    pub(crate) fn set_key(&mut self, name: Option<String>, columns: Vec<String>) {
        for column in &mut self.columns {
            column.not_null |= columns.contains(&column.name);
        }
        let name = name.unwrap_or_else(|| made_up(&self.at.name, [], "pkey"));
        self.key = Some(Key { name, columns });
    }

    /// Takes a column away, and with it the key and the indexes that stand on it. Whether there was such a column.
    pub(crate) fn drop_column(&mut self, name: &str) -> bool {
        let before = self.columns.len();
        self.columns.retain(|column| column.name != name);
        self.indexes
            .retain(|index| index.columns.iter().all(|(column, _)| column != name));
        if self
            .key
            .as_ref()
            .is_some_and(|key| key.columns.iter().any(|column| column == name))
        {
            self.key = None;
        }
        self.columns.len() != before
    }

    /// Renames a column, in the key and the indexes too. Whether there was such a column.
    pub(crate) fn rename_column(&mut self, from: &str, to: &str) -> bool {
        let Some(column) = self.column_mut(from) else {
            return false;
        };
        to.clone_into(&mut column.name);
        let in_key = self.key.iter_mut().flat_map(|key| &mut key.columns);
        let in_indexes = self
            .indexes
            .iter_mut()
            .flat_map(|index| index.columns.iter_mut().map(|(name, _)| name));
        for name in in_key.chain(in_indexes).filter(|name| *name == from) {
            to.clone_into(name);
        }
        true
    }

    /// Takes a key or a unique constraint away. Any other constraint was never kept.
    pub(crate) fn drop_constraint(&mut self, name: &str) {
        if self.key.as_ref().is_some_and(|key| key.name == name) {
            self.key = None;
        }
        self.indexes.retain(|index| index.name != name);
    }

    pub(crate) fn rename_constraint(&mut self, from: &str, to: &str) {
        if let Some(key) = self.key.as_mut().filter(|key| key.name == from) {
            to.clone_into(&mut key.name);
        }
        for index in self.indexes.iter_mut().filter(|index| index.name == from) {
            to.clone_into(&mut index.name);
        }
    }

    /// Adds an index under its own name, or the one Postgres would make up.
    pub(crate) fn add_index(&mut self, index: Index) {
        self.indexes.retain(|other| other.name != index.name);
        self.indexes.push(index);
    }
}

impl Index {
    /// The index behind a unique constraint.
    pub(crate) fn unique(table: &str, name: Option<String>, columns: Vec<String>) -> Self {
        let name = name.unwrap_or_else(|| made_up(table, columns.iter().map(String::as_str), "key"));
        Self {
            name,
            columns: columns.into_iter().map(|column| (column, Order::Ascending)).collect(),
            unique: true,
            method: "btree".to_owned(),
        }
    }
}
