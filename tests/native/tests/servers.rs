//! What servers, Electric and what stands before it do to a whole replica, and what it bears: docs/SPEC.md lists them.
//! Whatever they do, the old rows stay, the requests have a bound, and in the end the replica is the server's.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Between, Call, Habits, Kind, Tab, Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{NO, ask, config, following, release, requests_in, row, rows, starts};

const MINUTE_MS: u64 = 60_000;
const THIRD: &str = "id=3, name=three, age=3";

/// Lets the world come to its end: the replica is whole and the server's.
fn arrive(world: &World, replica: &Replica<Tab>) {
    replica.tell(Ask::Look);
    let there = world.run(10 * MINUTE_MS, |world, _| {
        (world.difference().is_none() && replica.status() == Status::Ready).then_some(())
    });
    let wrong = world.difference();
    assert!(there.is_some(), "{:?}: {wrong:?}", replica.status());
}

/// How many rebuilds were announced of which rows were loaded to their end.
fn rebuilt(world: &World) -> usize {
    let ended = |(_, event): &(u32, Event)| matches!(event, Event::Complete { tables, .. } if !tables.is_empty());
    world.events().iter().filter(|event| ended(event)).count()
}

fn codes(world: &World) -> Vec<ErrorCode> {
    let code = |(_, event)| match event {
        Event::Failed { error, .. } => Some(error.code()),
        _ => None,
    };
    world.events().into_iter().filter_map(code).collect()
}

// ---- Electric is behind, or changes under a load -----------------------------------------------------------------------

/// A table is changed at every moment of its first load: between two chunks, within one, before and after.
#[test]
fn a_table_that_is_changed_at_any_moment_of_its_load_ends_as_the_server_has_it() {
    let table = |columns: &str| format!("users: id int4 | {columns}");
    for ms in (0..120).step_by(2) {
        let (one, two) = (table("name text"), table("name text | age int4"));
        let world = World::new(vec![release("1", &[&one]), release("2", &[&two])], config());
        world.write(
            (0..12)
                .map(|id| ("users", row(&format!("id={id}, name=n{id}"))))
                .collect(),
        );
        let replica = world.open();
        world.after(ms, |world| {
            world.deploy(1);
            world.write(vec![("users", row("id=90, name=late, age=9"))]);
        });
        assert_eq!(ask(&world, &replica, Ask::Check), NO, "after {ms} ms");
        world.pass(1_000);
        arrive(&world, &replica);
        assert_eq!(replica.version().as_deref(), Some("2"), "after {ms} ms");
    }
}

/// For a minute Electric has the old structure for whoever asks anew, and nothing is written meanwhile.
#[test]
fn a_minute_in_which_electric_serves_what_was_is_waited_out_with_the_old_rows_in_sight() {
    let (world, replica) = following(config());
    world.set_habits(Habits {
        notice_ms: MINUTE_MS,
        notices_at_write: false,
        ..Habits::default()
    });
    world.deploy(1);
    replica.tell(Ask::Look);
    for _ in 0..11 {
        let requests = requests_in(&world, 5_000);
        assert!(requests <= 5, "{requests} requests in five seconds");
        assert_eq!((rows(&world, "users"), replica.version().as_deref()), (2, Some("1")));
    }
    arrive(&world, &replica);
    assert_eq!((rebuilt(&world), replica.version().as_deref()), (2, Some("2")));
}

