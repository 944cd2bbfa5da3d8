//! The manifest as it was stored: exactly what `document` writes, and was checked before it was written. Every page
//! reads it, so that this takes as little code as can be; whatever is not as it was written makes no manifest.

use crate::fingerprint::Fingerprint;
use crate::ident::Name;
use crate::json::{self, Value};
use crate::text::number;

use super::types::typname;
use super::{BaseType, Column, ColumnType, EnumType, Index, IndexColumn, IndexMethod, Manifest, SortOrder, Table};

/// Reads what [`super::to_document`] wrote: the manifest, and its fingerprint, which no page computes anew. `None` for
/// anything else.
pub(crate) fn read_stored(document: &str) -> Option<(Manifest, Fingerprint)> {
    let document = json::parse(document.as_bytes()).ok()?;
    let enums = each(&document, "enums", &[], enum_type)?;
    let tables = each(&document, "tables", &enums, table)?;
    let fingerprint = Fingerprint::parse(document.get("fingerprint")?.as_str()?)?;
    Some((Manifest { tables, enums }, fingerprint))
}

/// Reads one thing, where these are the enum types.
type Read<T> = fn(&Value, &[EnumType]) -> Option<T>;

fn each<T>(value: &Value, key: &str, enums: &[EnumType], read: Read<T>) -> Option<Vec<T>> {
    let Value::Array(items) = value.get(key)? else {
        return None;
    };
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        all.push(read(item, enums)?);
    }
    Some(all)
}

fn named(value: &Value) -> Option<Name> {
    name(value.get("name")?, &[])
}

fn name(value: &Value, _: &[EnumType]) -> Option<Name> {
    Name::parse(value.as_str()?).ok()
}

fn flag(value: &Value, key: &str) -> bool {
    matches!(value.get(key), Some(Value::Bool(true)))
}

fn enum_type(value: &Value, _: &[EnumType]) -> Option<EnumType> {
    Some(EnumType {
        name: named(value)?,
        labels: each(value, "labels", &[], |label, _| label.as_str().map(ToOwned::to_owned))?,
    })
}

fn table(value: &Value, enums: &[EnumType]) -> Option<Table> {
    Some(Table {
        schema: name(value.get("schema")?, enums)?,
        name: named(value)?,
        columns: each(value, "columns", enums, column)?,
        primary_key: each(value, "primaryKey", enums, name)?,
        indexes: each(value, "indexes", enums, index)?,
    })
}

fn column(value: &Value, enums: &[EnumType]) -> Option<Column> {
    Some(Column {
        name: named(value)?,
        ty: column_type(value.get("type")?.as_str()?, enums)?,
        not_null: flag(value, "notNull"),
    })
}

fn index(value: &Value, _: &[EnumType]) -> Option<Index> {
    Some(Index {
        name: named(value)?,
        columns: each(value, "columns", &[], index_column)?,
        unique: flag(value, "unique"),
        method: IndexMethod::parse(value.get("method")?.as_str()?)?,
    })
}

fn index_column(value: &Value, _: &[EnumType]) -> Option<IndexColumn> {
    Some(match value {
        Value::Object(_) => IndexColumn {
            name: named(value)?,
            order: SortOrder::Descending,
        },
        _ => IndexColumn {
            name: name(value, &[])?,
            order: SortOrder::Ascending,
        },
    })
}

