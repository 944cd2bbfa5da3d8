//! A computer's clock that is put back under a running page.

use electric_replica_core::config::Config;
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::Status;
use electric_replica_core::fakes::{Habits, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{NO, ask, config, release, row};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const HOUR_MS: u64 = 3_600_000;

/// More tables than there are live connections, followed for a while.
fn followed(config: Config) -> (World, Replica<Tab>) {
    let lines = NAMES.map(|name| format!("{name}: id int4 | v int4"));
    let more = NAMES.map(|name| format!("{name}: id int4 | v int4 | w int4"));
    let releases = vec![
        release("1", &lines.each_ref().map(String::as_str)),
        release("2", &more.each_ref().map(String::as_str)),
    ];
    let world = World::new(releases, config);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(20_000);
    (world, replica)
}

#[test]
fn rows_of_every_table_come_though_the_clock_is_put_back() {
    let (world, replica) = followed(config());
    for back_ms in [HOUR_MS, 1, 5_000] {
        world.put_clock_back(back_ms);
        for name in NAMES {
            world.write(vec![(name, row(&format!("id={back_ms}, v=2")))]);
            world.pass(200);
        }
        world.pass(60_000);
        assert_eq!(
            (world.difference(), replica.status()),
            (None, Status::Ready),
            "{back_ms} ms"
        );
    }
}

#[test]
fn a_rebuild_bears_with_a_server_no_longer_though_the_clock_is_put_back() {
    let (world, replica) = followed(config());
    let patience_ms = config().limits.patience_ms;
    world.set_habits(Habits {
        notice_ms: 3 * patience_ms,
        notices_at_write: false,
        ..Habits::default()
    });
    world.deploy(1);
    world.after(10_000, |world| world.put_clock_back(HOUR_MS));
    let before = world.now_ms();
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::SchemaMismatch)));
    assert!((patience_ms..2 * patience_ms).contains(&(world.now_ms() - before)));
}
