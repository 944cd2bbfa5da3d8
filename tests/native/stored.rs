//! Journeys in which what is stored is not what was stored, or not the library's.

use electric_replica_core::fakes::World;

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, Step, USERS, added, deploy, edit, in_place, journey, seed};
use crate::short::{config, release, row};

/// What is stored is another.
pub(crate) fn stored() -> Vec<Journey> {
    vec![
        journey(
            "the record is damaged",
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
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the record is lost",
            None,
            config(),
            &[Step::World(|w| w.tamper(|db| db.record = None)), Step::Reopen, CHECK],
            &[OK],
        ),
        journey(
            "the record is lost, and it is built in place",
            None,
            in_place(),
            &[Step::World(|w| w.tamper(|db| db.record = None)), Step::Reopen, CHECK],
            &[OK],
        ),
        journey(
            "a table vanished behind its back",
            None,
            config(),
            &[
                Step::World(|w| w.tamper(|db| drop(db.app.tables.remove("users")))),
                Step::Reopen,
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the record does not say where a table stands",
            None,
            config(),
            &[
                Step::World(|w| {
                    w.tamper(|db| {
                        if let Some(record) = &mut db.record {
                            record.shapes.remove("users");
                        }
                    });
                }),
                Step::World(edit),
                Step::Reopen,
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "other code empties a table",
            None,
            config(),
            &[
                Step::World(|w| w.tamper(|db| db.truncate("users"))),
                Step::Reopen,
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "other code empties a table that is followed",
            None,
            config(),
            &[Step::World(|w| w.tamper(|db| db.truncate("users"))), CHECK],
            &[OK],
        ),
        emptied_meanwhile(),
        own_tables(),
        claimed_later(),
    ]
}

/// Other code empties a table while another is built anew: what that rebuild leaves alone is built by the next run.
fn emptied_meanwhile() -> Journey {
    let down: fn(&World) = |world| world.set_electric_down(true);
    let up: fn(&World) = |world| world.set_electric_down(false);
    let empty: fn(&World) = |world| world.tamper(|db| db.truncate("posts"));
    let steps = [
        Step::World(deploy),
        Step::World(down),
        Step::Later(3_000, empty),
        Step::Later(4_000, up),
        CHECK,
        CHECK,
    ];
    journey(
        "other code empties a table that a rebuild leaves alone",
        Some(added()),
        config(),
        &steps,
        &[OK, OK],
    )
}

/// An app that had tables of its own before it had this library.
fn own_tables() -> Journey {
    let mut own = journey("the app had such tables before", None, config(), &[], &[]);
    let stand: fn(&World) = |world| world.stand_own_tables(0, &[("users", row("id=90, name=own, age=1"))]);
    own.steps = vec![Step::World(seed), Step::World(stand), CHECK];
    own.outcomes = vec![OK];
    own
}

/// A new table of the server is called like one that the app made for itself.
fn claimed_later() -> Journey {
    let second = release("0002", &[USERS, POSTS, MOOD, "tags: id int4 | name text"]);
    let own: fn(&World) = |world| {
        world.tamper(|db| {
            let own = db.app.tables.get("posts").cloned().unwrap_or_default();
            db.app.tables.insert("tags".to_owned(), own);
        });
    };
    let down: fn(&World) = |world| world.set_electric_down(true);
    let up: fn(&World) = |world| world.set_electric_down(false);
    let steps = [
        Step::World(own),
        Step::World(deploy),
        Step::World(down),
        Step::Later(9_000, up),
        CHECK,
    ];
    journey(
        "a new table has the name of one of the app's own",
        Some(second),
        config(),
        &steps,
        &[OK],
    )
}
