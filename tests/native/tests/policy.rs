//! The gate before a rebuild: what the app is asked, and what its answers do.

use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Says, World};
use electric_replica_core::host::Say;
use electric_replica_core::ident::Name;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{
    NO, POSTS, YES, ask, calls_in, config, following, only_posts_go_on, put_off, release, row, rows, starts,
};

const THIRD: &str = "id=3, name=three, age=3";

#[test]
fn a_first_replica_is_set_up_and_a_version_adopted_without_asking_the_app() {
    let releases = vec![
        release("1", &[POSTS]),
        release("2", &["posts: id int4 | title text | ix=by_title(title)"]),
    ];
    let world = World::new(releases, config());
    world.set_says(Says::AtOnce(Say::Later));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted(), []);
    assert_eq!(world.difference(), None);
}

#[test]
fn the_app_is_told_what_would_happen_before_it_does() {
    let (world, replica) = following(config());
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    let [upcoming] = world.consulted().try_into().unwrap();
    let tables: Vec<&str> = upcoming.tables.iter().map(Name::as_str).collect();
    assert_eq!(
        (upcoming.reason, upcoming.from.as_deref(), upcoming.to.as_str()),
        (Reason::Changed, Some("1"), "2")
    );
    assert_eq!((tables, upcoming.removed), (vec!["users"], vec![]));
}

#[test]
fn a_migration_that_is_put_off_leaves_the_old_rows_and_the_other_tables_live() {
    let (world, replica) = put_off();
    assert_eq!((rows(&world, "users"), replica.version().as_deref()), (2, Some("1")));
    world.write(vec![("posts", row("id=2, title=second"))]);
    world.pass(3_000);
    assert_eq!(rows(&world, "posts"), 2);
    assert_eq!(replica.status(), Status::Outdated);
    assert_eq!(starts(&world), [Reason::First]);
}

/// R10: the stopped table is neither polled nor loaded, and nobody asks for the version but those who look.
#[test]
fn a_table_that_waits_for_the_app_stands_still() {
    let (world, _replica) = put_off();
    let snapshots = world.snapshots();
    let before = world.calls().len();
    world.pass(600_000);
    let calls = world.calls().split_off(before);
    let about_users = calls.iter().filter(|call| call.what.contains("users"));
    assert_eq!(about_users.count(), 0);
    assert_eq!(calls.iter().filter(|call| call.what == "Version").count(), 0);
    assert_eq!(world.snapshots(), snapshots);
}

#[test]
fn the_app_is_not_asked_again_for_one_version_until_it_calls() {
    let (world, replica) = put_off();
    assert_eq!(world.consulted().len(), 1);
    for _ in 0..5 {
        world.pass(60_000);
        replica.tell(Ask::Look);
        world.pass(2_000);
    }
    assert_eq!((world.consulted().len(), replica.status()), (1, Status::Outdated));
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
}

#[test]
fn a_look_while_a_migration_is_put_off_asks_for_nothing_but_the_version() {
    let (world, replica) = put_off();
    let before = world.calls().len();
    replica.tell(Ask::Look);
    world.pass(1_000);
    let asked: Vec<String> = world
        .calls()
        .split_off(before)
        .into_iter()
        .map(|call| call.what)
        .collect();
    assert_eq!(asked.iter().filter(|what| *what == "Version").count(), 1);
    assert_eq!(asked.iter().filter(|what| *what == "Schemas").count(), 0);
}

#[test]
fn the_app_is_asked_again_when_the_server_has_yet_another_version() {
    let (world, replica) = put_off();
    world.deploy(2);
    replica.tell(Ask::Look);
    world.pass(10_000);
    let asked: Vec<String> = world.consulted().into_iter().map(|upcoming| upcoming.to).collect();
    assert_eq!(asked, ["2", "3"]);
}

#[test]
fn a_server_that_goes_back_ends_the_waiting() {
    let (world, replica) = put_off();
    world.set_says(Says::AtOnce(Say::Go));
    world.deploy(0);
    replica.tell(Ask::Look);
    world.pass(60_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    assert_eq!(replica.version().as_deref(), Some("1"));
}

/// A page that is loaded anew knows nothing of what was put off: it asks, and its table stands still again.
#[test]
fn a_new_page_asks_again_and_keeps_the_old_rows() {
    let (world, replica) = put_off();
    world.kill(replica.host().id());
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);
    world.write(vec![("posts", row("id=2, title=second"))]);
    let first = calls_in(&world, 60_000);
    assert_eq!((rows(&world, "users"), rows(&world, "posts")), (2, 2));
    assert_eq!(second.status(), Status::Outdated);
    assert!(first < 200, "R10: {first} calls in a minute");
}

