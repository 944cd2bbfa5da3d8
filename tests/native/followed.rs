//! A followed replica of two tables, and what is looked at in it.

use electric_replica_core::config::Config;
use electric_replica_core::driver::Replica;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Call, Kind, Says, Tab, World};
use electric_replica_core::host::Say;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;

use crate::player::Outcome;
use crate::short::{config, release, row};

/// A table that the first three releases leave as it is.
pub const POSTS: &str = "posts: id int4 | title text";
/// A call ended with no.
pub const NO: Option<Outcome> = Some(Ok(false));
/// A call ended with yes.
pub const YES: Option<Outcome> = Some(Ok(true));

/// A followed replica of two tables. The second release adds a column to users, the third takes one away, the fourth
/// changes posts.
#[must_use]
pub fn following(config: Config) -> (World, Replica<Tab>) {
    let releases = vec![
        release("1", &["users: id int4 | name text", POSTS]),
        release("2", &["users: id int4 | name text | age int4", POSTS]),
        release("3", &["users: id int4 | age int4", POSTS]),
        release(
            "4",
            &[
                "users: id int4 | name text | age int4",
                "posts: id int4 | title text | body text",
            ],
        ),
    ];
    let world = World::new(releases, config);
    world.write(vec![
        ("users", row("id=1, name=one")),
        ("users", row("id=2, name=two")),
        ("posts", row("id=1, title=first")),
    ]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    assert_eq!(replica.status(), Status::Ready);
    (world, replica)
}

/// The same, with the second release deployed, put off, and the server's first write after it.
#[must_use]
pub fn put_off() -> (World, Replica<Tab>) {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.write(vec![("users", row("id=3, name=three, age=3"))]);
    world.pass(10_000);
    (world, replica)
}

/// How a call ends; `None` where it is not answered.
#[must_use]
pub fn ask(world: &World, replica: &Replica<Tab>, ask: Ask) -> Option<Outcome> {
    world
        .ask(replica, ask)
        .map(|outcome| outcome.map_err(|error| error.code()))
}

/// How many rows a table of the replica has.
#[must_use]
pub fn rows(world: &World, table: &str) -> usize {
    world
        .database()
        .app
        .tables
        .get(table)
        .map_or(0, |table| table.rows().len())
}

/// Both tables are written on the server; after so many milliseconds the replica has what came to posts, and users stand
/// still.
pub fn only_posts_go_on(world: &World, users: &str, ms: u64) {
    world.write(vec![("posts", row("id=2, title=second")), ("users", row(users))]);
    world.pass(ms);
    assert_eq!((rows(world, "posts"), rows(world, "users")), (2, 2));
}

/// A shape is lost, and Electric says so with the next write to its table.
pub fn lose_posts(world: &World) {
    world.forget_shapes("posts");
    world.write(vec![("posts", row("id=2, title=second"))]);
}

/// The reasons of all rebuilds that were announced.
#[must_use]
pub fn starts(world: &World) -> Vec<Reason> {
    let reason = |(_, event)| match event {
        Event::Start { reason, .. } => Some(reason),
        _ => None,
    };
    world.events().into_iter().filter_map(reason).collect()
}

/// Calls of the next so many milliseconds that go past the tab.
#[must_use]
pub fn calls_in(world: &World, ms: u64) -> usize {
    next_calls(world, ms).len()
}

/// Those of them that somebody else has to answer: the server, or Electric.
#[must_use]
pub fn requests_in(world: &World, ms: u64) -> usize {
    let is_request = |call: &&Call| matches!(call.kind, Kind::Ask | Kind::Open);
    next_calls(world, ms).iter().filter(is_request).count()
}

fn next_calls(world: &World, ms: u64) -> Vec<Call> {
    let before = world.calls().len();
    world.pass(ms);
    world.calls().split_off(before)
}
