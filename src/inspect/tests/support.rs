//! A replica made up, and a host that answers an inspection from it.

use electric_replica_core::fingerprint::Fingerprint;
use electric_replica_core::manifest::{Manifest, SchemasAnswer, Table, parse_schemas, to_document};
use electric_replica_core::shape::ShapeDefinition;
use electric_replica_core::version::ServerVersion;
use serde_json::{Value, json};

use crate::{Step, next};

/// A manifest of these tables, in the wire form, over the enum type `mood`.
pub(crate) fn manifest(tables: &[Value]) -> Manifest {
    manifest_with(tables, &json!([{ "name": "mood", "labels": ["ok", "it's bad"] }]))
}

pub(crate) fn manifest_with(tables: &[Value], enums: &Value) -> Manifest {
    // What is recorded is narrowed to what is carried, and no table carries what it does not use.
    let is_used = |ty: &&Value| {
        let name = ty["name"].as_str().unwrap();
        json!(tables).to_string().contains(&format!(r#""type":"{name}""#))
    };
    let enums: Vec<&Value> = enums.as_array().unwrap().iter().filter(is_used).collect();
    let document = json!({ "tables": tables, "enums": enums }).to_string();
    match parse_schemas(&document) {
        Ok(SchemasAnswer::Manifest { manifest, .. }) => manifest,
        other => panic!("no manifest: {other:?}"),
    }
}

/// A table with the key `id`, and columns as `name type`.
pub(crate) fn table(name: &str, columns: &[&str]) -> Value {
    let column = |spec: &&str| {
        let (name, ty) = spec.rsplit_once(' ').unwrap();
        json!({ "name": name, "type": ty })
    };
    let id = json!({ "name": "id", "type": "int4", "notNull": true });
    let columns: Vec<Value> = std::iter::once(id).chain(columns.iter().map(column)).collect();
    json!({ "name": name, "primaryKey": ["id"], "columns": columns })
}

/// What a page and its server are made of.
pub(crate) struct World {
    pub(crate) options: Value,
    /// The recorded version and tables.
    pub(crate) record: Option<(&'static str, Manifest)>,
    pub(crate) held: Option<&'static str>,
    /// The tables that are there.
    pub(crate) there: Manifest,
    /// Those whose seal does not hold.
    pub(crate) altered: Vec<&'static str>,
    /// The server's version and tables; nothing where it does not answer.
    pub(crate) server: Option<(&'static str, Manifest)>,
    /// The server's answer in place of that.
    pub(crate) schemas: Option<Value>,
}

impl World {
    /// A replica that is as the server is.
    pub(crate) fn whole(tables: &[Value]) -> Self {
        let manifest = manifest(tables);
        Self {
            options: json!({ "schema": "public", "versionUrl": "/version", "schemasUrl": "/schemas", "shapeUrl": "/shape",
                "strategy": "swap", "scope": "changed", "schemaSource": "endpoints", "remedy": "tell" }),
            record: Some(("0001_a", manifest.clone())),
            held: None,
            there: manifest.clone(),
            altered: Vec::new(),
            server: Some(("0001_a", manifest)),
            schemas: None,
        }
    }

    /// The same, and a server that has gone on.
    pub(crate) fn behind(tables: &[Value], server: &[Value]) -> Self {
        Self {
            server: Some(("0002_b", manifest(server))),
            ..Self::whole(tables)
        }
    }

    /// Answers an inspection to its end.
    pub(crate) fn inspected(&self) -> Value {
        self.steps().1
    }

    /// The steps' names, and what was found.
    pub(crate) fn steps(&self) -> (Vec<String>, Value) {
        let mut answers: Vec<Value> = Vec::new();
        let mut done = Vec::new();
        loop {
            assert!(done.len() < 20, "it never ends: {done:?}");
            let step = next(&self.options.to_string(), &json!(answers).to_string(), 7);
            let told = serde_json::to_value(&step).unwrap();
            done.push(told["do"].as_str().unwrap().to_owned());
            match step {
                Step::Tell { .. } => return (done, told["inspection"].clone()),
                Step::Fail(_) => return (done, told),
                _ => answers.push(self.answer(&told)),
            }
        }
    }

    fn answer(&self, step: &Value) -> Value {
        let unreachable = json!({ "code": "SERVER_UNREACHABLE", "message": "nobody answered" });
        match (step["do"].as_str().unwrap(), &self.server) {
            ("transact", _) => Value::String(self.transacted(step["work"].as_str().unwrap())),
            (_, None) => unreachable,
            ("ask", Some((version, manifest))) if step["url"] == "/version" => {
                let print = Fingerprint::of(manifest).0;
                Value::String(
                    json!([
                        "200",
                        "application/json",
                        json!({ "version": version, "fingerprint": print }).to_string()
                    ])
                    .to_string(),
                )
            }
            ("ask", Some((version, manifest))) => {
                let document = self
                    .schemas
                    .as_ref()
                    .map_or_else(|| document(version, manifest), Value::to_string);
                Value::String(json!(["200", "application/json", document]).to_string())
            }
            ("translate", Some((version, manifest))) => Value::String(document(version, manifest)),
            (other, _) => panic!("nobody answers {other}"),
        }
    }

    /// What each operation answers, told by what it says it does.
    fn transacted(&self, work: &str) -> String {
        let work: Vec<Value> = serde_json::from_str(work).unwrap();
        let parts = work.iter().skip(3).map(|part| part.as_array().unwrap());
        let ops = parts.flat_map(|part| part.iter().skip(1));
        let answers = ops.map(|op| {
            let sql = op[1].as_str().unwrap();
            match sql {
                "" => json!([]),
                sql if sql.starts_with("SELECT to_regclass") => json!([[self.record.as_ref().map(|_| "there")]]),
                sql if sql.contains("r.manifest") => self.record_rows(),
                sql if sql.contains("format_type") => self.structure(),
                sql if sql.contains("pg_total_relation_size") => json!([["users", "8192"], [null, null]]),
                sql if sql.contains("s.seal IN") => {
                    assert!(self.record.is_some(), "it asks a table that is not there");
                    self.sealed()
                }
                sql if sql.contains("shape_offset FROM") => json!([["users", "3", "2", "h", "0_0"]]),
                sql if sql.starts_with("SELECT count(*)::text") => json!([["5"]]),
                other => panic!("nobody answers {other}"),
            }
        });
        answers.collect::<Value>().to_string()
    }

    fn record_rows(&self) -> Value {
        let Some((version, manifest)) = &self.record else {
            return json!([]);
        };
        let row = |(at, table): (usize, &Table)| {
            let manifest_cell = (at == 0).then(|| document(version, manifest));
            let print = Fingerprint::of_table(table, manifest).0;
            let name = table.name.as_str();
            json!([
                "whole",
                version,
                null,
                null,
                Fingerprint::of(manifest).0,
                manifest_cell,
                "4",
                name,
                print,
                ShapeDefinition::whole(table).key(),
                "9-1",
                "7_2",
                "7",
                "{}",
                "all",
                self.held,
                null,
                "3"
            ])
        };
        manifest.tables.iter().enumerate().map(row).collect()
    }

    fn structure(&self) -> Value {
        let mut rows = Vec::new();
        for table in &self.there.tables {
            for (at, column) in table.columns.iter().enumerate() {
                let key = table
                    .primary_key
                    .iter()
                    .position(|name| *name == column.name)
                    .map(|at| (at + 1).to_string());
                let labels = column.ty.enum_name().and_then(|name| self.there.enum_type(name));
                let labels = labels.map(|ty| json!({ "name": ty.name.as_str(), "labels": ty.labels }).to_string());
                let not_null = (column.not_null || key.is_some()).to_string();
                rows.push(json!([
                    table.name.as_str(),
                    column.name.as_str(),
                    (at + 1).to_string(),
                    column.ty.canonical(),
                    not_null,
                    key,
                    labels
                ]));
            }
        }
        Value::Array(rows)
    }

    fn sealed(&self) -> Value {
        let names = self.there.tables.iter().map(|table| table.name.as_str());
        names
            .filter(|name| !self.altered.contains(name))
            .map(|name| json!([name]))
            .collect()
    }
}

fn document(version: &str, manifest: &Manifest) -> String {
    let version = ServerVersion {
        version: version.to_owned(),
        index: None,
        timestamp: None,
        fingerprint: Some(Fingerprint::of(manifest)),
    };
    to_document(&version, manifest)
}
