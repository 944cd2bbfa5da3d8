//! Journeys in which the app calls, chooses, and goes back.

use electric_replica_core::config::Config;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::World;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;
use electric_replica_core::queries::LostQuery;

use crate::journey::{
    CHECK, Journey, MOOD, OK, POSTS, SAME, Step, USERS, added, deploy, edit, in_place, journey, with_choice,
};
use crate::short::{choice, config, release};

fn chosen() -> Config {
    with_choice(vec![
        choice("users", Some(("age", "10")), Some(&["name", "age"])),
        choice("posts", None, None),
    ])
}

fn otherwise_chosen() -> Config {
    with_choice(vec![choice("users", Some(("age", "20")), None)])
}

/// One that is set up late, one that never is, and a view of unknown make.
fn mount(world: &World) {
    let query = |view: &str| LostQuery {
        view: view.to_owned(),
        tables: vec!["users".to_owned()],
        missing: Vec::new(),
    };
    world.tamper(|db| {
        db.queries = vec![(query("late"), 2), (query("lost"), usize::MAX)];
        db.strangers.insert("users".to_owned());
    });
}

/// What the app calls for and how.
pub(crate) fn called() -> Vec<Journey> {
    vec![
        journey(
            "nothing is changed",
            None,
            config(),
            &[CHECK, Step::Reopen, CHECK],
            &[SAME, SAME],
        ),
        journey(
            "rows are written while it is followed",
            None,
            config(),
            &[Step::Pass(100), Step::World(edit), Step::Pass(2_000)],
            &[],
        ),
        journey(
            "the replica is built in place",
            Some(added()),
            in_place(),
            &[Step::World(deploy), CHECK],
            &[OK],
        ),
        journey(
            "everything is rebuilt because the app says so",
            Some(added()),
            Config {
                scope: Scope::All,
                ..config()
            },
            &[Step::World(deploy), CHECK],
            &[OK],
        ),
        journey(
            "it is forced",
            None,
            config(),
            &[Step::Ask(Ask::Force { version: None })],
            &[OK],
        ),
        journey(
            "it is forced for a version that the server is not at",
            None,
            config(),
            &[Step::Ask(Ask::Force {
                version: Some("0009".to_owned()),
            })],
            &[Err(ErrorCode::InvalidOptions)],
        ),
        journey(
            "queries are mounted",
            Some(added()),
            config(),
            &[Step::World(mount), Step::World(deploy), CHECK, Step::Pass(3_000)],
            &[OK],
        ),
        journey("it is purged", None, config(), &[Step::Ask(Ask::Purge)], &[SAME]),
        journey(
            "it is purged over a record that is damaged",
            None,
            config(),
            &[
                Step::World(|w| {
                    w.tamper(|db| {
                        if let Some(record) = &mut db.record {
                            record.head[5] = Some("{".to_owned());
                        }
                    });
                }),
                Step::Reopen,
                Step::Ask(Ask::Purge),
            ],
            &[SAME],
        ),
        journey(
            "it is purged, and the record is lost",
            None,
            config(),
            &[Step::World(|w| w.tamper(|db| db.record = None)), Step::Ask(Ask::Purge)],
            &[SAME],
        ),
        journey(
            "it is closed and opened",
            None,
            config(),
            &[Step::Ask(Ask::Close), Step::Reopen, CHECK],
            &[SAME, SAME],
        ),
        journey(
            "concurrent calls share one run",
            Some(added()),
            config(),
            &[
                Step::World(deploy),
                Step::Tell(Ask::Check),
                Step::Tell(Ask::Check),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "another choice of tables",
            None,
            chosen(),
            &[
                Step::Pass(100),
                Step::World(edit),
                Step::Configure(otherwise_chosen),
                CHECK,
            ],
            &[OK],
        ),
        rolled_back(),
        dropped_choice(),
    ]
}

/// The app goes back, and the server goes on.
fn rolled_back() -> Journey {
    let to = |version: &str, users: &str| release(version, &[users, POSTS, MOOD]);
    let second = to("0002", "users: id int4 | name text! | age int4 | mail text");
    let third: fn(&World) = |world| world.deploy(2);
    let keeps = Config {
        keep_previous_ms: 600_000,
        ..config()
    };
    let steps = [
        Step::World(edit),
        Step::World(deploy),
        CHECK,
        Step::Ask(Ask::Rollback),
        CHECK,
        Step::World(edit),
        Step::World(third),
        CHECK,
    ];
    let outcomes = [OK, OK, SAME, OK];
    let mut back = journey(
        "the app goes back, and the server goes on",
        Some(second),
        keeps,
        &steps,
        &outcomes,
    );
    back.releases.push(to("0003", "users: id int4 | name text! | age text"));
    back
}

/// The server drops a table that the app chose, and then changes another.
fn dropped_choice() -> Journey {
    let third: fn(&World) = |world| world.deploy(2);
    let mut dropped = journey(
        "a chosen table is dropped, then more is changed",
        Some(release("0002", &[USERS])),
        chosen(),
        &[Step::World(deploy), CHECK, Step::World(third), CHECK],
        // The new column is not among the chosen ones.
        &[OK, SAME],
    );
    dropped
        .releases
        .push(release("0003", &["users: id int4 | name text! | age int4 | mail text"]));
    // Without a replica, a chosen table that the server lacks is a mistake in the options.
    dropped.before = 2;
    dropped
}
