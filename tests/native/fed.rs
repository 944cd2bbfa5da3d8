//! Journeys of an app whose own sync brings the rows.

use electric_replica_core::config::{Config, Feed};
use electric_replica_core::fakes::{Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;

use crate::changes::changes;
use crate::journey::{CHECK, Journey, OK, SAME, Step, deploy, edit, in_place, journey};
use crate::player::Outcome;
use crate::short::config;

fn app_fed() -> Config {
    Config {
        feed: Feed::App {
            keys: vec!["mine".to_owned()],
        },
        scope: Scope::All,
        ..in_place()
    }
}

/// The app's own sync brings the rows.
pub(crate) fn fed() -> Vec<Journey> {
    let mut all = Vec::new();
    let deployed = [
        Step::World(edit),
        Step::World(deploy),
        CHECK,
        Step::Pass(500),
        Step::World(edit),
    ];
    for (name, release, outcome) in changes() {
        let fed = match name {
            "a column is added" => "the app's own sync is fed a new column",
            "an enum gains a label" => "the app's own sync is fed a new label",
            "everything is changed" => "the app's own sync is fed other tables",
            "only rows are changed" => "the app's own sync goes on over a version that changes no structure",
            _ => continue,
        };
        all.push(journey(fed, Some(release), app_fed(), &deployed, &[outcome]));
    }
    let vanish: fn(&World) = |w| w.tamper(|db| drop(db.app.tables.remove("users")));
    let down: fn(&World) = |w| w.set_temper(Temper::Down);
    let up: fn(&World) = |w| w.set_temper(Temper::Up);
    let mut add = |name, config, steps: &[Step], outcomes: &[Outcome]| {
        all.push(journey(name, None, config, steps, outcomes));
    };
    add(
        "the app's own sync goes on in the next page",
        app_fed(),
        &[Step::World(edit), Step::Reopen, Step::World(edit), CHECK],
        &[SAME],
    );
    add(
        "the app's own sync and a table that vanished",
        app_fed(),
        &[Step::World(vanish), Step::Reopen, CHECK],
        &[OK],
    );
    add(
        "the app's own sync and a server that is down",
        app_fed(),
        &[
            Step::World(down),
            Step::Reopen,
            CHECK,
            Step::World(up),
            Step::Pass(5_000),
        ],
        &[SAME],
    );
    add(
        "the app's own sync is forced, purged, closed and opened",
        app_fed(),
        &[
            Step::Ask(Ask::Force { version: None }),
            Step::Ask(Ask::Purge),
            CHECK,
            Step::Ask(Ask::Close),
            Step::Reopen,
            CHECK,
        ],
        &[OK, SAME, SAME, SAME, SAME],
    );
    add(
        "an app takes to a sync of its own, and back",
        config(),
        &[
            Step::Configure(app_fed),
            CHECK,
            Step::World(edit),
            Step::Configure(config),
            CHECK,
        ],
        &[OK, OK],
    );
    all
}
