//! Rows that a sync of the app's own brings: when it is told to stop and to start, and what is so in between.

use electric_replica_core::config::{Config, Feed, Strategy};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Fault, Kind, Says, Tab, Temper, World};
use electric_replica_core::host::Say;
use electric_replica_core::machine::{Against, Ask};
use electric_replica_core::plan::Scope;
use electric_replica_core::record::RecordState;
use electric_replica_tests::{config, release, row};

fn world() -> World {
    let releases = vec![
        release("1", &["users: id int4 | name text | ix=by_name(name)", "tags: id int4"]),
        release(
            "2",
            &[
                "users: id int4 | name text | age int4 | ix=by_name(name)",
                "tags: id int4",
            ],
        ),
    ];
    let world = World::new(
        releases,
        Config {
            strategy: Strategy::InPlace,
            scope: Scope::All,
            feed: Feed::App {
                keys: vec!["mine".to_owned()],
            },
            ..config()
        },
    );
    world.write(vec![("users", row("id=1, name=one")), ("tags", row("id=1"))]);
    world
}

/// What the app was told, and the transactions that touch tables, from a call on.
fn told(world: &World, from: usize) -> Vec<String> {
    let calls = world.calls().into_iter().skip(from);
    calls
        .filter_map(|call| match call.kind {
            Kind::Feed => Some(call.what),
            Kind::Transact if call.what.contains("putting the new tables in place") => Some("replace".to_owned()),
            Kind::Transact if call.what.starts_with("writing the replica's record") => Some("record".to_owned()),
            Kind::Open => Some("shape".to_owned()),
            _ => None,
        })
        .collect()
}

fn set_up(world: &World) -> Replica<Tab> {
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    replica
}

/// The call of this kind that comes next, if it does what it did the last time.
fn next_call(kind: Kind, what: &str) -> usize {
    let world = world();
    let replica = set_up(&world);
    let from = world.calls().len();
    world.deploy(1);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    let calls = world.calls();
    let at = calls
        .iter()
        .skip(from)
        .position(|call| call.kind == kind && call.what.contains(what));
    from + at.unwrap_or(usize::MAX / 2)
}

