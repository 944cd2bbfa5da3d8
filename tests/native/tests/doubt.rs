//! Transactions that are committed and told as failed: what is followed afterwards is what is stored, not what was known.

use electric_replica_core::config::{Config, Strategy};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::Status;
use electric_replica_core::fakes::{Fault, Kind, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::record::RecordState;
use electric_replica_tests::{YES, ask, config, following, row, starts};

type Way = fn() -> (World, Replica<Tab>, Ask);

/// A replica just before it is asked for something, and what.
const WAYS: [(&str, Way); 5] = [
    ("a swap", || deployed(config(), 1)),
    ("a rebuild in place", || {
        let strategy = Strategy::InPlace;
        deployed(Config { strategy, ..config() }, 1)
    }),
    ("an adoption", || {
        let (world, replica) = following(config());
        // The same structure under another name.
        world.rename_release(0, "1b");
        (world, replica, Ask::Check)
    }),
    ("a rollback", || {
        let keep_previous_ms = 600_000;
        let (world, replica, check) = deployed(
            Config {
                keep_previous_ms,
                ..config()
            },
            1,
        );
        assert_eq!(ask(&world, &replica, check), YES);
        (world, replica, Ask::Rollback)
    }),
    ("a purge", || {
        let (world, replica) = following(config());
        (world, replica, Ask::Purge)
    }),
];

fn deployed(config: Config, release: usize) -> (World, Replica<Tab>, Ask) {
    let (world, replica) = following(config);
    world.deploy(release);
    (world, replica, Ask::Check)
}

/// Nobody calls again: the tab finds out by itself.
#[test]
fn whatever_was_done_and_told_as_failed_is_followed_as_it_is_stored() {
    for (what, way) in WAYS {
        let (world, replica, wanted) = way();
        let from = world.calls().len();
        let _ = ask(&world, &replica, wanted);
        let calls = world.calls();
        let numbered = calls.iter().enumerate().skip(from);
        let transactions: Vec<usize> = numbered
            .filter(|(_, call)| call.kind == Kind::Transact)
            .map(|(number, _)| number)
            .collect();
        assert!(transactions.len() > 1, "{what}");
        for call in transactions {
            for code in [ErrorCode::DatabaseFailed, ErrorCode::StorageFull] {
                let (world, replica, wanted) = way();
                world.plan_fault(call, Fault::ErrorAfter(code));
                let _ = ask(&world, &replica, wanted);
                world.pass(5_000);
                world.write(vec![("posts", row("id=2, title=second"))]);
                world.pass(60_000);
                let db = world.database();
                let Some(record) = db.read_record() else {
                    assert!(db.own_tables().is_empty(), "{what}, call {call}, {code:?}");
                    continue;
                };
                assert_eq!(
                    replica.record().as_ref(),
                    Some(&record),
                    "{what}, call {call}, {code:?}"
                );
                let posts = db.app.tables.get("posts").map_or(0, |posts| posts.rows().len());
                // What an in-place rebuild has begun waits for the next check.
                let follows = record.held.is_none() && record.state == RecordState::Whole;
                assert!(
                    !follows || posts == 2,
                    "{what}, call {call}, {code:?}: {:?}",
                    replica.status()
                );
            }
        }
    }
}

/// A page whose every transaction is told as failed does not ask without pause (R10: the world counts).
#[test]
fn changes_that_were_applied_and_told_as_failed_are_applied_once() {
    let (world, replica) = following(config());
    for n in 3..20 {
        let next = world.calls().len();
        world.write(vec![("users", row(&format!("id={n}, name=new")))]);
        world.run(5_000, |world, _| {
            let calls = world.calls();
            let is_applied = |call: &electric_replica_core::fakes::Call| call.kind == Kind::Transact;
            calls.iter().skip(next).any(is_applied).then_some(())
        });
        let applied = world.calls().iter().rposition(|call| call.kind == Kind::Transact);
        world.plan_fault(
            applied.unwrap_or_default() + 2,
            Fault::ErrorAfter(ErrorCode::DatabaseFailed),
        );
        world.delete("users", &[&n.to_string()]);
        world.pass(3_000);
    }
    world.pass(120_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

/// Applied again, the update would meet no row: the table would count as one whose changes do not fit, and be fetched anew.
#[test]
fn an_update_of_a_row_that_is_deleted_after_it_is_not_applied_again() {
    let change = |world: &World| {
        world.write(vec![("users", row("id=7, name=new"))]);
        world.pass(5_000);
        let from = world.calls().len();
        let users = || "users".to_owned();
        world.commit(vec![
            (users(), Ok(row("id=7, name=newer"))),
            (users(), Err(vec!["7".to_owned()])),
        ]);
        world.pass(5_000);
        let calls = world.calls();
        let mut later = calls.iter().enumerate().skip(from);
        later.find(|(_, call)| call.kind == Kind::Transact).map(|(at, _)| at)
    };
    let (world, _replica) = following(config());
    let applied = change(&world);

    let (world, replica) = following(config());
    world.plan_fault(
        applied.unwrap_or_default(),
        Fault::ErrorAfter(ErrorCode::DatabaseFailed),
    );
    assert_eq!((change(&world), applied.is_some()), (applied, true));
    world.pass(60_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(starts(&world).len(), 1, "the first load, and no other");
}
