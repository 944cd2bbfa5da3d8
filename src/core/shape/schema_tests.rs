//! Electric's structure against the manifest's: what is the same, what may be waited out, what never fits.

use super::*;
use crate::manifest::ColumnType;

fn name(raw: &str) -> Name {
    Name::parse(raw).unwrap()
}

fn column(raw: &str, base: &'static str, modifiers: &[i32]) -> Column {
    Column {
        name: name(raw),
        ty: ColumnType {
            base: BaseType::Builtin(base),
            modifiers: modifiers.to_vec(),
            array: false,
        },
        not_null: false,
    }
}

fn array(mut column: Column) -> Column {
    column.ty.array = true;
    column
}

fn enumerated(mut column: Column, ty: &str) -> Column {
    column.ty.base = BaseType::Enum(name(ty));
    column
}

/// A table of a key and one more column.
fn table(column_: Column) -> Table {
    let mut id = column("id", "int4", &[]);
    id.not_null = true;
    Table {
        schema: name("public"),
        name: name("t"),
        columns: vec![id, column_],
        primary_key: vec![name("id")],
        indexes: Vec::new(),
    }
}

/// The header of the same table, with `more` for the second column.
fn header(more: &str) -> ElectricSchema {
    let raw = format!("{{\"id\":{{\"type\":\"int4\",\"not_null\":true,\"pk_index\":0}},{more}}}");
    ElectricSchema::parse(&raw).unwrap()
}

#[test]
fn a_recorded_header_agrees_with_the_table_it_was_recorded_from() {
    let raw = r#"{"created_at":{"type":"timestamptz","not_null":true},"id":{"type":"int4","not_null":true,"pk_index":0},"name":{"type":"text","not_null":true},"price":{"type":"numeric","precision":10,"scale":2},"qty":{"type":"int4","not_null":true}}"#;
    let schema = ElectricSchema::parse(raw).unwrap();
    let mut items = table(column("name", "text", &[]));
    items.columns.extend([
        column("qty", "int4", &[]),
        column("price", "numeric", &[10, 2]),
        column("created_at", "timestamptz", &[]),
    ]);
    for column in &mut items.columns {
        column.not_null = column.name.as_str() != "price";
    }
    assert_eq!(schema.agreement(&items), Agreement::Same);
}

