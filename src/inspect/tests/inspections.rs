//! What is found, and that it is what a check would do.

use serde_json::{Value, json};

use super::support::{World, manifest, manifest_with, table};
use crate::{Step, next, sample};

fn fates(inspection: &Value) -> Vec<(&str, &str)> {
    let tables = inspection["tables"].as_array().unwrap().iter();
    tables
        .map(|table| (table["name"].as_str().unwrap(), table["fate"].as_str().unwrap()))
        .collect()
}

fn named<'a>(inspection: &'a Value, name: &str) -> &'a Value {
    inspection["tables"]
        .as_array()
        .unwrap()
        .iter()
        .find(|table| table["name"] == name)
        .unwrap()
}

#[test]
fn a_replica_that_is_as_the_server_is_has_nothing_before_it() {
    let (steps, found) = World::whole(&[table("users", &["name text"]), table("teams", &[])]).steps();

    assert_eq!(
        steps,
        ["transact", "transact", "ask", "ask", "transact", "transact", "tell"]
    );
    assert_eq!(found["plan"], json!({ "kind": "up-to-date" }));
    assert_eq!(fates(&found), [("teams", "same"), ("users", "same")]);
    assert_eq!(found["problems"], json!([]));
    let replica = &found["replica"];
    assert_eq!(
        (&replica["version"], &replica["state"], &replica["epoch"]),
        (&json!("0001_a"), &json!("whole"), &json!("4"))
    );
    assert_eq!(replica["fingerprint"], found["server"]["fingerprint"]);
}

#[test]
fn a_table_is_shown_with_its_place_in_the_log_its_rows_and_its_structure() {
    let found = World::whole(&[table("users", &["name text"])]).inspected();
    let users = named(&found, "users");

    assert_eq!(users["standing"], "sealed");
    assert_eq!(
        (&users["handle"], &users["offset"], &users["lsn"]),
        (&json!("9-1"), &json!("7_2"), &json!("7"))
    );
    assert_eq!(
        (&users["rows"], &users["expectedRows"], &users["bytes"]),
        (&json!(2), &json!(3), &json!(8192))
    );
    assert_eq!(users["definition"], "table=users");
    assert_eq!(users["recorded"], users["found"]);
    assert_eq!(users["recorded"], users["wanted"]);
    assert_eq!(users["recorded"].as_str().map(str::len), Some(32));
    let key = json!({ "name": "id", "type": "int4", "notNull": true, "key": true, "labels": null, "ofEnum": null, "change": "same" });
    assert_eq!(users["columns"][0], key);
}

#[test]
fn each_table_has_the_fate_that_the_plan_has_for_it() {
    let mut world = World::behind(
        &[
            table("changed", &["a text", "b mood"]),
            table("gone", &[]),
            table("same", &[]),
            table("touched", &[]),
        ],
        &[
            table("changed", &["a int8", "c text"]),
            table("new", &[]),
            table("same", &[]),
            table("touched", &[]),
        ],
    );
    world.altered = vec!["touched"];
    let found = world.inspected();

    let expected = [
        ("changed", "changed"),
        ("gone", "removed"),
        ("new", "new"),
        ("same", "same"),
        ("touched", "refetched"),
    ];
    assert_eq!(fates(&found), expected);
    let plan = &found["plan"];
    assert_eq!((&plan["kind"], &plan["reason"]), (&json!("rebuild"), &json!("repair")));
    assert_eq!(plan["tables"], json!(["changed", "new", "touched"]));
    assert_eq!(
        (&plan["remove"], &plan["keep"], &plan["oldEnums"]),
        (&json!(["gone"]), &json!(["same"]), &json!(["mood"]))
    );
    assert_eq!(named(&found, "touched")["standing"], "altered");
    assert_eq!(named(&found, "new")["standing"], "missing");
    let columns = named(&found, "changed")["columns"].as_array().unwrap();
    let changes: Vec<_> = columns
        .iter()
        .map(|column| (column["name"].as_str(), column["change"].as_str()))
        .collect();
    let changes: Vec<_> = changes
        .into_iter()
        .map(|(name, change)| (name.unwrap(), change.unwrap()))
        .collect();
    assert_eq!(
        changes,
        [("id", "same"), ("a", "changed"), ("c", "added"), ("b", "removed")]
    );
    assert_eq!(columns[1]["was"], "text");
}

