//! Journeys over every kind of change, with endpoints that tell of it and with Electric alone.

use electric_replica_core::config::{Config, Source};
use electric_replica_core::fakes::{Release, World};

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, SAME, Step, USERS, deploy, edit, journey, with_choice};
use crate::player::Outcome;
use crate::short::{choice, config, release, renamed};

/// One of every kind of change that a server's schema can go through.
pub(crate) fn changes() -> Vec<(&'static str, Release, Outcome)> {
    let to = |lines: &[&str]| release("0002", lines);
    vec![
        (
            "a column is added",
            to(&["users: id int4 | name text! | age int4 | mail text", POSTS, MOOD]),
            OK,
        ),
        (
            "a column that refuses NULL is added",
            to(&["users: id int4 | name text! | age int4 | n int4!", POSTS, MOOD]),
            OK,
        ),
        (
            "a column is dropped",
            to(&["users: id int4 | name text!", POSTS, MOOD]),
            OK,
        ),
        (
            "a column is renamed",
            renamed(
                to(&["users: id int4 | title text! | age int4", POSTS, MOOD]),
                &[("users", "name", "title")],
                &[],
            ),
            OK,
        ),
        (
            "a type is another",
            to(&["users: id int4 | name text! | age text", POSTS, MOOD]),
            OK,
        ),
        (
            "the key is another",
            to(&["users: id int4 | name text! | age int4 | key=id,name", POSTS, MOOD]),
            OK,
        ),
        (
            "a table is new",
            to(&[USERS, POSTS, MOOD, "tags: id int4 | name text"]),
            OK,
        ),
        ("a table is dropped", to(&[USERS]), OK),
        (
            "a table is renamed",
            renamed(
                to(&["people: id int4 | name text! | age int4", POSTS, MOOD]),
                &[],
                &[("users", "people")],
            ),
            OK,
        ),
        ("an enum gains a label", to(&[USERS, POSTS, "mood = ok, bad, new"]), OK),
        (
            "an index is new",
            to(&["users: id int4 | name text! | age int4 | ix=by_age(age)", POSTS, MOOD]),
            SAME,
        ),
        ("only rows are changed", to(&[USERS, POSTS, MOOD]), SAME),
        (
            "an index goes from one table to another",
            to(&[
                "users: id int4 | name text! | age int4",
                "posts: id int4 | title text! | mood mood | ix=by_name(title)",
                MOOD,
            ]),
            OK,
        ),
        (
            "everything is changed",
            to(&[
                "users: id int4 | mood mood",
                "posts: id int4 | title text | tags text[]",
                "mood = x",
            ]),
            OK,
        ),
    ]
}

/// Each is carried out.
pub(crate) fn changed() -> Vec<Journey> {
    let mut all = described();
    for (name, release, outcome) in changes() {
        let rest = [
            Step::World(edit),
            Step::World(deploy),
            CHECK,
            Step::Pass(500),
            Step::World(edit),
        ];
        all.push(journey(name, Some(release), config(), &rest, &[outcome]));
    }
    all
}

fn without_endpoints() -> Config {
    let tables = vec![choice("users", None, None), choice("posts", None, None)];
    Config {
        source: Source::Electric,
        ..with_choice(tables)
    }
}

/// Nothing but Electric says which structure the server has.
fn described() -> Vec<Journey> {
    let mut all = Vec::new();
    for (name, release, _) in changes() {
        let described = match name {
            "a column is added" => "Electric alone tells of a new column",
            "the key is another" => "Electric alone tells of another key",
            "an index is new" => "Electric alone tells of no index",
            _ => continue,
        };
        let rest = [
            Step::Pass(100),
            Step::World(edit),
            Step::World(deploy),
            Step::World(edit),
            // The streams see it; the call comes later.
            Step::Pass(5_000),
            CHECK,
        ];
        all.push(journey(described, Some(release), without_endpoints(), &rest, &[SAME]));
    }
    let down: fn(&World) = |w| w.set_electric_down(true);
    let up: fn(&World) = |w| w.set_electric_down(false);
    let steps = [Step::World(down), Step::Reopen, CHECK, Step::World(up)];
    let down = "Electric alone tells of the structure, and is down";
    all.push(journey(down, None, without_endpoints(), &steps, &[SAME]));
    all
}
