//! What makes a replica look at the server's version, and how often at the most.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Fault, Kind, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{config, following, row, rows, starts};

fn looks(world: &World) -> usize {
    world.calls().into_iter().filter(|call| call.what == "Version").count()
}

/// PGlite refuses what the tail applies: what is there may not be what the server has.
#[test]
fn a_change_that_cannot_be_applied_has_the_version_looked_at_and_the_table_built_anew() {
    let mut refused = 0;
    for after in 0..12 {
        let (world, _replica) = following(config());
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
