//! What Electric says of the structure of some tables, as a server's answer: for development without endpoints.
//!
//! Electric tells no index, no label of an enum, and no order of columns: they come in the order of their names, and a
//! type that this library does not know is carried as text.

use crate::error::{Error, ErrorCode, Result};
use crate::fingerprint::Fingerprint;
use crate::host::Answer;
use crate::ident::Name;
use crate::manifest::{BaseType, Column, ColumnType, Manifest, Table, to_document, typname};
use crate::version::ServerVersion;

use super::response::ResponseHead;
use super::schema::{ElectricColumn, ElectricSchema};

/// How many digits of the fingerprint are a version's name.
const DIGITS: usize = 12;

/// The answer of both endpoints, out of the head of each table's answer. Where one has none, its status is the answer's.
///
/// # Errors
///
/// `SHAPE_REJECTED` where Electric refuses a table; `SHAPE_PROTOCOL` where it tells no structure; `INVALID_NAME`.
pub fn described(heads: &[(Name, ResponseHead)]) -> Result<Answer> {
    let mut manifest = Manifest::default();
    for (name, head) in heads {
        match head.status {
            200 => manifest.tables.push(table(name, head)?),
            status @ (429 | 500..) => return Ok(answer(status, String::new())),
            status => {
                let detail = format!("Electric answered with status {status}");
                return Err(Error::new(ErrorCode::ShapeRejected, asking(name), detail));
            }
        }
    }
    manifest.tables.sort_by(|one, other| one.name.cmp(&other.name));
    let fingerprint = Fingerprint::of(&manifest);
    let version = ServerVersion {
        version: format!("electric-{}", fingerprint.0.get(..DIGITS).unwrap_or_default()),
        index: None,
        timestamp: None,
        fingerprint: Some(fingerprint),
    };
    Ok(answer(200, to_document(&version, &manifest)))
}

fn answer(status: u16, body: String) -> Answer {
    Answer {
        status,
        content_type: None,
        body,
    }
}

fn asking(table: &Name) -> String {
    format!("asking Electric for the structure of table {}", table.quoted())
}

fn table(name: &Name, head: &ResponseHead) -> Result<Table> {
    let Some(raw) = head.header("electric-schema") else {
        let detail = "the answer has no electric-schema header";
        return Err(Error::new(ErrorCode::ShapeProtocol, asking(name), detail));
    };
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for (column, said) in ElectricSchema::parse(raw)?.columns {
        let column = Name::parse(&column)?;
        key.extend(said.pk_index.map(|place| (place, column.clone())));
        columns.push(Column {
            name: column,
            ty: said.column_type(),
            not_null: said.not_null,
        });
    }
    key.sort_unstable();
    Ok(Table {
        schema: Name::parse("public")?,
        name: name.clone(),
        columns,
        primary_key: key.into_iter().map(|(_, column)| column).collect(),
        indexes: Vec::new(),
    })
}

impl ElectricColumn {
    fn column_type(&self) -> ColumnType {
        let (base, array) = self.element();
        let known = typname(base);
        ColumnType {
            base: BaseType::Builtin(known.unwrap_or("text")),
            modifiers: self.modifiers(base).unwrap_or_default(),
            array,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{SchemasAnswer, parse_schemas};
    use crate::shape::Agreement;
    use crate::version::parse_version;

    fn head(status: u16, schema: &str) -> ResponseHead {
        ResponseHead {
            status,
            headers: vec![("electric-schema".to_owned(), schema.to_owned())],
        }
    }

    fn name(raw: &str) -> Name {
        Name::parse(raw).unwrap()
    }

    const ITEMS: &str = r#"{"created_at":{"type":"timestamptz","not_null":true},"id":{"type":"int4","not_null":true,
        "pk_index":0},"mood":{"type":"mood"},"name":{"type":"varchar","max_length":20},"old":{"type":"_int4"},"price":{
        "type":"numeric","precision":10,"scale":2},"stamp":{"type":"timestamp","precision":0},"state":{"type":"bpchar"
        ,"length":2},"tags":{"type":"text","dims":1},"two":{"type":"int4","not_null":true,"pk_index":1}}"#;

    fn manifest(answer: &Answer) -> Manifest {
        match parse_schemas(&answer.body).unwrap() {
            SchemasAnswer::Manifest { manifest, .. } => manifest,
            SchemasAnswer::Sql(_) => panic!("no manifest"),
        }
    }

    #[test]
    fn what_electric_says_of_a_table_becomes_a_manifest_with_which_it_agrees() {
        let answer = described(&[(name("items"), head(200, ITEMS))]).unwrap();
        let manifest = manifest(&answer);
        let table = manifest.table(&name("items")).unwrap();
        let types: Vec<String> = table
            .columns
            .iter()
            .map(|column| format!("{} {}", column.name.as_str(), column.ty.canonical()))
            .collect();
        let wanted = "created_at timestamptz, id int4, mood text, name varchar(20), old int4[], price numeric(10,2), \
                      stamp timestamp, state bpchar(2), tags text[], two int4";
        assert_eq!(types.join(", "), wanted);
        assert_eq!(table.primary_key, [name("id"), name("two")]);
        let agreement = |raw: &str| ElectricSchema::parse(raw).unwrap().agreement(table);
        assert_eq!(agreement(&ITEMS.replace("\"mood\"}", "\"text\"}")), Agreement::Same);
        assert!(matches!(agreement(ITEMS), Agreement::Soft(_)));
    }

    #[test]
    fn the_version_is_another_exactly_where_the_structure_is() {
        let version = |schema: &str| {
            let answer = described(&[(name("items"), head(200, schema))]).unwrap();
            parse_version(&answer.body, None).unwrap()
        };
        let one = version(ITEMS);
        assert_eq!(one, version(&ITEMS.replace("\"max_length\":20", "\"max_length\": 20")));
        assert_ne!(one, version(&ITEMS.replace("\"max_length\":20", "\"max_length\":21")));
        assert!(one.version.starts_with("electric-") && one.version.len() == "electric-".len() + DIGITS);
    }

    #[test]
    fn what_is_no_structure_is_an_error_or_a_status_to_wait_for() {
        let code = |head: ResponseHead| described(&[(name("items"), head)]).map_err(|error| error.code());
        assert_eq!(code(head(400, "{}")).unwrap_err(), ErrorCode::ShapeRejected);
        assert_eq!(code(head(200, "[]")).unwrap_err(), ErrorCode::ShapeProtocol);
        let bare = ResponseHead {
            status: 200,
            headers: Vec::new(),
        };
        assert_eq!(code(bare).unwrap_err(), ErrorCode::ShapeProtocol);
        assert_eq!(code(head(503, ITEMS)).unwrap().status, 503);
        let keyless = described(&[(name("items"), head(200, r#"{"id":{"type":"int4"}}"#))]).unwrap();
        let refused = parse_schemas(&keyless.body).map_err(|error| error.code());
        assert_eq!(refused.unwrap_err(), ErrorCode::MissingPrimaryKey);
    }
}
