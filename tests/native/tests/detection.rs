//! What makes a replica look at the server's version, and how often at the most.

use electric_replica_core::config::{Config, Limits};
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::Status;
use electric_replica_core::fakes::{Fault, Kind, Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{NO, ask, config, following, release, row, rows, starts};

fn looks(world: &World) -> usize {
    world.calls().into_iter().filter(|call| call.what == "Version").count()
}

/// PGlite refuses what the tail applies: what is there may not be what the server has.
#[test]
fn a_change_that_cannot_be_applied_has_the_version_looked_at_and_the_table_built_anew() {
    let mut refused = 0;
    for after in 0..12 {
        let (world, _replica) = following(config());
        // Until all that follows from the first load is done.
        world.pass(10_000);
        let (before, call) = (looks(&world), world.calls().len() + after);
        world.plan_fault(call, Fault::Error(ErrorCode::RowRefused));
        world.write(vec![("users", row("id=3, name=three"))]);
        world.pass(10_000);
        assert_eq!((world.difference(), rows(&world, "users")), (None, 3));
        // Of all that follows from a write, one call is the transaction that applies it.
        if world.calls().get(call).is_some_and(|call| call.kind == Kind::Transact) {
            refused += 1;
            assert!(looks(&world) > before);
            assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
        }
    }
    assert!(refused > 0);
}

/// Focus, visibility and the network's return come together, and again and again.
#[test]
fn looks_that_come_one_upon_the_other_ask_once_in_the_throttles_time() {
    let (world, replica) = following(config());
    world.pass(10_000);
    let before = looks(&world);
    for _ in 0..100 {
        replica.tell(Ask::Look);
        replica.tell(Ask::Look);
        world.pass(200);
    }
    let asked = looks(&world) - before;
    assert!(
        (3..=5).contains(&asked),
        "{asked} looks in twenty seconds, with five between two"
    );
}

/// What a run has asked is what a look would ask.
#[test]
fn a_look_while_a_run_is_under_way_asks_nothing_of_its_own() {
    for ask in [Ask::Check, Ask::Force { version: None }] {
        let config = config();
        let limits = Limits {
            throttle_ms: 0,
            ..config.limits
        };
        let (world, replica) = following(Config { limits, ..config });
        world.deploy(1);
        let before = looks(&world);
        replica.tell(ask);
        let mut looked = 0;
        for _ in 0..400 {
            world.pass(5);
            if replica.status() == Status::Migrating {
                replica.tell(Ask::Look);
                looked += 1;
            }
        }
        assert_eq!((looks(&world) - before, world.difference()), (1, None));
        assert!(looked > 5, "{looked}");
    }
}

#[test]
fn a_manager_that_was_never_called_does_nothing_by_itself() {
    let world = World::new(vec![release("1", &["users: id int4"])], config());
    let replica = world.open();
    replica.tell(Ask::Look);
    replica.tell(Ask::Watch);
    world.pass(10_000);
    assert_eq!((world.calls().len(), replica.status()), (0, Status::Idle));
}

/// Trouble upon trouble is looked at ever later; but not for ever.
#[test]
fn the_first_trouble_for_a_while_is_looked_at_soon_whatever_came_before() {
    let looked_after_ms = |world: &World| {
        let (before, at) = (looks(world), world.now_ms());
        world.wipe_electric();
        world.run(600_000, |world, _| (looks(world) > before).then(|| world.now_ms() - at))
    };
    let (world, _replica) = following(config());
    world.pass(300_000);
    let first = looked_after_ms(&world);
    let upon_trouble = (0..12).map(|_| {
        world.pass(15_000);
        looked_after_ms(&world)
    });
    let last = upon_trouble.max().flatten();
    world.pass(600_000);
    let next = looked_after_ms(&world);
    assert!(
        first < Some(5_000) && last > Some(20_000) && next < Some(5_000),
        "{first:?} {last:?} {next:?}"
    );
}

/// Who logged out and comes back to the window does not want the rows back.
#[test]
fn what_was_dropped_is_not_fetched_again_because_somebody_looks() {
    let (world, replica) = following(config());
    assert_eq!(ask(&world, &replica, Ask::Purge), NO);
    world.pass(10_000);
    let before = looks(&world);
    replica.tell(Ask::Look);
    world.pass(10_000);
    assert_eq!((looks(&world), replica.status()), (before, Status::Idle));
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!((looks(&world), world.difference()), (before + 1, None));
}

#[test]
fn streams_that_wait_for_an_electric_that_was_down_ask_at_once_when_somebody_looks() {
    let opened = |world: &World| world.calls().into_iter().filter(|call| call.kind == Kind::Open).count();
    for seed in 1..20 {
        let (world, replica) = following(config());
        world.seed(seed);
        world.set_electric_down(true);
        // By now they wait half a minute, and a quarter at the least.
        world.pass(600_000);
        world.set_electric_down(false);
        let before = opened(&world);
        replica.tell(Ask::Look);
        world.pass(100);
        assert!(opened(&world) >= before + 2, "with chance {seed}");
    }
}

/// Tables are lost one after the other: what is known already is not put off by what comes to it.
#[test]
fn more_trouble_does_not_put_off_the_look_that_is_due() {
    let config = config();
    let limits = Limits {
        spread_ms: 60_000,
        ..config.limits
    };
    let looked_after_s = |seed: u64, losses: usize| {
        let (world, _replica) = following(Config {
            limits,
            ..config.clone()
        });
        world.seed(seed);
        let before = looks(&world);
        for (nth, table) in ["users", "posts"].into_iter().take(losses).enumerate() {
            world.after(1 + nth as u64 * 500, move |world| world.forget_shapes(table));
        }
        (0..120).find(|_| {
            world.pass(1_000);
            looks(&world) > before
        })
    };
    for seed in 1..20 {
        let (one, both) = (looked_after_s(seed, 1), looked_after_s(seed, 2));
        assert!(
            one.is_some() && both <= one,
            "{both:?} after {one:?}, with chance {seed}"
        );
    }
}

#[test]
fn a_server_that_was_down_is_asked_as_soon_as_a_stream_gets_an_answer_again() {
    for seed in 1..20 {
        let (world, replica) = following(config());
        world.seed(seed);
        world.set_temper(Temper::Down);
        world.set_electric_down(true);
        // No look so soon after the first check.
        world.pass(10_000);
        replica.tell(Ask::Look);
        // By now it asks every five minutes at the most, and Electric every half.
        world.pass(3_600_000);
        assert_eq!(replica.status(), Status::Offline);
        // Of the same structure: Electric tells of nothing.
        world.rename_release(0, "1b");
        world.set_temper(Temper::Up);
        world.set_electric_down(false);
        world.pass(35_000);
        assert_eq!(
            (world.difference(), replica.version().as_deref()),
            (None, Some("1b")),
            "with chance {seed}"
        );
    }
}
