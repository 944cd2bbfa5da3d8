//! Journeys of rows that are somebody's: another owner's page opens over them.

use electric_replica_core::config::{Choice, Config};
use electric_replica_core::fakes::{Temper, World};
use electric_replica_core::machine::Ask;

use crate::journey::{CHECK, Journey, OK, SAME, Step, added, deploy, edit, in_place, journey};
use crate::player::Outcome;
use crate::short::{choice, config};

/// 32 hexadecimal digits, as js/owner.ts makes them of a name.
pub const ADA: &str = "11111111111111111111111111111111";
/// Somebody else.
pub const BEN: &str = "22222222222222222222222222222222";

/// Of the users only those that are Ada's.
#[must_use]
pub fn adas() -> Config {
    of(ADA, "10")
}

/// Ben's.
#[must_use]
pub fn bens() -> Config {
    of(BEN, "20")
}

fn of(owner: &str, age: &str) -> Config {
    Config {
        owner: Some(owner.to_owned()),
        tables: Choice::Some(vec![
            choice("users", Some(("age", age)), None),
            choice("posts", None, None),
        ]),
        ..config()
    }
}

fn bens_in_place() -> Config {
    Config {
        strategy: in_place().strategy,
        ..bens()
    }
}

/// The database is another's.
pub(crate) fn owned() -> Vec<Journey> {
    let down: fn(&World) = |w| w.set_temper(Temper::Down);
    let up: fn(&World) = |w| w.set_temper(Temper::Up);
    let lose: fn(&World) = |w| w.tamper(|db| db.record = None);
    let damage: fn(&World) = |w| {
        w.tamper(|db| {
            if let Some(record) = &mut db.record {
                record.head[5] = Some("{".to_owned());
            }
        });
    };
    let mut all = Vec::new();
    let mut add = |name, config, steps: &[Step], outcomes: &[Outcome]| {
        all.push(journey(name, Some(added()), config, steps, outcomes));
    };
    add(
        "somebody else logs in",
        adas(),
        &[Step::World(edit), Step::Configure(bens), CHECK, Step::World(edit)],
        &[SAME],
    );
    add(
        "somebody else logs in and out again",
        adas(),
        &[Step::Configure(bens), CHECK, Step::Configure(adas), CHECK],
        &[SAME, SAME],
    );
    add(
        "somebody logs in where the rows were nobody's",
        config(),
        &[Step::Configure(adas), CHECK],
        &[SAME],
    );
    add(
        "the rows are to be nobody's",
        adas(),
        &[Step::Configure(config), CHECK],
        &[SAME],
    );
    add(
        "somebody else logs in while the server is down",
        adas(),
        &[
            Step::World(down),
            Step::Configure(bens),
            CHECK,
            Step::World(up),
            Step::Pass(5_000),
        ],
        &[Err(electric_replica_core::error::ErrorCode::ServerUnreachable)],
    );
    add(
        "somebody else logs in over a record that is damaged",
        adas(),
        &[Step::World(damage), Step::Configure(bens), CHECK],
        &[SAME],
    );
    add(
        "somebody else logs in and the record is lost",
        adas(),
        &[Step::World(lose), Step::Configure(bens), CHECK],
        &[SAME],
    );
    add(
        "somebody else logs in, and it is built in place",
        Config {
            strategy: in_place().strategy,
            ..adas()
        },
        &[Step::Configure(bens_in_place), CHECK],
        &[SAME],
    );
    add(
        "somebody else logs in after a migration, whose tables are kept",
        Config {
            keep_previous_ms: 600_000,
            ..adas()
        },
        &[Step::World(deploy), CHECK, Step::Configure(bens), CHECK],
        &[OK, SAME],
    );
    add(
        "somebody else logs in and wants a migration",
        adas(),
        &[
            Step::World(deploy),
            Step::Configure(bens),
            Step::Ask(Ask::Force { version: None }),
        ],
        &[SAME],
    );
    all
}
