use super::*;
use crate::manifest::{BaseType, ColumnType};
use crate::shape::Lsn;

fn table(columns: &[&str], key: &[&str]) -> Table {
    let names = |raw: &[&str]| -> Vec<Name> { raw.iter().map(|name| Name::parse(name).unwrap()).collect() };
    let column = |name| Column {
        name,
        ty: ColumnType {
            base: BaseType::Builtin("int4"),
            modifiers: vec![],
            array: false,
        },
        not_null: false,
    };
    Table {
        schema: Name::parse("public").unwrap(),
        name: Name::parse("items").unwrap(),
        columns: names(columns).into_iter().map(column).collect(),
        primary_key: names(key),
        indexes: vec![],
    }
}

fn items() -> Table {
    table(&["name", "Id", "part", "qty"], &["part", "Id"])
}

fn change(operation: Operation, values: &[(&str, Option<&str>)]) -> Change {
    let owned = |&(name, value): &(&str, Option<&str>)| (name.to_owned(), value.map(str::to_owned));
    Change {
        operation,
        values: values.iter().map(owned).collect(),
        lsn: Some(Lsn(1)),
        op: 0,
    }
}

type Row<'a> = [(&'a str, Option<&'a str>)];

fn all(table: &Table, changes: &[(Operation, &Row<'_>)]) -> Result<Vec<Statement>> {
    let changes: Vec<Change> = changes.iter().map(|(operation, row)| change(*operation, row)).collect();
    statements("\"s\".\"items\"", "met", table, &changes, |column| {
        format!("t_{}", column.name)
    })
}

fn on(table: &Table, operation: Operation, values: &Row<'_>) -> Result<Statement> {
    let [statement] = all(table, &[(operation, values)])?.try_into().unwrap();
    Ok(statement)
}

/// What each of an array's places holds: read as Postgres does, by nothing that wrote it.
fn read(array: &str) -> Vec<Option<String>> {
    let mut chars = array
        .strip_prefix('{')
        .unwrap()
        .strip_suffix('}')
        .unwrap()
        .chars()
        .peekable();
    let mut values = Vec::new();
    while let Some(first) = chars.next() {
        let mut value = String::new();
        if first == '"' {
            while let Some(next) = chars.next().filter(|next| *next != '"') {
                value.push(if next == '\\' { chars.next().unwrap() } else { next });
            }
            values.push(Some(value));
        } else {
            let word: String = std::iter::once(first)
                .chain(std::iter::from_fn(|| chars.next_if(|next| *next != ',')))
                .collect();
            assert_eq!(word, "NULL");
            values.push(None);
        }
        assert!(matches!(chars.next(), None | Some(',')));
    }
    values
}

/// The SQL of a statement with `$1`, `$2`, … in place of its literals, and the literals: read as Postgres does, by nothing that
/// wrote them.
fn parted(statement: &Statement) -> (String, Vec<String>) {
    let (mut sql, mut literals) = (String::new(), Vec::new());
    let mut chars = statement.sql.chars().peekable();
    while let Some(next) = chars.next() {
        if next != '\'' {
            sql.push(next);
            continue;
        }
        let escapes = sql.ends_with('E');
        if escapes {
            sql.pop();
        }
        let mut literal = String::new();
        while let Some(next) = chars.next() {
            match next {
                '\'' if chars.next_if_eq(&'\'').is_none() => break,
                '\\' if escapes => literal.extend(chars.next()),
                other => literal.push(other),
            }
        }
        literals.push(literal);
        sql.push('$');
        sql.push_str(&literals.len().to_string());
    }
    (sql, literals)
}

/// The rows of a statement: what its arrays hold at each place.
fn rows(statement: &Statement) -> Vec<Vec<Option<String>>> {
    let columns: Vec<_> = parted(statement).1.iter().map(|array| read(array)).collect();
    let count = columns.iter().map(Vec::len).max().unwrap_or_default();
    assert!(columns.iter().all(|column| column.len() == count));
    (0..count)
        .map(|nth| columns.iter().map(|column| column[nth].clone()).collect())
        .collect()
}

/// What a statement does.
fn kind(statement: &Statement) -> &'static str {
    let kinds = ["DELETE", "UPDATE", "INSERT"];
    let begins = |kind: &&str| statement.sql.trim_start_matches("WITH met AS (").starts_with(*kind);
    kinds.into_iter().find(begins).unwrap()
}

/// How many rows a statement must meet.
fn due(statement: &Statement) -> Option<usize> {
    let (_, due) = statement
        .sql
        .split_once(" SELECT WHERE met((SELECT count(*) FROM met), ")?;
    Some(due.strip_suffix(')').unwrap().parse().unwrap())
}

fn row(expected: &[Option<&str>]) -> Vec<Option<String>> {
    expected.iter().map(|value| value.map(str::to_owned)).collect()
}

#[test]
fn inserts_carry_every_column_and_replace_rows_of_the_same_key() {
    let one = [
        ("Id", Some("1")),
        ("qty", None),
        ("part", Some("2")),
        ("name", Some("it's")),
    ];
    let two = [
        ("Id", Some("3")),
        ("qty", Some("0")),
        ("part", Some("2")),
        ("name", None),
    ];
    let [statement] = all(&items(), &[(Operation::Insert, &one), (Operation::Insert, &two)])
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(
        parted(&statement).0,
        "INSERT INTO \"s\".\"items\" (\"name\", \"Id\", \"part\", \"qty\") SELECT \
         CAST(v.c1 AS t_name), CAST(v.c2 AS t_Id), CAST(v.c3 AS t_part), CAST(v.c4 AS t_qty) \
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) v (c1, c2, c3, c4) \
         ON CONFLICT (\"part\", \"Id\") DO UPDATE SET \"name\" = EXCLUDED.\"name\", \"qty\" = EXCLUDED.\"qty\""
    );
    assert_eq!(
        rows(&statement),
        [
            row(&[Some("it's"), Some("1"), Some("2"), None]),
            row(&[None, Some("3"), Some("2"), Some("0")])
        ]
    );
}

#[test]
fn an_insert_of_nothing_but_a_key_leaves_a_row_of_the_same_key() {
    let statement = on(&table(&["a"], &["a"]), Operation::Insert, &[("a", Some("1"))]).unwrap();
    assert!(
        statement.sql.ends_with("ON CONFLICT (\"a\") DO NOTHING"),
        "{}",
        statement.sql
    );
}

#[test]
fn an_update_sets_what_it_carries_and_must_meet_its_row() {
    let row_one = [("Id", Some("1")), ("qty", None), ("part", Some("2"))];
    let statement = on(&items(), Operation::Update, &row_one).unwrap();
    assert_eq!(
        parted(&statement).0,
        "WITH met AS (UPDATE \"s\".\"items\" t SET \"qty\" = CAST(v.c3 AS t_qty) \
         FROM unnest($1::text[], $2::text[], $3::text[]) v (c1, c2, c3) \
         WHERE t.\"Id\" = CAST(v.c1 AS t_Id) AND t.\"part\" = CAST(v.c2 AS t_part) RETURNING 1) \
         SELECT WHERE met((SELECT count(*) FROM met), 1)"
    );
    assert_eq!(rows(&statement), [row(&[Some("1"), Some("2"), None])]);
}

#[test]
fn an_update_of_nothing_must_meet_its_row_all_the_same() {
    let statement = on(&items(), Operation::Update, &[("Id", Some("1")), ("part", Some("2"))]).unwrap();
    assert!(
        statement.sql.contains(" SET \"part\" = t.\"part\" FROM "),
        "{}",
        statement.sql
    );
    assert_eq!(rows(&statement), [row(&[Some("1"), Some("2")])]);
    assert_eq!(due(&statement), Some(1));
}

#[test]
fn a_delete_goes_by_the_key_alone_and_may_meet_no_row() {
    let gone = [("name", Some("x")), ("Id", Some("1")), ("part", Some("2"))];
    let statement = on(&items(), Operation::Delete, &gone).unwrap();
    assert_eq!(
        parted(&statement).0,
        "DELETE FROM \"s\".\"items\" t USING unnest($1::text[], $2::text[]) v (c1, c2) \
         WHERE t.\"Id\" = CAST(v.c1 AS t_Id) AND t.\"part\" = CAST(v.c2 AS t_part)"
    );
    assert_eq!(rows(&statement), [row(&[Some("1"), Some("2")])]);
}

/// Rows that go make way for those that come; what is of one kind is together, however it was mixed.
#[test]
fn changes_of_one_kind_share_a_statement_and_deletes_come_first() {
    use Operation::{Delete, Insert, Update};
    let table = table(&["id", "a", "b"], &["id"]);
    let changes: [(Operation, &Row<'_>); 7] = [
        (Insert, &[("id", Some("1")), ("a", Some("x")), ("b", None)]),
        (Update, &[("id", Some("2")), ("a", Some("y"))]),
        (Delete, &[("id", Some("3"))]),
        (Update, &[("id", Some("4")), ("b", Some("y"))]),
        (Delete, &[("id", Some("5")), ("a", Some("old"))]),
        (Update, &[("a", None), ("id", Some("6"))]),
        (Insert, &[("id", Some("7")), ("a", None), ("b", Some("z"))]),
    ];
    let statements = all(&table, &changes).unwrap();
    let kinds: Vec<_> = statements
        .iter()
        .map(|one| (kind(one), rows(one).len(), due(one)))
        .collect();
    assert_eq!(
        kinds,
        [
            ("DELETE", 2, None),
            ("UPDATE", 1, Some(1)),
            ("UPDATE", 2, Some(2)),
            ("INSERT", 2, None)
        ]
    );
}

#[test]
fn only_what_is_left_of_a_rows_changes_is_done() {
    use Operation::{Delete, Insert, Update};
    let table = table(&["id", "a", "b"], &["id"]);
    let whole: &Row<'_> = &[("id", Some("1")), ("a", Some("x")), ("b", Some("y"))];
    let (later, other): (&Row<'_>, &Row<'_>) = (
        &[("id", Some("1")), ("a", Some("z"))],
        &[("id", Some("1")), ("b", None)],
    );
    let gone: &Row<'_> = &[("id", Some("1"))];
    for (changes, what, expected) in [
        (
            vec![(Insert, whole), (Update, later)],
            "INSERT",
            row(&[Some("1"), Some("z"), Some("y")]),
        ),
        (
            vec![(Update, later), (Update, other)],
            "UPDATE",
            row(&[Some("1"), Some("z"), None]),
        ),
        (
            vec![(Update, other), (Update, later), (Update, whole)],
            "UPDATE",
            row(&[Some("1"), Some("x"), Some("y")]),
        ),
        (vec![(Insert, whole), (Delete, gone)], "DELETE", row(&[Some("1")])),
        (vec![(Update, later), (Delete, gone)], "DELETE", row(&[Some("1")])),
        (
            vec![(Delete, gone), (Insert, whole)],
            "INSERT",
            row(&[Some("1"), Some("x"), Some("y")]),
        ),
        (
            vec![(Delete, gone), (Insert, whole), (Update, other)],
            "INSERT",
            row(&[Some("1"), Some("x"), None]),
        ),
    ] {
        let [statement] = all(&table, &changes).unwrap().try_into().unwrap();
        assert_eq!(
            (kind(&statement), rows(&statement)),
            (what, vec![expected]),
            "{changes:?}"
        );
    }
}

/// The replica would lie: the row should have been there.
#[test]
fn a_row_that_is_updated_after_it_was_deleted_is_refused() {
    let table = table(&["id", "a"], &["id"]);
    let changes: [(Operation, &Row<'_>); 2] = [
        (Operation::Delete, &[("id", Some("s3cret"))]),
        (Operation::Update, &[("id", Some("s3cret")), ("a", None)]),
    ];
    let error = all(&table, &changes).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RowRefused);
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn any_text_reads_back_from_its_array() {
    let table = table(&["id"], &["id"]);
    let texts = [
        "",
        "NULL",
        "null",
        "\"",
        "\\",
        "a\\\"b",
        "{}",
        "{\"a\",NULL}",
        ",",
        " x ",
        "\n\t\r",
        "é\u{1F600}",
        "\\\\\"\"",
    ];
    let all_texts: Vec<[(&str, Option<&str>); 1]> = texts.iter().map(|text| [("id", Some(*text))]).collect();
    let changes: Vec<(Operation, &Row<'_>)> = all_texts.iter().map(|row| (Operation::Delete, &row[..])).collect();
    let [statement] = all(&table, &changes).unwrap().try_into().unwrap();
    let mut expected = texts.map(|text| row(&[Some(text)]));
    expected.sort();
    assert_eq!(rows(&statement), expected);
}

#[test]
fn a_change_that_is_not_of_this_table_is_refused_by_its_column_and_not_by_its_value() {
    use ErrorCode::{RowRefused, SchemaMismatch, ShapeProtocol};
    use Operation::{Delete, Insert, Update};
    let (id, part) = (("Id", Some("s3cret")), ("part", Some("s3cret")));
    let (name, qty) = (("name", Some("s3cret")), ("qty", None));
    for (operation, row, code, column) in [
        (Insert, vec![id, part, name], SchemaMismatch, "qty"),
        (
            Insert,
            vec![id, part, name, qty, ("extra", None)],
            SchemaMismatch,
            "extra",
        ),
        (Update, vec![id, part, ("NAME", Some("s3cret"))], SchemaMismatch, "NAME"),
        (Delete, vec![id, part, ("extra", None)], SchemaMismatch, "extra"),
        (Update, vec![id, name], SchemaMismatch, "part"),
        (Delete, vec![part, name], SchemaMismatch, "Id"),
        (Update, vec![id, ("part", None), name], ShapeProtocol, "part"),
        (Delete, vec![("Id", None), part], ShapeProtocol, "Id"),
        (Update, vec![id, part, id], ShapeProtocol, "Id"),
        (Update, vec![id, part, qty, qty], ShapeProtocol, "qty"),
        (Update, vec![id, part, ("name", Some("s3cret\0"))], RowRefused, "name"),
        (Delete, vec![id, ("part", Some("\0s3cret"))], RowRefused, "part"),
    ] {
        let error = on(&items(), operation, &row).unwrap_err();
        assert_eq!(error.code(), code, "{operation:?} {row:?}: {error}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("{column:?}")) && text.contains("\"items\""),
            "{text}"
        );
        assert!(!text.contains("s3cret"), "{text}");
    }
}