/// The table is gone on the server, which Electric answers with a 400 for ever; the endpoints go on announcing it.
#[test]
fn a_table_that_electric_refuses_for_ever_keeps_its_old_rows_and_holds_no_other_up() {
    let lines = ["users: id int4 | name text", "posts: id int4 | title text"];
    let world = World::new(vec![release("1", &lines), release("2", &lines[1..])], config());
    world.write(vec![
        ("users", row("id=1, name=one")),
        ("posts", row("id=1, title=first")),
    ]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    world.migrate(1);

    world.pass(30 * MINUTE_MS);
    assert_eq!(rows(&world, "users"), 1);
    assert!(
        codes(&world).iter().all(|code| *code == ErrorCode::ShapeRejected),
        "{:?}",
        codes(&world)
    );
    let requests = requests_in(&world, 10 * MINUTE_MS);
    assert!(requests <= 300, "{requests} requests in ten minutes");
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(5_000);
    assert_eq!(rows(&world, "posts"), 2);

    world.announce(1);
    arrive(&world, &replica);
    assert_eq!(rows(&world, "users"), 0);
}

/// Every shape and handle is another, and so is what a shape's log begins with.
#[test]
fn electric_started_again_with_nothing_stored_is_one_rebuild_with_the_old_rows_in_sight() {
    let (world, replica) = following(config());
    world.wipe_electric();
    world.write(vec![
        ("users", row("id=3, name=three")),
        ("posts", row("id=2, title=second")),
    ]);
    world.run(MINUTE_MS, |world, _| {
        assert!(rows(world, "users") >= 2 && rows(world, "posts") >= 1);
        world.difference().is_none().then_some(())
    });
    arrive(&world, &replica);
    assert_eq!(
        (starts(&world), rebuilt(&world)),
        (vec![Reason::First, Reason::Repair], 2)
    );
}

/// Electric loses a shape again and again, for five minutes: 409 upon 409.
#[test]
fn a_storm_of_lost_shapes_is_borne_with_few_requests_and_the_old_rows_in_sight() {
    let (world, replica) = following(config());
    for ms in (0..5 * MINUTE_MS).step_by(700) {
        world.after(ms, World::wipe_electric);
    }
    let before = world.snapshots();
    for _ in 0..30 {
        let requests = requests_in(&world, 10_000);
        assert!(requests <= 100, "{requests} requests in ten seconds");
        assert_eq!((rows(&world, "users"), rows(&world, "posts")), (2, 1));
    }
    let loads = world.snapshots() - before;
    assert!(loads <= 150, "{loads} loads in five minutes");
    arrive(&world, &replica);
}

/// Electric loses a shape faster than it can be read, for an hour.
#[test]
fn a_shape_that_is_lost_for_ever_is_told_in_minutes_and_leaves_the_old_rows_in_sight() {
    let (world, replica) = following(config());
    world.write(
        (10..40)
            .map(|id| ("users", row(&format!("id={id}, name=n{id}"))))
            .collect(),
    );
    world.pass(5_000);
    for ms in (0..60 * MINUTE_MS).step_by(25) {
        world.after(ms, World::wipe_electric);
    }
    world.pass(10 * MINUTE_MS);
    assert!(
        codes(&world).contains(&ErrorCode::ShapeUnreachable),
        "{:?}",
        codes(&world)
    );
    let requests = requests_in(&world, 10 * MINUTE_MS);
    assert!(requests <= 600, "{requests} requests in ten minutes");
    assert_eq!((rows(&world, "users"), rows(&world, "posts")), (32, 1));
    world.pass(40 * MINUTE_MS);
    arrive(&world, &replica);
}

// ---- the endpoints -----------------------------------------------------------------------------------------------------

/// A deploy that replaces one server after the other: for twenty minutes each answer is the old version's or the new
/// one's, and somebody comes to the window all the time.
#[test]
fn a_rolling_deploy_that_answers_old_and_new_in_turn_is_one_rebuild() {
    for seed in 1..30 {
        let (world, replica) = following(config());
        world.seed(seed * 7_919);
        world.deploy(1);
        world.set_temper(Temper::InTurn(0, 1));
        world.write(vec![("users", row(THIRD))]);
        for _ in 0..200 {
            world.pass(6_000);
            replica.tell(Ask::Look);
        }
        // Each time nothing comes of it, one answer more is wanted: half as many of some three hundred follow.
        let begun = starts(&world).len();
        assert!(begun <= 10, "{begun} rebuilds were begun, with chance {seed}");
        world.set_temper(Temper::Up);
        world.announce(1);
        arrive(&world, &replica);
        assert_eq!(
            rebuilt(&world),
            2,
            "the first set-up and one rebuild, with chance {seed}"
        );
    }
}

#[test]
fn a_server_that_goes_back_for_good_is_followed_once_it_has_said_so_twice() {
    let (world, replica) = following(config());
    world.deploy(1);
    world.write(vec![("users", row(THIRD))]);
    arrive(&world, &replica);
    world.deploy(0);
    world.write(vec![("users", row("id=4, name=four"))]);
    arrive(&world, &replica);
    assert_eq!((replica.version().as_deref(), rebuilt(&world)), (Some("1"), 3));
}

/// Nothing comes of believing it while Electric is down. However long that is, a run has a bound.
#[test]
fn a_server_that_went_back_while_electric_is_down_is_not_asked_more_and_more() {
    let (world, replica) = following(config());
    world.deploy(1);
    world.write(vec![("users", row(THIRD))]);
    arrive(&world, &replica);
    world.deploy(0);
    world.set_electric_down(true);
    let pass = |minutes: u64| {
        for _ in 0..minutes {
            replica.tell(Ask::Look);
            world.pass(MINUTE_MS);
        }
    };
    pass(240);
    let before = world.calls().len();
    pass(30);
    let version = |call: &&Call| call.kind == Kind::Ask && call.what == "Version";
    let asked = world.calls().split_off(before).iter().filter(version).count();
    assert!(asked <= 400, "{asked} in half an hour");
    world.set_electric_down(false);
    world.write(vec![("users", row("id=4, name=four"))]);
    arrive(&world, &replica);
    assert_eq!(replica.version().as_deref(), Some("1"));
}

// ---- what stands between -----------------------------------------------------------------------------------------------

/// T15. The cache has the answers of before the migration, and goes on giving them for an hour.
#[test]
fn a_cache_that_keeps_what_was_is_asked_past() {
    let (world, replica) = following(config());
    world.set_between(Between::Cache {
        ms: 60 * MINUTE_MS,
        blind_to: &[],
    });
    // A page that is loaded anew has its first answers from Electric, and leaves them in the cache.
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), Some(Ok(true)));
    world.pass(MINUTE_MS);
    world.deploy(1);
    world.write(vec![("users", row(THIRD))]);
    arrive(&world, &replica);
    assert_eq!(replica.version().as_deref(), Some("2"));
}

