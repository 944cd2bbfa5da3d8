//! What Electric is slow to notice.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Step};
use electric_replica_core::fakes::{Between, Habits, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{ask, config, release, row};

/// T8, T14: every value of the old type fits into the new one, so that nothing but the head tells which the rows are of.
#[test]
fn rows_of_another_type_are_not_loaded_before_electric_says_that_type() {
    for wanted in ["int8", "text"] {
        let to = format!("users: id int4! | score {wanted}");
        let releases = vec![release("1", &["users: id int4! | score int4"]), release("2", &[&to])];
        let world = World::new(releases, config());
        world.write(vec![("users", row("id=1, score=7"))]);
        let replica = world.open();
        assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
        world.pass(1_000);
        world.set_habits(Habits {
            notice_ms: 60_000,
            notices_at_write: false,
            ..Habits::default()
        });
        world.deploy(1);
        assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)), "{wanted}");
        let events = world.events();
        let took = events.iter().find_map(|(_, event)| match event {
            Event::Complete {
                reason: Reason::Changed,
                duration_ms,
                ..
            } => Some(*duration_ms),
            _ => None,
        });
        assert!(took.is_some_and(|ms| ms > 55_000), "{wanted}: loaded after {took:?} ms");
        let waits = |event: &Event| matches!(event, Event::Progress(progress) if progress.step == Step::Waiting);
        assert!(
            events.iter().any(|(_, event)| waits(event)),
            "{wanted}: nobody is told of the wait"
        );
        assert_eq!(world.difference(), None, "{wanted}");
    }
}

/// The first chunk agrees each time, and is loaded: that is no reason to bear with the second for ever.
#[test]
fn a_load_that_agrees_with_one_chunk_and_never_with_the_next_is_told_in_its_time() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    world.set_habits(Habits {
        chunk_rows: 5,
        ..Habits::default()
    });
    world.write((0..20).map(|id| ("users", row(&format!("id={id}, name=n")))).collect());
    world.set_between(Between::Aged { table: "users" });
    let replica = world.open();
    let before = world.now_ms();
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::SchemaMismatch)));
    let patience_ms = config().limits.patience_ms;
    let took_ms = world.now_ms() - before;
    assert!((patience_ms..2 * patience_ms).contains(&took_ms), "{took_ms} ms");
    world.set_between(Between::Nothing);
    world.pass(600_000);
    assert_eq!(world.difference(), None, "it is tried again");
}
