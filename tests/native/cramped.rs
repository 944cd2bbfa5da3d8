//! Journeys in which the browser has no room for two copies of everything.

use electric_replica_core::config::Config;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Disk, Estimate, Release, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;

use crate::journey::{CHECK, Journey, OK, SAME, Step, deploy, edit, journey};
use crate::short::{config, release};

/// Both tables are others, and so are the labels that one of them uses; there is one more, and an index goes from one
/// table to another.
fn all_changed() -> Release {
    let users = "users: id int4 | name text! | age int4 | mail text";
    let posts = "posts: id int4 | title text | mood mood | body text";
    let teams = "teams: id int4 | mood mood";
    release("0002", &[users, posts, teams, "mood = ok, bad, fine"])
}

/// Room for the largest table beside all of them, and not for all twice.
pub fn tight(world: &World) {
    let used = world.database().bytes();
    world.set_disk(Disk {
        bytes: Some(2 * used),
        says: Estimate::Honest { log: used },
    });
}

/// The same, where the browser says that there is plenty.
pub fn deceptive(world: &World) {
    let used = world.database().bytes();
    world.set_disk(Disk {
        bytes: Some(2 * used),
        says: Estimate::Plenty,
    });
}

/// Room for the new tables where the old ones are, and not for any of them beside it.
pub fn tiny(world: &World) {
    let used = world.database().bytes();
    world.set_disk(Disk {
        bytes: Some(used + used * 3 / 4),
        says: Estimate::Honest { log: used * 3 / 4 },
    });
}

/// No room.
pub fn full(world: &World) {
    let used = world.database().bytes();
    world.set_disk(Disk {
        bytes: Some(used),
        says: Estimate::Honest { log: 0 },
    });
}

/// As much as anybody wants.
pub fn roomy(world: &World) {
    world.set_disk(Disk::default());
}

fn all() -> Config {
    Config {
        scope: Scope::All,
        ..config()
    }
}

/// There is little room, once there is a replica.
pub(crate) fn cramped() -> Vec<Journey> {
    let begun = |journey| Journey { before: 2, ..journey };
    begun_anywhere().into_iter().map(begun).collect()
}

fn begun_anywhere() -> Vec<Journey> {
    let migrated = |name, room: fn(&World), config, ask: Ask| {
        let steps = [
            Step::World(room),
            Step::World(edit),
            Step::World(deploy),
            Step::Ask(ask),
        ];
        journey(name, Some(all_changed()), config, &steps, &[OK])
    };
    vec![
        migrated("there is room for one table at a time", tight, config(), Ask::Check),
        migrated(
            "there is less room than the browser says",
            deceptive,
            config(),
            Ask::Check,
        ),
        journey(
            "there is room for nothing beside the old tables",
            Some(all_changed()),
            config(),
            &[
                Step::World(tiny),
                Step::World(edit),
                Step::World(deploy),
                CHECK,
                // Where the browser does not say so when it is asked, the old tables stay, and nothing new fits.
                Step::World(roomy),
            ],
            &[OK],
        ),
        migrated(
            "every table is built anew, one at a time, because one has changed",
            tight,
            all(),
            Ask::Check,
        ),
        journey(
            "every table is built anew, one at a time, because the app says so",
            None,
            config(),
            &[Step::World(tight), Step::Ask(Ask::Force { version: None })],
            &[OK],
        ),
        journey(
            "there is no room, and then there is",
            Some(all_changed()),
            config(),
            &[
                Step::World(full),
                Step::World(deploy),
                CHECK,
                Step::World(roomy),
                Step::Reopen,
                CHECK,
                CHECK,
            ],
            &[Err(ErrorCode::StorageFull), OK, SAME],
        ),
    ]
}
