//! Journeys of a replica that is compared with what it should be, while the server goes on.

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::fakes::World;
use electric_replica_core::machine::{Against, Ask};

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, SAME, Step, added, deploy, edit, journey, with_choice};
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
            &[
                Step::Pass(100),
                Step::World(edits),
                SERVER,
                RECORD,
                Step::Pass(2_000),
                SERVER,
            ],
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
            Some(added()),
            config(),
            &[
                Step::Pass(100),
                Step::World(edit),
                Step::World(lose),
                RECORD,
                Step::Pass(5_000),
                Step::World(deploy),
                CHECK,
            ],
            &[SAME, OK],
        ),
        journey(
            "other code deletes a row, which the server alone knows",
            Some(added()),
            config(),
            &[
                Step::Pass(100),
                Step::World(lose_and_doctor),
                RECORD,
                Step::World(edit),
                SERVER,
                Step::Pass(5_000),
                SERVER,
                Step::World(deploy),
                CHECK,
            ],
            &[OK, SAME, OK, OK],
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
        rolled_back(),
        journey(
            "it is compared by itself, as time goes by",
            Some(added()),
            config(),
            &[
                Step::Pass(6_000),
                Step::World(lose),
                Step::Tell(Ask::Watch),
                Step::Pass(6_000),
                Step::Tell(Ask::Watch),
                Step::Pass(2_000),
                Step::World(deploy),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "a stream stands still, and is built anew",
            None,
            stuck_soon(),
            &[
                Step::Pass(100),
                Step::World(wedge),
                Step::World(edit),
                Step::Pass(40_000),
                Step::World(edit),
                Step::Pass(10_000),
                Step::World(|world| world.let_go("users")),
                Step::Pass(2_000),
            ],
            &[],
        ),
    ]
}

/// What was rolled back to is compared with the server of now.
fn rolled_back() -> Journey {
    let keeps = Config {
        keep_previous_ms: 600_000,
        ..config()
    };
    let third: fn(&World) = |world| world.deploy(2);
    let steps = [
        Step::World(deploy),
        CHECK,
        SERVER,
        Step::Ask(Ask::Rollback),
        Step::World(edit),
        SERVER,
        Step::World(third),
        CHECK,
    ];
    let name = "what was rolled back to is compared with the server";
    let mut back = journey(name, Some(added()), keeps, &steps, &[OK, OK, OK, OK, OK]);
    back.releases.push(release(
        "0003",
        &["users: id int4 | name text! | age text", POSTS, MOOD],
    ));
    back
}

/// Electric reads the log of users no further.
fn wedge(world: &World) {
    world.expect_alarms();
    world.hold_back("users");
}

fn stuck_soon() -> Config {
    Config {
        limits: Limits {
            stuck_ms: 3_000,
            ..config().limits
        },
        ..config()
    }
}
