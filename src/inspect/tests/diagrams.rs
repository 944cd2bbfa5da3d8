//! The diagram's text, to the letter.

use serde_json::json;

use super::support::{World, manifest, manifest_with, table};

fn diagram(world: &World) -> String {
    world.inspected()["diagram"].as_str().unwrap().to_owned()
}

/// The diagram without its head, each line without the space before it.
fn body(world: &World) -> Vec<String> {
    let text = diagram(world);
    let lines = text.lines().map(|line| line.trim().to_owned());
    lines
        .filter(|line| {
            !["erDiagram", "classDef", "accTitle"]
                .iter()
                .any(|head| line.starts_with(head))
        })
        .collect()
}

#[test]
fn tables_that_change_come_and_go_are_coloured_and_say_how() {
    let world = World::behind(
        &[
            table("users", &["name text", "mood mood"]),
            table("teams", &[]),
            table("posts", &[]),
        ],
        &[
            table("users", &["name int8", "mood mood", "age int4"]),
            table("tags", &[]),
            table("posts", &[]),
        ],
    );

    assert_eq!(
        diagram(&world),
        r#"erDiagram
  accTitle: The tables of the replica
  classDef new fill:#bbf7d0,stroke:#15803d,color:#052e16,stroke-width:2px
  classDef changed fill:#fde68a,stroke:#b45309,color:#451a03,stroke-width:2px
  classDef refetched fill:#bfdbfe,stroke:#1d4ed8,color:#172554,stroke-width:2px
  classDef removed fill:#fecaca,stroke:#b91c1c,color:#450a0a,stroke-width:2px,stroke-dasharray:5
  classDef labels fill:#e5e7eb,stroke:#6b7280,color:#111827
  t0["posts"] {
    int4 id PK
  }
  t1["tags"]:::new {
    int4 id PK
  }
  t2["teams"]:::removed {
    int4 id PK
  }
  t3["users"]:::changed {
    int4 id PK
    int8 name "was text"
    mood mood
    int4 age "added"
  }
  e0["mood"]:::labels {
    label ok
    label it_s␣bad "it's bad"
  }
  t3 }o--|| e0 : "mood"
"#
    );
}

#[test]
fn a_replica_without_tables_has_no_diagram() {
    let mut world = World::whole(&[]);
    world.record = None;
    assert_eq!(diagram(&world), "");
}

#[test]
fn no_name_is_read_as_something_else() {
    for (column, written) in [
        ("pk", "_pk"),
        ("UK", "_UK"),
        ("pk_of", "pk_of"),
        ("fk-x", "_fk-x"),
        ("pkg", "pkg"),
        ("1st", "_1st"),
        ("full name", "full␣name"),
        ("a,b.c", "a,b.c"),
        (".a", "_.a"),
        ("größe", "größe"),
        ("名前", "名前"),
        ("x~y~", r#"x_y_ "column x∼y∼""#),
        ("<b>", r#"_b_ "column ‹b›""#),
        ("a}", r#"a_ "column a}""#),
        ("a%%b", r#"a__b "column a٪٪b""#),
        ("#a", r#"_a "column ♯a""#),
    ] {
        let spec = format!("{column} text");
        let lines = body(&World::whole(&[table("t", &[&spec])]));
        assert_eq!(lines[2], format!("text {written}"));
    }
    for (name, written) in [
        ("direction TB x", "direction␣TB␣x"),
        ("a%b", "a_b"),
        ("pk", "pk"),
        ("public.t", "public.t"),
    ] {
        let lines = body(&World::whole(&[table(name, &[])]));
        assert_eq!(lines[0], format!("t0[\"{written}\"] {{"));
    }
}

#[test]
fn a_type_keeps_its_parentheses() {
    let world = World::whole(&[table("t", &["a numeric(10,2)", "b varchar(9)[]", "c timestamptz"])]);
    let lines = body(&world);
    assert_eq!(lines[2], "numeric(10,2) a");
    assert_eq!(lines[3], "varchar(9)[] b");
    assert_eq!(lines[4], "timestamptz c");
}

#[test]
fn an_enum_that_no_table_will_have_is_not_drawn_and_a_long_one_is_cut() {
    let labels: Vec<String> = (0..30).map(|at| format!("l{at}")).collect();
    let enums = json!([{ "name": "long", "labels": labels }]);
    let mut world = World::whole(&[]);
    world.record = Some(("0001_a", manifest(&[table("t", &["was mood"])])));
    world.server = Some(("0002_b", manifest_with(&[table("t", &["is long"])], &enums)));

    let lines = body(&world);

    assert!(lines.contains(&"e0[\"long\"]:::labels {".to_owned()), "{lines:?}");
    assert!(lines.contains(&"label l11".to_owned()) && !lines.contains(&"label l12".to_owned()));
    assert!(lines.contains(&"and more \"30 labels in all\"".to_owned()));
    assert_eq!(lines.iter().filter(|line| line.starts_with('e')).count(), 1);
    assert!(lines.contains(&"mood was \"removed\"".to_owned()));
}
