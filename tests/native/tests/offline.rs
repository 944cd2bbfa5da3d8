//! Without a network: a whole replica is readable at once, one that was cut off in the middle says what it lacks, and
//! neither needs the rebuild module, which may not be there to load.

use std::future::Future;

use electric_replica_core::config::{Config, Strategy};
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Kind, Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::record::RecordState;
use electric_replica_tests::{NO, ask, config, following, release, row};

fn cut_network(world: &World, is_cut: bool) {
    world.set_temper(if is_cut { Temper::Down } else { Temper::Up });
    world.set_electric_down(is_cut);
}

fn loads(world: &World) -> usize {
    world.calls().iter().filter(|call| call.kind == Kind::Load).count()
}

/// What the last failure said of the tables.
fn missing(world: &World) -> Option<Vec<String>> {
    let events = world.events().into_iter().rev();
    let mut failures = events.filter_map(|(_, event)| match event {
        Event::Failed { missing, .. } => Some(missing.iter().map(ToString::to_string).collect()),
        _ => None,
    });
    failures.next()
}

/// Opens a page with no network, asks, and answers with which code that failed; then the network comes back.
fn opened_offline(world: &World) -> Option<ErrorCode> {
    cut_network(world, true);
    let before = loads(world);
    let replica = world.open();
    let outcome = ask(world, &replica, Ask::Check);
    assert_eq!((replica.status(), loads(world)), (Status::Failed, before));
    cut_network(world, false);
    world.pass(120_000);
    assert_eq!((world.difference(), replica.status()), (None, Status::Ready));
    outcome.and_then(Result::err)
}

#[test]
fn a_whole_replica_is_readable_at_once_and_catches_up_when_the_network_returns() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    cut_network(&world, true);
    world.write(vec![("users", row("id=3, name=three"))]);
    let before = loads(&world);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!((replica.status(), loads(&world)), (Status::Offline, before));
    assert_eq!(world.database().app.tables["users"].rows().len(), 2);
    world.pass(600_000);
    assert_eq!(replica.status(), Status::Offline);

    cut_network(&world, false);
    let there = world.run(120_000, |world, _| world.difference().is_none().then_some(()));
    assert_eq!((there, loads(&world)), (Some(()), before));
    world.pass(60_000);
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn a_first_load_that_was_cut_off_has_nothing_to_name() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    world.write(vec![("users", row("id=1, name=one"))]);
    let replica = world.open();
    let mut check = Box::pin(replica.ask(Ask::Check));
    let began = world.run(60_000, |world, context| {
        assert!(check.as_mut().poll(context).is_pending());
        world.database().staging.is_some().then_some(())
    });
    assert_eq!(began, Some(()));
    drop(check);
    world.kill(replica.host().id());

    assert_eq!(opened_offline(&world), Some(ErrorCode::ServerUnreachable));
    assert_eq!(missing(&world), Some(Vec::new()));
}

#[test]
fn a_rebuild_in_place_that_was_cut_off_names_the_tables_it_was_building() {
    let (world, replica) = following(Config {
        strategy: Strategy::InPlace,
        ..config()
    });
    world.deploy(1);
    replica.tell(Ask::Look);
    let rebuilding = |world: &World| world.database().read_record().unwrap().state == RecordState::Rebuilding;
    let began = world.run(60_000, |world, _| rebuilding(world).then_some(()));
    assert_eq!(began, Some(()));
    world.kill(replica.host().id());

    assert_eq!(opened_offline(&world), Some(ErrorCode::ServerUnreachable));
    assert_eq!(
        missing(&world),
        Some(vec!["users".to_owned()]),
        "posts stands as it was"
    );
}