/// The canonical spelling: `int4`, `numeric(10,2)[]`, `"char"`, `mood`, `"an odd enum"`.
fn column_type(text: &str, enums: &[EnumType]) -> Option<ColumnType> {
    let (text, array) = match text.strip_suffix("[]") {
        Some(element) => (element, true),
        None => (text, false),
    };
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let (base, limits) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((base, limits)) if quoted.is_none() => (base, limits),
        _ => (text, ""),
    };
    let mut modifiers = Vec::new();
    for limit in limits.split(',').filter(|limit| !limit.is_empty()) {
        modifiers.push(number(limit)?);
    }
    let written = |ty: &&EnumType| match quoted {
        Some(_) => ty.name.quoted() == text,
        None => ty.name.as_str() == text,
    };
    let base = match (quoted, enums.iter().find(written)) {
        (Some(_), Some(ty)) => BaseType::Enum(ty.name.clone()),
        (Some("char"), None) => BaseType::Builtin("char"),
        (Some(_), None) => return None,
        (None, found) => match (typname(base), found) {
            (Some(name), _) => BaseType::Builtin(name),
            (None, Some(ty)) => BaseType::Enum(ty.name.clone()),
            (None, None) => return None,
        },
    };
    Some(ColumnType { base, modifiers, array })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{PLAIN, SchemasAnswer, parse_schemas, to_document};
    use crate::version::ServerVersion;

    fn stored(manifest: &Manifest) -> String {
        let version = ServerVersion {
            version: "0001_x".into(),
            index: None,
            timestamp: None,
            fingerprint: Some(Fingerprint::of(manifest)),
        };
        to_document(&version, manifest)
    }

    fn assert_reads_back(manifest: Manifest) {
        let fingerprint = Fingerprint::of(&manifest);
        assert_eq!(read_stored(&stored(&manifest)), Some((manifest, fingerprint)));
    }

    fn parsed(json: &str) -> Manifest {
        match parse_schemas(json) {
            Ok(SchemasAnswer::Manifest { manifest, .. }) => manifest,
            other => panic!("no manifest: {other:?}"),
        }
    }

    #[test]
    fn every_manifest_reads_back_as_the_one_that_was_stored() {
        let enums = r#""enums":[{"name":"mood","labels":["it's","\"ok\""]},{"name":"int4","labels":[]},
            {"name":"char","labels":["c"]},{"name":"Odd (3)[]","labels":["1"]}]"#;
        let odd =
            r#"["mood","mood[]","\"int4\"","\"char\"[]","\"Odd (3)[]\"","varchar(9)[]","numeric(10,-2)","_text"]"#;
        let serde_json::Value::Array(odd) = serde_json::from_str(odd).unwrap() else {
            panic!("no list")
        };
        let plain = PLAIN.iter().map(|name| if *name == "char" { "\"char\"" } else { name });
        for (enums, types) in [
            (enums, odd),
            (r#""enums":[]"#, plain.map(serde_json::Value::from).collect()),
        ] {
            let column = |(at, ty): (usize, &serde_json::Value)| {
                format!(r#"{{"name":"c {at}","type":{ty},"notNull":{}}}"#, at % 2 == 0)
            };
            let columns: Vec<String> = types.iter().enumerate().map(column).collect();
            let json = format!(
                r#"{{"tables":[{{"schema":"s x","name":"t","columns":[{}],"primaryKey":["c 1","c 0"],"indexes":[
                    {{"name":"i","columns":["c 0",{{"name":"c 1","order":"desc"}}],"unique":true,"method":"gin"}}]}}],{enums}}}"#,
                columns.join(",")
            );
            let manifest = parsed(&json);
            assert_reads_back(manifest);
        }
        assert_reads_back(Manifest::default());
    }

    #[test]
    fn what_was_not_stored_by_this_library_is_no_manifest() {
        let json = r#"{"tables":[{"name":"t","columns":[{"name":"c","type":"mood"}],"primaryKey":["c"],
            "indexes":[{"name":"i","columns":["c"]}]}],"enums":[{"name":"mood","labels":["x"]}]}"#;
        let whole = stored(&parsed(json));
        assert!(read_stored(&whole).is_some());
        for (text, other) in [
            ("\"mood\"", "\"moods\""),
            ("\"tables\"", "\"table\""),
            ("\"fingerprint\":\"", "\"fingerprint\":\"0"),
            ("\"public\"", "7"),
            ("\"c\"", "\"\""),
            ("\"btree\"", "\"rum\""),
            ("[\"x\"]", "[1]"),
            ("}", ""),
        ] {
            assert!(whole.contains(text), "{text}");
            assert_eq!(read_stored(&whole.replacen(text, other, 1)), None, "{text}");
        }
    }
}