#[test]
fn every_way_electric_spells_a_type_is_the_manifests_type() {
    let same = [
        (
            r#""c":{"type":"varchar","max_length":255}"#,
            column("c", "varchar", &[255]),
        ),
        (
            r#""c":{"type":"varchar","max_length":"255"}"#,
            column("c", "varchar", &[255]),
        ),
        (r#""c":{"type":"varchar"}"#, column("c", "varchar", &[])),
        (r#""c":{"type":"bpchar","length":4}"#, column("c", "bpchar", &[4])),
        (r#""c":{"type":"bpchar","length":1}"#, column("c", "bpchar", &[])),
        (r#""c":{"type":"bit","length":1}"#, column("c", "bit", &[])),
        (r#""c":{"type":"varbit","length":-1}"#, column("c", "varbit", &[])),
        (r#""c":{"type":"varbit","length":9}"#, column("c", "varbit", &[9])),
        (r#""c":{"type":"numeric"}"#, column("c", "numeric", &[])),
        (
            r#""c":{"type":"numeric","precision":10,"scale":0}"#,
            column("c", "numeric", &[10]),
        ),
        (
            r#""c":{"type":"numeric","precision":3,"scale":2046}"#,
            column("c", "numeric", &[3, -2]),
        ),
        (
            r#""c":{"type":"timestamptz","precision":3}"#,
            column("c", "timestamptz", &[3]),
        ),
        (r#""c":{"type":"timestamptz"}"#, column("c", "timestamptz", &[0])),
        (
            r#""c":{"type":"interval","fields":"DAY TO SECOND"}"#,
            column("c", "interval", &[]),
        ),
        (r#""c":{"type":"text","dims":1}"#, array(column("c", "text", &[]))),
        (r#""c":{"type":"text","dims":2}"#, array(column("c", "text", &[]))),
        (r#""c":{"type":"_text"}"#, array(column("c", "text", &[]))),
        (
            r#""c":{"type":"varchar","dims":1,"max_length":9}"#,
            array(column("c", "varchar", &[9])),
        ),
        (r#""c":{"type":"char"}"#, column("c", "char", &[])),
        (r#""c":{"type":"vector"}"#, column("c", "vector", &[3])),
        (r#""c":{"type":"_mood"}"#, enumerated(column("c", "text", &[]), "_mood")),
        (
            r#""c":{"type":"_mood"}"#,
            array(enumerated(column("c", "text", &[]), "mood")),
        ),
        (r#""c":{"type":"mood"}"#, enumerated(column("c", "text", &[]), "mood")),
    ];
    for (more, wanted) in same {
        assert_eq!(header(more).agreement(&table(wanted)), Agreement::Same, "{more}");
    }
}

#[test]
fn limits_nullability_keys_and_unknown_types_differ_softly() {
    let soft = [
        (
            r#""c":{"type":"varchar","max_length":100}"#,
            column("c", "varchar", &[255]),
        ),
        (r#""c":{"type":"varchar"}"#, column("c", "varchar", &[255])),
        (
            r#""c":{"type":"numeric","precision":10,"scale":2}"#,
            column("c", "numeric", &[10, 3]),
        ),
        (r#""c":{"type":"text","not_null":true}"#, column("c", "text", &[])),
        (r#""c":{"type":"text","pk_index":1}"#, column("c", "text", &[])),
        (r#""c":{"type":"temper"}"#, enumerated(column("c", "text", &[]), "mood")),
        (r#""c":{"type":"text"}"#, enumerated(column("c", "text", &[]), "mood")),
        (r#""c":{"type":"a_domain"}"#, column("c", "text", &[])),
    ];
    for (more, wanted) in soft {
        assert!(
            matches!(header(more).agreement(&table(wanted)), Agreement::Soft(_)),
            "{more}"
        );
    }
}

#[test]
fn another_type_or_column_differs_hard_and_is_named() {
    let hard = [
        (r#""c":{"type":"int4"}"#, column("c", "int8", &[])),
        (r#""c":{"type":"text","dims":1}"#, column("c", "text", &[])),
        (r#""c":{"type":"text"}"#, array(column("c", "text", &[]))),
        (r#""d":{"type":"text"}"#, column("c", "text", &[])),
        (r#""c":{"type":"text"},"d":{"type":"text"}"#, column("c", "text", &[])),
    ];
    for (more, wanted) in hard {
        match header(more).agreement(&table(wanted)) {
            Agreement::Hard(why) => assert!(why.contains("\"c\"") || why.contains("\"d\""), "{why}"),
            other => panic!("{more}: {other:?}"),
        }
    }
}

#[test]
fn a_key_in_another_order_differs_softly() {
    let mut wanted = table(column("c", "text", &[]));
    let both = header(r#""c":{"type":"text","pk_index":1}"#);
    wanted.primary_key = vec![name("id"), name("c")];
    assert_eq!(both.agreement(&wanted), Agreement::Same);
    wanted.primary_key.reverse();
    assert!(matches!(both.agreement(&wanted), Agreement::Soft(_)));
}

#[test]
fn a_long_list_of_differences_is_cut() {
    let more: Vec<String> = (0..50).map(|n| format!("\"c{n}\":{{\"type\":\"text\"}}")).collect();
    let Agreement::Hard(why) = header(&more.join(",")).agreement(&table(column("c", "text", &[]))) else {
        panic!("fifty columns more are no small matter");
    };
    assert!(why.ends_with("and 46 more"), "{why}");
}

#[test]
fn a_header_that_is_no_schema_is_refused() {
    for raw in [
        "",
        "null",
        "[]",
        "{}",
        "{\"id\":1}",
        "{\"id\":{}}",
        "{\"id\":{\"type\":4}}",
        "{\"id\":",
    ] {
        assert_eq!(
            ElectricSchema::parse(raw).unwrap_err().code(),
            ErrorCode::ShapeProtocol,
            "{raw:?}"
        );
    }
}
