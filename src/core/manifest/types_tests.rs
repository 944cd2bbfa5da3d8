//! Every spelling of every type reads as one canonical form.

use super::*;

fn moods() -> Vec<EnumType> {
    ["mood", "Mood", "order status", "date"]
        .map(|name| EnumType {
            name: Name::parse(name).unwrap(),
            labels: vec!["a".into()],
        })
        .into()
}

#[test]
fn every_spelling_of_a_type_reads_as_one() {
    let table: &[(&str, &[&str])] = &[
        ("int2", &["smallint", "smallserial", "serial2", "INT2"]),
        (
            "int4",
            &[
                "int",
                "integer",
                "serial",
                "serial4",
                " INTEGER ",
                "pg_catalog.int4",
                "\"int4\"",
            ],
        ),
        ("int8", &["bigint", "bigserial", "serial8", "pg_catalog.\"int8\""]),
        ("float4", &["real", "float(1)", "float(24)"]),
        (
            "float8",
            &["double precision", "double  precision", "float", "float(25)"],
        ),
        ("numeric", &["decimal", "dec", "NUMERIC"]),
        ("numeric(10,0)", &["numeric(10)", "decimal(10)", "numeric ( 10 , 0 )"]),
        ("numeric(5,-2)", &["decimal(5, -2)"]),
        ("bool", &["boolean"]),
        ("varchar", &["character varying", "char varying"]),
        (
            "varchar(255)",
            &[
                "character varying(255)",
                "varchar (255)",
                "national character varying(255)",
            ],
        ),
        ("bpchar(1)", &["char", "character", "nchar"]),
        ("bpchar(3)", &["char(3)", "character(3)", "CHAR (3)"]),
        ("bpchar", &["\"bpchar\""]),
        ("\"char\"", &["pg_catalog.\"char\""]),
        ("bit(1)", &["bit"]),
        ("varbit(5)", &["bit varying(5)"]),
        ("varbit", &["bit varying"]),
        ("time", &["time without time zone"]),
        ("timetz", &["time with time zone"]),
        ("timetz(3)", &["time(3) with time zone"]),
        ("timestamp(3)", &["timestamp(3) without time zone", "timestamp (3)"]),
        ("timestamptz", &["timestamp with time zone"]),
        (
            "timestamptz(3)",
            &[
                "timestamp(3) with time zone",
                "timestamp (3) with time zone",
                "timestamptz(3)",
            ],
        ),
        ("timestamptz(6)", &["timestamptz(9)"]),
        ("interval", &["interval day to second", "interval year"]),
        ("interval(3)", &["interval second(3)"]),
        (
            "text[]",
            &[
                "text[][]",
                "text[3]",
                "text ARRAY",
                "text array[4]",
                "_text",
                "text []",
                "pg_catalog.text[]",
            ],
        ),
        ("int4[]", &["integer[]", "serial[]", "_int4"]),
        ("varchar(10)[]", &["character varying(10)[]"]),
        ("vector(3)", &["public.vector(3)", "\"extensions\".\"vector\"(3)"]),
        ("geometry", &["geometry(Point,4326)", "geometry(point)"]),
        ("citext", &["public.citext"]),
        ("mood", &["\"mood\"", "public.mood", "\"public\".\"mood\"", "MOOD"]),
        ("mood[]", &["\"public\".\"mood\"[]"]),
        ("Mood", &["\"Mood\"", "public.\"Mood\""]),
        ("\"order status\"", &["order status"]),
        ("\"date\"", &["public.date", "\"public\".\"date\""]),
        ("date", &["pg_catalog.date", "DATE"]),
    ];
    for (canonical, spellings) in table {
        for raw in spellings.iter().chain([canonical]) {
            let read = ColumnType::parse(raw, &moods()).unwrap();
            assert_eq!(read.canonical(), *canonical, "{raw}");
        }
    }
}

#[test]
fn the_canonical_form_reads_back() {
    for name in PLAIN.iter().chain(EXTENSION) {
        for raw in [(*name).to_owned(), format!("{name}[]"), format!("_{name}")] {
            let raw = if *name == "char" {
                raw.replace("char", "\"char\"")
            } else {
                raw
            };
            let Some(read) = ColumnType::recognise(&raw, &[]) else {
                assert_eq!(raw, "_\"char\"");
                continue;
            };
            assert_eq!(ColumnType::parse(&read.canonical(), &[]).unwrap(), read, "{raw}");
        }
    }
    for ty in moods() {
        let read = ColumnType::of_enum(ty.name, true);
        assert_eq!(ColumnType::parse(&read.canonical(), &moods()).unwrap(), read);
    }
}

#[test]
fn what_is_no_type_is_refused() {
    for raw in [
        "",
        " ",
        "int5",
        "text; DROP TABLE users",
        "varchar(x)",
        "varchar(-1)",
        "int4(3)",
        "numeric(1,2,3)",
        "(3)",
        "[]",
        "text[",
        "text)",
        "public.text",
        "feeling",
        "public.feeling",
        "timestamp with",
        "mood(3)",
        "float(99)",
        "\"\"",
        "int4 int4",
        "text[] int4",
        "a.b.c",
        "numeric(2000)",
        "timestamptz(3)(3)",
        "\"Mood",
        "regclass",
    ] {
        let error = ColumnType::parse(raw, &moods()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownType, "{raw}");
    }
}

#[test]
fn an_enum_is_written_where_it_stands_and_the_rest_plainly() {
    let schema = |_: &Name| Name::parse("my app").unwrap();
    for (raw, sql) in [
        ("mood[]", "\"my app\".\"mood\"[]"),
        ("character varying(255)", "varchar(255)"),
        ("\"char\"", "\"char\""),
        ("timestamp(3) with time zone", "timestamptz(3)"),
        ("decimal(5,2)[]", "numeric(5,2)[]"),
    ] {
        assert_eq!(ColumnType::parse(raw, &moods()).unwrap().sql(schema), sql);
    }
}