/// T15. It tells requests apart by neither of the parameters that are to get past it: the dead handle is answered for ever.
#[test]
fn a_cache_that_answers_an_expired_handle_for_ever_is_told_and_leaves_the_old_rows() {
    let (world, replica) = following(config());
    world.set_between(Between::Cache {
        ms: u64::MAX / 2,
        blind_to: &["expired_handle", "cache-buster", "cursor", "live", "handle"],
    });
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), Some(Ok(true)));
    world.deploy(1);
    world.write(vec![("users", row(THIRD))]);
    replica.tell(Ask::Look);
    let mut most = 0;
    for _ in 0..120 {
        most = most.max(requests_in(&world, 10_000));
        assert_eq!((rows(&world, "users"), rows(&world, "posts")), (2, 1));
    }
    assert!(most <= 100, "{most} requests in ten seconds");
    let told = codes(&world);
    assert!(!told.is_empty(), "nothing was told");
    let known = [ErrorCode::ShapeProtocol, ErrorCode::SchemaMismatch];
    assert!(told.iter().all(|code| known.contains(code)), "{told:?}");
    assert_eq!(replica.version().as_deref(), Some("1"));

    world.set_between(Between::Nothing);
    arrive(&world, &replica);
    assert_eq!(replica.version().as_deref(), Some("2"));
}

/// Answers come twice, late, and in another order; each transaction of the replica still is a state that the server was in.
/// The second kind of cache answers a request with what it kept of an earlier place of the log.
#[test]
fn answers_that_come_twice_or_in_another_order_leave_no_row_wrong() {
    for blind_to in [&["cursor"][..], &["cursor", "live", "offset"]] {
        for seed in 1..20 {
            let (world, replica) = following(config());
            world.seed(seed * 104_729);
            world.set_between(Between::Several { blind_to });
            for id in 10..40 {
                let (name, title) = (format!("id={id}, name=n{id}"), format!("id={id}, title=t{id}"));
                world.write(vec![("users", row(&name)), ("posts", row(&title))]);
                if id % 7 == 0 {
                    world.delete("users", &[&(id - 1).to_string()]);
                }
                world.pass(1_500);
            }
            world.set_between(Between::Nothing);
            arrive(&world, &replica);
            let opened = world.calls().into_iter().filter(|call| call.kind == Kind::Open);
            assert!(opened.count() <= 3_000, "with chance {seed}");
        }
    }
}
