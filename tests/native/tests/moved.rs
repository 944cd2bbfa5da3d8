//! A database that tabs share, with `relaxedDurability`: the tab that runs it ends, and takes along what it had told as stored.

use std::cell::RefCell;
use std::rc::Rc;

use electric_replica_core::config::{Config, Limits, Strategy};
use electric_replica_core::driver::Replica;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Habits, Kind, ModelDatabase, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{NO, POSTS, ask, config, release, row};

/// At `at_ms` from now the tab that runs the database ends, and with it what was done in the `lost_ms` before.
fn lose(world: &World, replica: &Replica<Tab>, at_ms: u64, lost_ms: u64) {
    let files: Rc<RefCell<ModelDatabase>> = Rc::default();
    let (kept, found) = (Rc::clone(&files), files);
    world.after(at_ms.saturating_sub(lost_ms), move |world| {
        kept.replace(world.database().clone());
    });
    let replica = replica.clone();
    world.after(at_ms, move |world| {
        world.move_database(found.take());
        replica.tell(Ask::Moved);
    });
}

/// The replica comes to be as the server has it, and goes on so.
fn arrives(world: &World, replica: &Replica<Tab>, what: &str) {
    world.pass(60_000);
    world.write(vec![("users", row("id=900, name=late"))]);
    world.pass(60_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready), "{what}");
    assert_eq!(replica.record(), world.database().read_record(), "{what}");
}

/// A tab of a world where loads come in small pieces, and the log in several.
fn in_pieces(config: Config) -> (World, Replica<Tab>) {
    let limits = Limits {
        piece_bytes: 64,
        ..config.limits
    };
    let releases = ["users: id int4 | name text", "users: id int4 | name text | age int4"];
    let releases = releases
        .iter()
        .zip(["1", "2"])
        .map(|(users, tag)| release(tag, &[users, POSTS]));
    let world = World::new(releases.collect(), Config { limits, ..config });
    world.set_habits(Habits {
        chunk_rows: 10,
        log_rows: 5,
        ..Habits::default()
    });
    let users = (0..60).map(|id| ("users", row(&format!("id={id}, name=n{id}"))));
    let posts = (0..30).map(|id| ("posts", row(&format!("id={id}, title=t{id}"))));
    world.write(users.chain(posts).collect());
    let replica = world.open();
    (world, replica)
}

fn loaded(config: Config) -> (World, Replica<Tab>) {
    let (world, replica) = in_pieces(config);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(2_000);
    (world, replica)
}

/// Rows are written all the time.
fn go_on_writing(world: &World) {
    for nth in 0..40 {
        world.after(nth * 5, move |world| {
            world.write(vec![
                ("users", row(&format!("id={}, name=w{nth}", 100 + nth % 7))),
                ("posts", row(&format!("id={}, title=w{nth}", 200 + nth))),
            ]);
            if nth % 5 == 4 {
                world.delete("users", &[&(nth * 3 / 2).to_string()]);
            }
        });
    }
}

type Act = fn() -> (World, Replica<Tab>);

/// What is under way, or about to be.
const ACTS: [(&str, Act); 5] = [
    ("a first load", || in_pieces(config())),
    ("live changes", || loaded(config())),
    ("a migration", || {
        let (world, replica) = loaded(config());
        world.deploy(1);
        (world, replica)
    }),
    ("a migration in place", || {
        let (world, replica) = loaded(Config {
            strategy: Strategy::InPlace,
            ..config()
        });
        world.deploy(1);
        (world, replica)
    }),
    ("a version of the same structure", || {
        let (world, replica) = loaded(config());
        world.rename_release(0, "1b");
        (world, replica)
    }),
];

#[test]
fn whatever_goes_with_the_tab_that_ran_the_database_is_fetched_again() {
    let mut tried = 0;
    for (what, act) in ACTS {
        let (world, replica) = act();
        go_on_writing(&world);
        let begun = world.now_ms();
        assert!(ask(&world, &replica, Ask::Check).is_some(), "{what}");
        let ms = 250.max(world.now_ms() - begun);
        for at_ms in (1..ms + 20).step_by(5) {
            for lost_ms in [3, 40] {
                let (world, replica) = act();
                go_on_writing(&world);
                lose(&world, &replica, at_ms, lost_ms);
                let outcome = ask(&world, &replica, Ask::Check);
                assert!(
                    matches!(outcome, Some(Ok(_))),
                    "{what}, {lost_ms} ms before {at_ms}: {outcome:?}"
                );
                arrives(&world, &replica, &format!("{what}, {lost_ms} ms before {at_ms}"));
                tried += 1;
            }
        }
    }
    println!("tried: databases that moved to another tab and lost what was last done: {tried}");
}

#[test]
fn what_was_dropped_and_comes_back_is_dropped_again_and_not_fetched() {
    let (world, replica) = loaded(config());
    let files = world.database().clone();
    assert_eq!(ask(&world, &replica, Ask::Purge), NO);
    assert_eq!(world.database().own_tables(), [""; 0]);
    world.move_database(files);
    replica.tell(Ask::Moved);
    world.pass(120_000);
    assert_eq!(
        (world.database().own_tables(), replica.status()),
        (vec![], Status::Idle)
    );
    let starts = world
        .events()
        .iter()
        .filter(|(_, event)| matches!(event, Event::Start { .. }))
        .count();
    assert_eq!(starts, 1);
}

/// Another tab leads, or none: whatever it finds is for that one to look at.
#[test]
fn a_tab_that_was_never_called_does_nothing_when_the_database_moves() {
    let (world, _leads) = loaded(config());
    let idle = world.open();
    let before = world.calls().len();
    idle.tell(Ask::Moved);
    world.pass(1_000);
    let calls = world.calls().split_off(before);
    assert!(calls.iter().all(|call| call.kind != Kind::Lead), "{calls:?}");
    assert_eq!(idle.status(), Status::Idle);
}
