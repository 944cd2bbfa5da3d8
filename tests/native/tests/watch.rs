//! What the watchdog finds, what it makes of it, and what it leaves alone.

use electric_replica_core::config::{Config, Remedy};
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Problem, Status, Wrong};
use electric_replica_core::fakes::{Fault, Temper, World};
use electric_replica_core::ident::Name;
use electric_replica_core::machine::{Against, Ask};
use electric_replica_core::plan::Reason;
use electric_replica_tests::{NO, YES, ask, config, following, lose_posts, row, starts};

const LOOK: Ask = Ask::Verify {
    against: Against::Record,
};

/// A replica whose app is to be asked before anything is put right.
fn told_only() -> Config {
    Config {
        remedy: Remedy::Tell,
        ..config()
    }
}

fn told(world: &World) -> Vec<(Vec<Problem>, bool)> {
    let unhealthy = |(_, event)| match event {
        Event::Unhealthy { problems, repairs } => Some((problems, repairs)),
        _ => None,
    };
    world.events().into_iter().filter_map(unhealthy).collect()
}

fn users(wrong: Wrong) -> Vec<Problem> {
    let table = Name::parse("users").ok();
    table.map(|table| Problem { table, wrong }).into_iter().collect()
}

#[test]
fn a_row_that_other_code_deleted_is_told_and_fetched_again_under_the_rows_that_are_left() {
    let (world, replica) = following(config());
    world.write(vec![
        ("users", row("id=9, name=nine")),
        ("users", row("id=8, name=eight")),
    ]);
    world.delete("users", &["8"]);
    world.pass(1_000);
    assert_eq!(ask(&world, &replica, LOOK), YES);
    let found = u64::try_from(world.server_rows("users").unwrap().len()).unwrap() - 1;
    world.tamper(|db| db.lose_row("users"));

    assert_eq!(ask(&world, &replica, LOOK), NO);
    let (expected, repairs) = (found + 1, true);
    assert_eq!(told(&world), [(users(Wrong::Rows { expected, found }), repairs)]);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(ask(&world, &replica, LOOK), YES);
}

/// The counts are moved by what the log does, whatever came before the rows were lost or after.
#[test]
fn a_lost_row_is_missed_by_a_later_page_too() {
    let (world, replica) = following(config());
    world.tamper(|db| db.lose_row("users"));
    world.write(vec![("users", row("id=9, name=nine"))]);
    world.pass(1_000);
    world.kill(replica.host().id());
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), NO);
    assert_eq!(ask(&world, &second, LOOK), NO);
    world.pass(3_000);
    assert_eq!((world.difference(), second.status()), (None, Status::Ready));
}

#[test]
fn what_is_wrong_is_told_and_left_alone_where_the_app_is_to_be_asked() {
    let (world, replica) = following(told_only());
    world.tamper(|db| db.lose_row("users"));
    assert_eq!(ask(&world, &replica, LOOK), NO);
    assert!(matches!(told(&world).as_slice(), [(_, false)]));
    world.pass(60_000);
    assert_eq!((starts(&world), replica.status()), (vec![Reason::First], Status::Ready));
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
    assert_eq!(ask(&world, &replica, LOOK), YES);
}

#[test]
fn a_table_that_other_code_emptied_or_dropped_is_told_by_its_seal() {
    let hands: [fn(&World); 2] = [
        |world| world.tamper(|db| db.truncate("users")),
        |world| world.tamper(|db| drop(db.app.tables.remove("users"))),
    ];
    for hand in hands {
        let (world, replica) = following(config());
        hand(&world);
        assert_eq!(ask(&world, &replica, LOOK), NO);
        assert_eq!(told(&world), [(users(Wrong::Structure), true)]);
        world.pass(3_000);
        assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    }
}

/// It needs no server, and says nothing of it.
#[test]
fn a_replica_without_a_server_is_compared_all_the_same() {
    let (world, replica) = following(config());
    world.set_temper(Temper::Down);
    world.set_electric_down(true);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!((ask(&world, &replica, LOOK), replica.status()), (YES, Status::Offline));
    world.tamper(|db| db.lose_row("users"));
    assert_eq!((ask(&world, &replica, LOOK), replica.status()), (NO, Status::Offline));
    world.set_temper(Temper::Up);
    world.set_electric_down(false);
    world.pass(300_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

/// A comparison is no check: a table whose shape is lost is fetched anew as soon as it would have been without one.
#[test]
fn a_comparison_makes_nothing_wait_that_is_due_already() {
    for against in [Against::Record, Against::Server] {
        let (world, replica) = following(config());
        lose_posts(&world);
        world.pass(100);
        assert_eq!(ask(&world, &replica, Ask::Verify { against }), YES);
        world.pass(20_000);
        assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
        assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    }
}

/// Whatever goes wrong while it looks and mends, and whenever the page is killed: the next look finds the rest.
#[test]
fn a_look_that_is_cut_off_anywhere_is_made_good_by_the_next_one() {
    let mut tried = 0;
    for call in 0.. {
        let mut over = true;
        for fault in [
            Fault::KillBefore,
            Fault::KillAfter,
            Fault::Error(ErrorCode::DatabaseFailed),
        ] {
            let (world, replica) = following(config());
            world.tamper(|db| db.lose_row("users"));
            let before = world.calls().len();
            world.plan_fault(before + call, fault);
            let _ = world.ask(&replica, LOOK);
            world.pass(5_000);
            over &= world.calls().len() < before + call;
            tried += 1;
            world.plan_fault(usize::MAX, fault);
            let last = if world.lives(replica.host().id()) {
                replica
            } else {
                world.open()
            };
            let _ = world.ask(&last, LOOK);
            world.pass(60_000);
            assert_eq!(ask(&world, &last, LOOK), YES, "call {call}, {fault:?}");
            assert_eq!(world.difference(), None, "call {call}, {fault:?}");
        }
        if over || call > 60 {
            break;
        }
    }
    eprintln!("{tried} tried");
    assert!(tried > 30);
}