#[test]
fn what_is_other_about_a_column_is_told() {
    let table = |column: Value, key: &str| {
        let columns = [
            json!({ "name": "id", "type": "int4" }),
            json!({ "name": "no", "type": "int4", "notNull": true }),
            column,
        ];
        json!({ "name": "t", "primaryKey": [key], "columns": columns })
    };
    let column = |ty: &str, not_null: bool| json!({ "name": "c", "type": ty, "notNull": not_null });
    let enums = |labels: Value| json!([{ "name": "mood", "labels": labels }]);
    let (ok, more) = (enums(json!(["ok"])), enums(json!(["ok", "bad"])));
    for (old, new, was) in [
        (column("text", false), column("text", true), "nullable"),
        (column("text", true), column("text", false), "not null"),
        (
            column("varchar(9)", false),
            column("varchar(10)", true),
            "varchar(9), nullable",
        ),
        (column("mood", false), column("mood", false), "of ok"),
        (column("mood", false), column("text", false), "mood"),
    ] {
        let mut world = World::whole(&[]);
        world.record = Some(("0001_a", manifest_with(&[table(old, "id")], &ok)));
        world.server = Some(("0002_b", manifest_with(&[table(new, "id")], &more)));
        let found = world.inspected();
        assert_eq!(named(&found, "t")["columns"][2]["was"], was);
    }
    let mut world = World::whole(&[]);
    world.record = Some(("0001_a", manifest_with(&[table(column("text", false), "id")], &ok)));
    world.server = Some(("0002_b", manifest_with(&[table(column("text", false), "no")], &ok)));
    let found = world.inspected();
    let was = |at: usize| named(&found, "t")["columns"][at]["was"].clone();
    assert_eq!(
        (was(0), was(1), was(2)),
        (json!("in the key"), json!("not in the key"), Value::Null)
    );
}

#[test]
fn a_version_with_the_same_structure_is_adopted() {
    let tables = [table("users", &[])];
    let found = World::behind(&tables, &tables).inspected();

    assert_eq!(
        found["plan"],
        json!({ "kind": "adopt", "createIndexes": [], "dropIndexes": [] })
    );
    assert_eq!(fates(&found), [("users", "same")]);
}

#[test]
fn a_first_visit_has_every_table_before_it_and_asks_nothing_of_a_record() {
    let mut world = World::whole(&[table("users", &[])]);
    world.record = None;
    world.there = manifest(&[]);
    let (steps, found) = world.steps();

    assert_eq!(steps, ["transact", "ask", "ask", "transact", "transact", "tell"]);
    assert_eq!(
        (&found["replica"], &found["plan"]["reason"]),
        (&Value::Null, &json!("first"))
    );
    assert_eq!(fates(&found), [("users", "new")]);
}

#[test]
fn a_table_that_no_record_names_is_counted_and_would_be_replaced() {
    let mut world = World::whole(&[table("users", &[])]);
    world.record = None;
    let found = world.inspected();
    let users = named(&found, "users");

    assert_eq!(
        (&users["standing"], &users["fate"], &users["rows"]),
        (&json!("unrecorded"), &json!("changed"), &json!(5))
    );
    assert_eq!(found["plan"]["claim"], json!(["users"]));
}

#[test]
fn a_server_that_does_not_answer_leaves_what_is_there_to_be_seen() {
    let mut world = World::whole(&[table("users", &[])]);
    world.server = None;
    let found = world.inspected();

    assert_eq!((&found["server"], &found["plan"]), (&Value::Null, &Value::Null));
    assert_eq!(
        found["problems"],
        json!([{ "code": "SERVER_UNREACHABLE", "message": "nobody answered" }])
    );
    assert_eq!(named(&found, "users")["rows"], 2);
    assert_eq!(found["replica"]["version"], "0001_a");
}

#[test]
fn a_server_that_sends_sql_is_read_by_the_sql_module() {
    let mut world = World::whole(&[table("users", &[])]);
    world.schemas = Some(json!({ "users": "CREATE TABLE users (id int PRIMARY KEY)" }));
    let (steps, found) = world.steps();

    assert_eq!(steps[2..5], ["ask", "ask", "translate"]);
    assert_eq!(found["plan"]["kind"], "up-to-date");
}

#[test]
fn what_the_code_reads_and_the_server_has_not_is_told() {
    let mut world = World::behind(&[table("users", &["name text"])], &[table("users", &[])]);
    world.options["expects"] = json!([{ "name": "users", "columns": ["name"] }]);

    assert_eq!(
        world.inspected()["gap"],
        json!({ "direction": "app-too-old", "missing": ["users.name"] })
    );
}

#[test]
fn a_replica_that_was_rolled_back_says_from_what() {
    let mut world = World::whole(&[table("users", &[])]);
    world.held = Some("0002_b");
    assert_eq!(world.inspected()["replica"]["held"], "0002_b");
}

#[test]
fn a_transaction_that_fails_is_a_problem_and_no_end() {
    let options = World::whole(&[]).options.to_string();
    let failed = r#"{"doing":"looking","state":"XX000","message":"no","isFull":false}"#;
    let Step::Ask { .. } = next(&options, &json!([failed]).to_string(), 0) else {
        panic!("it does not go on");
    };
}

#[test]
fn options_that_cannot_be_read_are_told() {
    let Step::Fail(problem) = next("{}", "[]", 0) else {
        panic!("it goes on");
    };
    assert_eq!(problem.code, "INVALID_OPTIONS");
}

#[test]
fn a_sample_names_only_what_a_replica_can_have() {
    let options = World::whole(&[]).options.to_string();
    let columns = || vec!["id".to_owned(), "Full Name".to_owned()];

    let sql = sample(&options, "users", columns(), 20).unwrap();

    assert_eq!(
        sql,
        r#"SELECT left("id"::text, 200), left("Full Name"::text, 200) FROM "public"."users" LIMIT 20"#
    );
    assert!(sample(&options, "users\" ; drop", columns(), 20).is_err());
    assert!(sample(&options, "users", vec!["a\"".to_owned()], 20).is_err());
}
