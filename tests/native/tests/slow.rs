//! Loads that take ever longer, because of how PGlite was started.

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::event::Event;
use electric_replica_core::fakes::{Habits, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{NO, YES, ask, config, release, row};

/// How often it is told in two loads of some hundred rows, where files are made larger by that method.
fn told(extend_method: Option<&'static str>, slowing: bool) -> usize {
    let limits = Limits {
        piece_bytes: 64,
        ..config().limits
    };
    let world = World::new(
        vec![release(
            "1",
            &["users: id int4 | name text", "posts: id int4 | title text"],
        )],
        Config { limits, ..config() },
    );
    world.set_habits(Habits {
        chunk_rows: 20,
        ..Habits::default()
    });
    let users = (0..400).map(|id| ("users", row(&format!("id={id}, name=name {id}"))));
    let posts = (0..400).map(|id| ("posts", row(&format!("id={id}, title=title {id}"))));
    world.write(users.chain(posts).collect());
    world.tamper(|db| db.extend_method = extend_method);
    if slowing {
        world.set_slowing(5);
    }
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
    world.pass(1_000);
    assert_eq!(world.difference(), None);
    let is_told = |(_, event): &&(u32, Event)| matches!(event, Event::SlowLoads);
    world.events().iter().filter(is_told).count()
}

#[test]
fn loads_that_take_ever_longer_are_told_once_where_a_setting_mends_it() {
    assert_eq!(told(Some("posix_fallocate"), true), 1);
    assert_eq!(told(Some("write_zeros"), true), 0, "it is not that");
    assert_eq!(told(None, true), 0, "this Postgres has no other way");
    assert_eq!(told(Some("posix_fallocate"), false), 0, "nothing is slow");
}
