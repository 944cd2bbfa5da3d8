//! Guards that a journey can do without, because another one behind them makes good what they let pass.

use std::future::Future as _;
use std::pin::pin;
use std::task::Poll;

use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Closes, Event};
use electric_replica_core::fakes::{Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};

/// A replica of the first of two releases.
fn following(world: &World) -> Replica<Tab> {
    world.write(vec![("users", row("id=1, name=one"))]);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(10_000);
    replica
}

fn world() -> World {
    let releases = vec![
        release("1", &["users: id int4! | name text"]),
        release("2", &["users: id int4! | name text | age int4"]),
        release("own", &["notes: id int4! | text text"]),
    ];
    World::new(releases, config())
}

fn starts(world: &World) -> usize {
    let is_start = |(_, event): &(u32, Event)| matches!(event, Event::Start { .. });
    world.events().iter().filter(|event| is_start(event)).count()
}

/// A rolling deploy answers from old and new servers in turn.
#[test]
fn a_server_that_looks_older_once_is_not_followed_back() {
    let world = world();
    let replica = following(&world);
    world.deploy(1);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    world.pass(10_000);
    let before = starts(&world);

    world.announce(0);
    world.after(1_000, |world| world.announce(1));
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(10_000);
    assert_eq!(starts(&world), before);
    assert_eq!(world.difference(), None);
}

/// R2: whoever was told of a rebuild is told of its end, also where that is the end of all.
#[test]
fn a_manager_that_is_closed_in_the_middle_of_a_rebuild_closes_what_it_told() {
    let world = world();
    let replica = following(&world);
    let before = starts(&world);
    // The endpoints say so before the schema is changed, so that the rebuild waits.
    world.announce(1);
    let mut check = pin!(replica.ask(Ask::Check));
    let begun = world.run(60_000, |world, context| {
        let ended = check.as_mut().poll(context).is_ready();
        (ended || starts(world) > before).then_some(ended)
    });
    assert_eq!(begun, Some(false));
    assert!(world.ask(&replica, Ask::Close).is_some_and(|outcome| outcome.is_ok()));
    let ends = world.events().into_iter().filter_map(|(_, event)| match event {
        Event::Failed {
            error,
            closes: Closes::Rebuild,
            ..
        } => Some(error.code()),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [ErrorCode::Closed]);
    let answered = world.run(1_000, |_, context| match check.as_mut().poll(context) {
        Poll::Ready(outcome) => Some(outcome.map_err(|error| error.code())),
        Poll::Pending => None,
    });
    assert_eq!(answered, Some(Err(ErrorCode::Closed)));
}

/// R4: what the app has beside the replica is none of ours.
#[test]
fn a_purge_leaves_the_apps_own_tables() {
    let world = world();
    world.stand_own_tables(2, &[("notes", row("id=1, text=mine"))]);
    let replica = following(&world);
    assert_eq!(world.ask(&replica, Ask::Purge), Some(Ok(false)));
    let database = world.database();
    let left: Vec<_> = database
        .app
        .tables
        .iter()
        .map(|(name, table)| (name.as_str(), table.rows().len()))
        .collect();
    assert_eq!(left, [("notes", 1)]);
}
