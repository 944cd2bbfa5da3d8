//! The structure that is really there, as the database tells it.

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::json::{self, Value};
use crate::manifest::{BaseType, Column, ColumnType, EnumType, Table};
use crate::op::Rows;
use crate::record::Record;
use crate::sorted::SortedMap;
use crate::text::number;

/// The tables that are really there, of those that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Each with its fingerprint; `None` where the structure is one that no manifest could describe.
    pub tables: SortedMap<Name, Option<Fingerprint>>,
}

impl Found {
    /// Reads the rows of `Op::Inspect`: table, column, place, type, NOT NULL, place in the primary key, enum.
    ///
    /// What cannot be read is a table of an unknown structure, never an error: it will be rebuilt if it is wanted.
    #[must_use]
    pub fn from_rows(rows: &Rows) -> Self {
        let mut sketches: SortedMap<Name, Option<Sketch>> = SortedMap::new();
        for row in rows {
            let mut cells = row.iter().map(Option::as_deref);
            let Some(name) = cells.next().flatten().and_then(|raw| Name::parse(raw).ok()) else {
                continue;
            };
            let cells: Vec<_> = cells.collect();
            let sketch = sketches.remove(&name).unwrap_or_else(|| Some(Sketch::default()));
            let sketch = sketch.and_then(|sketch| sketch.add(&cells));
            sketches.insert(name, sketch);
        }
        let print = |(name, sketch): (Name, Option<Sketch>)| {
            let fingerprint = sketch.map(|sketch| sketch.fingerprint(&name));
            (name, fingerprint)
        };
        Self {
            tables: sketches.into_iter().map(print).collect(),
        }
    }

    /// A recorded table whose seal did not hold is as good as of an unknown structure, whatever it looks like: other code
    /// has made it anew, or emptied it, and its rows are not those of its position (T4).
    pub fn distrust(&mut self, record: Option<&Record>, is_sealed: impl Fn(&Name) -> bool) {
        let recorded = record.into_iter().flat_map(|record| record.shapes.keys());
        for table in recorded.filter(|table| !is_sealed(table)) {
            if let Some(fingerprint) = self.tables.get_mut(table) {
                *fingerprint = None;
            }
        }
    }

    /// Whether the table is there with that structure.
    #[must_use]
    pub fn has(&self, table: &Name, fingerprint: &Fingerprint) -> bool {
        self.tables
            .get(table)
            .is_some_and(|found| found.as_ref() == Some(fingerprint))
    }
}

/// A table as its rows come in.
#[derive(Debug, Default)]
struct Sketch {
    columns: Vec<(i32, Column)>,
    key: Vec<(i32, Name)>,
    enums: Vec<EnumType>,
}

/// Reads an enum as `Op::Inspect` writes it.
fn found_enum(json: &str) -> Option<EnumType> {
    let object = json::parse(json.as_bytes()).ok()?;
    let name = Name::parse(object.get("name")?.as_str()?).ok()?;
    let Some(Value::Array(labels)) = object.get("labels") else {
        return None;
    };
    let labels = labels.iter().map(|label| label.as_str().map(ToOwned::to_owned));
    Some(EnumType {
        name,
        labels: labels.collect::<Option<_>>()?,
    })
}

impl Sketch {
    /// With one row of the table's; `None` where it says something that no manifest could.
    fn add(mut self, cells: &[Option<&str>]) -> Option<Self> {
        let &[column, place, ty, not_null, key, labels] = cells else {
            return None;
        };
        let Some(column) = column else {
            return Some(self); // a table without columns
        };
        let name = Name::parse(column).ok()?;
        let place = number(place?)?;
        let raw = ty?;
        let ty = match labels {
            None => ColumnType::recognise(raw, &[])?,
            Some(json) => {
                let found = found_enum(json)?;
                let base = BaseType::Enum(found.name.clone());
                self.enums.push(found);
                let (modifiers, array) = (Vec::new(), raw.ends_with("[]"));
                ColumnType { base, modifiers, array }
            }
        };
        if let Some(key) = key {
            self.key.push((number(key)?, name.clone()));
        }
        let not_null = not_null? == "true";
        self.columns.push((place, Column { name, ty, not_null }));
        Some(self)
    }

    fn fingerprint(mut self, name: &Name) -> Fingerprint {
        self.columns.sort_unstable_by_key(|(place, _)| *place);
        self.key.sort_unstable_by_key(|(place, _)| *place);
        let table = Table {
            // Not part of the fingerprint.
            schema: name.clone(),
            name: name.clone(),
            columns: self.columns.into_iter().map(|(_, column)| column).collect(),
            primary_key: self.key.into_iter().map(|(_, name)| name).collect(),
            indexes: Vec::new(),
        };
        Fingerprint::of_columns(&table, &self.enums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [Option<&str>; 7]) -> Vec<Option<String>> {
        cells.map(|cell| cell.map(ToOwned::to_owned)).into()
    }

    #[test]
    fn a_table_that_was_made_from_a_manifest_is_recognised() {
        let json = r#"{"tables":[{"schema":"crm","name":"t","primaryKey":["b","a"],"columns":[
            {"name":"a","type":"serial"},{"name":"b","type":"varchar(9)"},{"name":"c","type":"mood[]"}]}],
            "enums":[{"name":"mood","labels":["x"]}]}"#;
        let Ok(crate::manifest::SchemasAnswer::Manifest { manifest, .. }) = crate::manifest::parse_schemas(json) else {
            panic!("no manifest");
        };
        let fingerprint = Fingerprint::of_table(&manifest.tables[0], &manifest);
        let mood = Some(r#"{"name":"mood","labels":["x"]}"#);
        let mut rows = vec![
            row([
                Some("t"),
                Some("c"),
                Some("4"),
                Some("app.mood[]"),
                Some("false"),
                None,
                mood,
            ]),
            row([
                Some("t"),
                Some("b"),
                Some("2"),
                Some("character varying(9)"),
                Some("true"),
                Some("1"),
                None,
            ]),
            row([
                Some("t"),
                Some("a"),
                Some("1"),
                Some("integer"),
                Some("true"),
                Some("2"),
                None,
            ]),
        ];
        let name = Name::parse("t").unwrap();
        assert!(Found::from_rows(&rows).has(&name, &fingerprint));
        rows[2][5] = None;
        assert!(!Found::from_rows(&rows).has(&name, &fingerprint));
    }

    #[test]
    fn what_cannot_be_read_is_there_and_unknown() {
        let rows = vec![
            row([
                Some("a"),
                Some("x"),
                Some("1"),
                Some("my_domain"),
                Some("true"),
                Some("1"),
                None,
            ]),
            row([Some("a"), Some("y"), Some("2"), Some("text"), Some("true"), None, None]),
            row([
                Some("b"),
                Some("x"),
                Some("1"),
                Some("mood"),
                Some("true"),
                None,
                Some("{}"),
            ]),
            vec![Some("c".into())],
            vec![None],
            vec![],
        ];
        let found = Found::from_rows(&rows);
        let names: Vec<_> = found.tables.keys().map(Name::as_str).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(found.tables.values().all(Option::is_none));
    }
}
