//! Journeys in which the server, its endpoints or Electric do what servers do.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Habits, Temper, World};

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, SAME, Step, added, deploy, edit, journey};
use crate::short::{config, release, row};

fn slow(world: &World) {
    world.set_habits(Habits {
        notice_ms: 60_000,
        notices_at_write: false,
        ..Habits::default()
    });
}

/// Something is wrong with the server, or not yet right.
pub(crate) fn served() -> Vec<Journey> {
    let both = |world: &World| {
        world.deploy(1);
        world.after(100, edit);
        world.after(20_000, edit);
        world.after(70_000, edit);
    };
    vec![
        journey(
            "the server is down and there is a replica",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Down)),
                Step::Reopen,
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[SAME],
        ),
        journey(
            "the endpoint answers a web page",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Says("<html>".to_owned()))),
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[Err(ErrorCode::InvalidVersion)],
        ),
        journey(
            "the endpoint is not there",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Status(404))),
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[Err(ErrorCode::VersionUnavailable)],
        ),
        journey(
            "the server goes back",
            Some(added()),
            config(),
            &[Step::World(deploy), CHECK, Step::World(|w| w.deploy(0)), CHECK],
            &[OK, OK],
        ),
        journey(
            "a rolling deploy answers old for a moment",
            Some(added()),
            config(),
            &[
                Step::World(deploy),
                CHECK,
                Step::World(|w| w.announce(0)),
                Step::Later(1_000, |w| w.announce(1)),
                CHECK,
            ],
            &[OK, SAME],
        ),
        journey(
            "one table's shape is gone",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(|w| w.forget_shapes("users")),
                Step::World(edit),
                Step::Pass(5_000),
            ],
            &[],
        ),
        journey(
            "a body says must-refetch",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(|w| w.refetch_in_body("posts")),
                Step::World(edit),
                Step::Pass(5_000),
            ],
            &[],
        ),
        journey(
            "Electric serves the old structure for a minute",
            Some(added()),
            config(),
            &[Step::World(slow), Step::World(both), CHECK],
            &[OK],
        ),
        journey(
            "the schema is changed before the endpoints say so",
            Some(added()),
            config(),
            &[
                Step::World(|w| w.migrate(1)),
                Step::World(edit),
                Step::Pass(5_000),
                Step::World(|w| w.announce(1)),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the endpoints say so before the schema is changed",
            Some(added()),
            config(),
            &[
                Step::World(|w| w.announce(1)),
                Step::Later(7_000, |w| w.migrate(1)),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "Electric is down for a while",
            None,
            config(),
            &[
                Step::World(|w| w.set_electric_down(true)),
                Step::Pass(3_000),
                Step::World(edit),
                Step::World(|w| w.set_electric_down(false)),
                CHECK,
            ],
            &[SAME],
        ),
        journey(
            "the schemas are SQL",
            Some(added()),
            config(),
            &[Step::World(World::speak_sql), Step::World(deploy), CHECK],
            &[OK],
        ),
        moving_on(),
        journey(
            "a value is in a form that COPY binary has no bytes for",
            Some(added()),
            config(),
            &[Step::World(odd), Step::World(deploy), CHECK],
            &[OK],
        ),
    ]
}

/// A number as Postgres reads it, and never writes it.
fn odd(world: &World) {
    world.write(vec![("users", row("id=19, name=odd, age=+7"))]);
}

/// The server moves on while a rebuild waits for Electric.
fn moving_on() -> Journey {
    let third = release(
        "0003",
        &[
            "users: id int4 | name text! | age int4 | mail text | web text",
            POSTS,
            MOOD,
        ],
    );
    let later: fn(&World) = |world| world.deploy(2);
    let steps = [Step::World(slow), Step::World(deploy), Step::Later(9_000, later), CHECK];
    let mut moving = journey(
        "the server moves on while Electric is waited for",
        Some(added()),
        config(),
        &steps,
        &[OK],
    );
    moving.releases.push(third);
    moving
}