#[test]
fn the_apps_sync_is_stopped_before_tables_are_replaced_and_started_before_they_count_as_whole() {
    let world = world();
    let replica = set_up(&world);
    assert_eq!(told(&world, 0), ["Stop", "replace", "Start", "record"]);
    assert!(world.has_sync_state());
    let indexes = |world: &World| world.database().app.tables["users"].indexes().len();
    assert_eq!(indexes(&world), 1);

    let from = world.calls().len();
    world.deploy(1);
    world.write(vec![("users", row("id=2, name=two, age=2"))]);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    assert_eq!(told(&world, from), ["Stop", "replace", "Start", "record"]);
    assert_eq!(world.difference(), None);
    assert_eq!(indexes(&world), 1);
    assert_eq!(world.stored_version().as_deref(), Some("2"));
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn the_apps_sync_starts_once_a_page_and_only_after_the_server_was_asked() {
    let world = world();
    drop(set_up(&world));
    let first = world.feeder().unwrap();
    world.kill(first);

    let from = world.calls().len();
    world.set_temper(Temper::Down);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!((replica.status(), world.feeder()), (Status::Offline, None));
    world.set_temper(Temper::Up);
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(told(&world, from), ["Start"]);
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn tables_stay_as_they_were_where_the_apps_sync_does_not_stop() {
    let world = world();
    world.plan_fault(next_call(Kind::Feed, "Stop"), Fault::Error(ErrorCode::SyncFailed));
    let replica = set_up(&world);
    let before = world.database().app.tables["users"].columns();
    world.deploy(1);
    let outcome = world.ask(&replica, Ask::Check).unwrap().map_err(|error| error.code());
    assert_eq!(outcome, Err(ErrorCode::SyncFailed));
    assert_eq!(world.database().app.tables["users"].columns(), before);
    let record = world.database().read_record().unwrap();
    assert_eq!(
        (record.state, record.version.version.as_str()),
        (RecordState::Whole, "1")
    );

    // Tried again by itself.
    world.pass(10_000);
    assert_eq!(world.difference(), None);
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn tables_whose_sync_does_not_start_are_replaced_again_by_the_next_run() {
    let world = world();
    world.plan_fault(next_call(Kind::Feed, "Start"), Fault::Error(ErrorCode::SyncFailed));
    let replica = set_up(&world);
    world.deploy(1);
    let from = world.calls().len();
    let outcome = world.ask(&replica, Ask::Check).unwrap().map_err(|error| error.code());
    assert_eq!(outcome, Err(ErrorCode::SyncFailed));
    assert_eq!(world.database().read_record().unwrap().state, RecordState::Rebuilding);
    assert_eq!(replica.status(), Status::Failed);

    world.pass(10_000);
    let again = ["Stop", "replace", "Start", "Stop", "replace", "Start", "record"];
    assert_eq!(told(&world, from), again);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_following_tab_starts_no_sync_until_it_leads() {
    let world = world();
    let first = set_up(&world);
    let second = world.open();
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
    assert_eq!(world.feeder(), Some(first.host().id()));

    // Handing the lead on stops the sync here first: the model's tables panic where two of them run.
    assert_eq!(world.ask(&first, Ask::Close), Some(Ok(false)));
    world.pass(5_000);
    assert_eq!(world.feeder(), Some(second.host().id()));
    world.write(vec![("users", row("id=2, name=two"))]);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_purge_leaves_nothing_that_the_apps_sync_could_resume_from() {
    let world = world();
    let replica = set_up(&world);
    assert_eq!(world.ask(&replica, Ask::Purge), Some(Ok(false)));
    assert_eq!((world.feeder(), world.has_sync_state()), (None, false));
    assert!(world.database().app.tables.is_empty());
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
}

/// R2: whoever closes meanwhile gets an answer, and so do those who waited.
#[test]
fn a_manager_that_is_closed_while_the_apps_sync_starts_stops_it_again() {
    let world = world();
    let replica = set_up(&world);
    world.deploy(1);
    replica.tell(Ask::Check);
    let starting = world.run(60_000, |world, _| (told(world, 0).len() == 7).then_some(()));
    assert_eq!(
        (starting, told(&world, 0).last().map(String::as_str)),
        (Some(()), Some("Start"))
    );
    assert_eq!(world.ask(&replica, Ask::Close), Some(Ok(false)));
    assert_eq!(told(&world, 0).last().map(String::as_str), Some("Stop"));
    assert_eq!((world.feeder(), world.is_led()), (None, false));
    let ends = world
        .events()
        .into_iter()
        .filter(|(_, event)| matches!(event, Event::Failed { .. }));
    assert_eq!(ends.count(), 1);

    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(true)));
    assert_eq!(world.difference(), None);
}

/// The server's rows are of another structure by now than the tables that stand.
#[test]
fn a_rebuild_that_is_put_off_starts_no_sync_in_a_new_page() {
    let world = world();
    let replica = set_up(&world);
    world.kill(replica.host().id());
    world.deploy(1);
    world.set_says(Says::AtOnce(Say::Later));
    let second = world.open();
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
    assert_eq!((world.feeder(), second.status()), (None, Status::Outdated));
    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(true)));
    assert_eq!(
        (world.feeder(), second.status()),
        (Some(second.host().id()), Status::Ready)
    );
}

/// They are of no place in a log that is known here.
#[test]
fn the_rows_of_the_apps_own_sync_are_not_compared_with_the_servers() {
    let world = world();
    let replica = set_up(&world);
    let from = world.calls().len();
    let against = Against::Server;
    assert_eq!(world.ask(&replica, Ask::Verify { against }), Some(Ok(true)));
    let verified = world.events().into_iter().find_map(|(_, event)| match event {
        Event::Verified { unsure, .. } => Some(unsure.len()),
        _ => None,
    });
    assert_eq!(verified, Some(2));
    assert!(!told(&world, from).contains(&"shape".to_owned()));
}