#[test]
fn the_replica_stays_live_however_long_the_app_thinks() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.set_says(Says::Nothing);
    world.deploy(1);
    let second = world.open();
    second.tell(Ask::Check);
    world.pass(10_000);
    only_posts_go_on(&world, THIRD, 600_000);
    assert_eq!((second.status(), world.consulted().len()), (Status::Outdated, 1));
}

#[test]
fn an_app_that_thinks_long_is_asked_about_nothing_that_is_over() {
    let (world, replica) = following(config());
    world.set_says(Says::After(60_000, Say::Go));
    world.deploy(1);
    world.after(30_000, |world| world.deploy(2));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), replica.version().as_deref()), (None, Some("3")));
    assert_eq!((starts(&world).len(), world.consulted().len()), (2, 1));
    // What is announced is what will be done.
    let announced = world.events().into_iter().filter_map(|(_, event)| match event {
        Event::Start { to, .. } => Some(to),
        _ => None,
    });
    assert_eq!(announced.last().as_deref(), Some("3"));
}

#[test]
fn a_call_that_is_not_a_check_does_not_wait_for_the_app() {
    for (other, outcome) in [(Ask::Purge, NO), (Ask::Close, NO), (Ask::Force { version: None }, YES)] {
        let (world, replica) = following(config());
        world.set_says(Says::After(30_000, Say::Later));
        world.deploy(1);
        replica.tell(Ask::Check);
        world.pass(2_000);
        assert_eq!(world.consulted().len(), 1);
        if matches!(other, Ask::Force { .. }) {
            world.set_says(Says::AtOnce(Say::Go));
        }
        assert_eq!(ask(&world, &replica, other.clone()), outcome, "{other:?}");
        // The late answer to the first question comes, and is nobody's.
        let status = replica.status();
        world.pass(60_000);
        assert_eq!(replica.status(), status, "{other:?}");
    }
}

#[test]
fn whoever_waits_with_the_app_is_answered_when_the_replica_is_purged() {
    let (world, replica) = following(config());
    world.set_says(Says::Nothing);
    world.deploy(1);
    world.after(2_000, {
        let replica = replica.clone();
        move |_| replica.tell(Ask::Purge)
    });
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
}

#[test]
fn a_forced_rebuild_may_be_vetoed_and_is_not_put_off() {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), NO);
    assert_eq!((replica.status(), starts(&world).len()), (Status::Ready, 1));
    // Also where the server has something new.
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), NO);
    let asked: Vec<Reason> = world.consulted().into_iter().map(|upcoming| upcoming.reason).collect();
    assert_eq!(asked, [Reason::Forced, Reason::Forced]);
}

#[test]
fn a_hook_that_fails_leaves_the_old_replica_live() {
    let (world, replica) = following(config());
    world.set_says(Says::Fails);
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::HookFailed)));
    only_posts_go_on(&world, THIRD, 60_000);
    assert_eq!(
        (replica.status(), replica.version().as_deref()),
        (Status::Failed, Some("1"))
    );
    // A stopped table is tried again, ever more slowly.
    let calls = calls_in(&world, 600_000);
    assert!(calls < 500, "R10: {calls} calls in ten minutes");

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_call_that_joins_a_look_asks_the_app() {
    let (world, replica) = put_off();
    world.pass(60_000);
    replica.tell(Ask::Look);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.consulted().len(), 2);
}

#[test]
fn a_late_answer_is_not_the_answer_to_the_next_question() {
    let (world, replica) = following(config());
    world.set_says(Says::After(30_000, Say::Later));
    world.deploy(1);
    replica.tell(Ask::Check);
    world.pass(2_000);
    world.set_says(Says::After(60_000, Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), YES);
}

// ---- in the background ---------------------------------------------------------------------------------------------

#[test]
fn a_check_in_the_background_answers_as_soon_as_there_is_something_to_read() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.deploy(1);
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Background), NO);
    assert_eq!(starts(&world), [Reason::First]);
    world.pass(10_000);
    assert_eq!(
        (world.difference(), starts(&world)),
        (None, vec![Reason::First, Reason::Changed])
    );
}

#[test]
fn a_check_in_the_background_waits_where_there_is_nothing_to_read() {
    let world = World::new(vec![release("1", &[POSTS])], config());
    world.write(vec![("posts", row("id=1, title=first"))]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Background), NO);
    assert_eq!(rows(&world, "posts"), 1);
}
