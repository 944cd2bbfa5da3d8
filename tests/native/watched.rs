//! Journeys of a replica that is compared with what it should be, while the server goes on.

use electric_replica_core::config::Config;
use electric_replica_core::fakes::World;
use electric_replica_core::machine::{Against, Ask};

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, SAME, Step, USERS, added, deploy, edit, journey, with_choice};
use crate::short::{choice, config, release};

const RECORD: Step = Step::Ask(Ask::Verify {
    against: Against::Record,
});
const SERVER: Step = Step::Ask(Ask::Verify {
    against: Against::Server,
});

/// Other code deletes a row.
fn lose(world: &World) {
    world.tamper(|db| db.lose_row("users"));
}

/// Other code deletes a row, and the record says that it never was.
fn lose_and_doctor(world: &World) {
    world.tamper(|db| {
        db.lose_row("users");
        db.doctor("users", -1);
    });
}

/// The replica is compared with its record and with the server.
pub(crate) fn watched() -> Vec<Journey> {
    let edits: fn(&World) = |world| {
        for ms in (0..400).step_by(15) {
            world.after(ms, edit);
        }
    };
    let lose_shape: fn(&World) = |world| world.forget_shapes("users");
    let some = || {
        with_choice(vec![
            choice("users", Some(("age", "10")), Some(&["name", "age"])),
            choice("posts", None, None),
        ])
    };
    vec![
        journey(
            "it is compared with the server while rows are written",
            None,
            config(),
            &[Step::Pass(100), Step::World(edits), SERVER, RECORD, Step::Pass(2_000), SERVER],
            &[OK, OK, OK],
        ),
        journey(
            "what is chosen of tables is compared with the server",
            None,
            some(),
            &[SERVER, Step::World(edit), Step::Pass(500), SERVER],
            &[OK, OK],
        ),
        journey(
            "other code deletes a row, which the record knows",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(edit),
                Step::World(lose),
                RECORD,
                Step::Pass(5_000),
            ],
            &[SAME],
        ),
        journey(
            "other code deletes a row, which the server alone knows",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(lose_and_doctor),
                RECORD,
                Step::World(edit),
                SERVER,
                Step::Pass(5_000),
                SERVER,
            ],
            &[OK, SAME, OK],
        ),
        journey(
            "a shape is lost while it is compared with the server",
            None,
            config(),
            &[Step::Later(20, lose_shape), SERVER, Step::Pass(5_000)],
            &[OK],
        ),
        journey(
            "the server is migrated while it is compared with it",
            Some(added()),
            config(),
            &[Step::Later(20, deploy), SERVER, CHECK],
            &[OK, OK],
        ),
        journey(
            "what is compared with the server is of before a migration",
            Some(release("0002", &[USERS, POSTS, MOOD, "teams: id int4 | name text"])),
            Config {
                keep_previous_ms: 600_000,
                ..config()
            },
            &[Step::World(deploy), CHECK, SERVER, Step::Ask(Ask::Rollback), SERVER],
            &[OK, OK, OK, OK],
        ),
        journey(
            "it is compared by itself, as time goes by",
            None,
            config(),
            &[
                Step::Pass(6_000),
                Step::World(lose),
                Step::Tell(Ask::Watch),
                Step::Pass(6_000),
                Step::Tell(Ask::Watch),
                Step::Pass(2_000),
            ],
            &[],
        ),
    ]
}
