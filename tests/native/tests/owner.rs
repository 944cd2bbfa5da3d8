//! Rows that are somebody's, and dropping everything: at once, whatever is stored, and with no network.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Fault, Kind, Tab, Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{NO, adas, ask, bens, calls_in, config, following, release, row};

/// Ada's rows stand in the database, and nobody's page is open.
fn left_by_ada() -> World {
    let tables = [
        "users: id int4 | name text! | age int4",
        "posts: id int4 | title text | mood mood",
        "mood = ok, bad",
    ];
    let world = World::new(vec![release("1", &tables)], adas());
    world.write(vec![
        ("users", row("id=1, name=a, age=10")),
        ("users", row("id=2, name=b, age=20")),
        ("posts", row("id=1, title=t, mood=ok")),
    ]);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.kill(replica.host().id());
    world
}

/// Nothing can be fetched, be it an answer or code.
fn cut_off(world: &World) {
    world.set_temper(Temper::Down);
    world.set_electric_down(true);
    world.set_code_gone(true);
}

fn is_empty(world: &World) -> bool {
    let nothing = world.database().own_tables().is_empty() && world.database().record.is_none();
    nothing && world.database().app.enums.is_empty() && world.stored_version().is_none()
}

fn purges(world: &World) -> Vec<bool> {
    let purged = |(_, event)| match event {
        Event::Purged { called } => Some(called),
        _ => None,
    };
    world.events().into_iter().filter_map(purged).collect()
}

#[test]
fn the_rows_of_another_owner_go_before_anything_is_asked_and_with_no_network() {
    let world = left_by_ada();
    world.set_config(bens());
    cut_off(&world);
    let from = (world.calls().len(), world.events().len());
    let replica = world.open();
    assert_eq!(
        ask(&world, &replica, Ask::Check),
        Some(Err(ErrorCode::ServerUnreachable))
    );
    assert!(is_empty(&world), "{:?}", world.database().own_tables());
    assert_eq!((purges(&world), replica.version()), (vec![false], None));
    let calls = world.calls().split_off(from.0);
    let asked = calls.iter().position(|call| call.kind == Kind::Ask);
    let dropped = calls
        .iter()
        .position(|call| call.what.starts_with("dropping the replica"));
    assert!(dropped.is_some() && dropped < asked, "{calls:?}");
    let shown = |(_, event): &(u32, Event)| {
        matches!(
            event,
            Event::Status(Status::Ready | Status::Offline | Status::Outdated | Status::Following | Status::Held)
        )
    };
    assert!(!world.events().split_off(from.1).iter().any(shown));

    world.set_temper(Temper::Up);
    world.set_electric_down(false);
    world.set_code_gone(false);
    let there = world.run(60_000, |world, _| world.difference().is_none().then_some(()));
    assert_eq!((there, replica.status()), (Some(()), Status::Ready));
}

#[test]
fn the_rows_of_the_same_owner_stay() {
    let world = left_by_ada();
    cut_off(&world);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!((replica.status(), purges(&world)), (Status::Offline, vec![]));
    assert_eq!(world.difference(), None);
}

/// Whoever leads keeps the rows of one owner; another's tab waits until it leads itself.
#[test]
fn a_tab_of_another_owner_shows_nothing_while_the_first_one_leads() {
    let world = left_by_ada();
    let ada = world.open();
    assert_eq!(ask(&world, &ada, Ask::Check), NO);
    world.set_config(bens());
    let ben = world.open();
    ben.tell(Ask::Background);
    world.pass(30_000);
    assert_eq!((ben.status(), ben.version()), (Status::Checking, None));
    assert_eq!((ada.status(), purges(&world)), (Status::Ready, vec![]));
    world.kill(ada.host().id());
    let there = world.run(60_000, |world, _| world.difference().is_none().then_some(()));
    assert_eq!(
        (there, ben.status(), purges(&world)),
        (Some(()), Status::Ready, vec![false])
    );
}

#[test]
fn what_was_kept_for_a_rollback_is_no_way_back_to_another_owner() {
    let world = left_by_ada();
    world.set_config(bens());
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Rollback), Some(Err(ErrorCode::NoPrevious)));
    assert!(is_empty(&world));
}

/// An owner whose rows cannot be dropped now is not shown either, and they are dropped as soon as that can be done.
#[test]
fn rows_of_another_owner_that_cannot_be_dropped_are_not_shown() {
    let world = left_by_ada();
    world.set_config(bens());
    let replica = world.open();
    let call = world.calls().len() + 3;
    world.plan_fault(call, Fault::Error(ErrorCode::StorageFull));
    assert_eq!(ask(&world, &replica, Ask::Check), Some(Err(ErrorCode::StorageFull)));
    assert!(world.calls()[call].what.starts_with("dropping the replica"));
    assert_eq!((replica.status(), replica.version()), (Status::Failed, None));
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(world.difference(), None);
}

// ---- dropping everything -------------------------------------------------------------------------------------------

/// A page that is opened over what another left.
fn opened(world: &World) -> Replica<Tab> {
    world.tamper(|db| {
        let own = db.app.tables.get("users").cloned().unwrap_or_default();
        db.app.tables.insert("mine".to_owned(), own.without_mark());
    });
    world.open()
}

#[test]
fn a_purge_needs_neither_the_server_nor_the_rebuild_module() {
    let world = left_by_ada();
    cut_off(&world);
    let replica = opened(&world);
    assert_eq!(ask(&world, &replica, Ask::Purge), NO);
    assert!(is_empty(&world));
    assert!(world.database().app.tables.contains_key("mine"));
    assert_eq!((replica.status(), purges(&world)), (Status::Idle, vec![true]));
    assert_eq!(calls_in(&world, 60_000), 0, "what was dropped is looked at no more");
}

#[test]
fn a_purge_leaves_nothing_whatever_the_record_says() {
    type Harm = fn(&mut electric_replica_core::fakes::ModelDatabase);
    let harms: [(&str, Harm); 4] = [
        ("lost", |db| db.record = None),
        ("without its shapes", |db| db.record.as_mut().unwrap().shapes.clear()),
        ("no manifest", |db| {
            db.record.as_mut().unwrap().head[5] = Some("{".to_owned());
        }),
        ("of another kind", |db| db.record.as_mut().unwrap().head[0] = None),
    ];
    for (what, harm) in harms {
        let world = left_by_ada();
        world.tamper(harm);
        let replica = opened(&world);
        assert_eq!(ask(&world, &replica, Ask::Purge), NO, "{what}");
        assert!(is_empty(&world), "{what}: {:?}", world.database().own_tables());
        assert!(world.database().app.tables.contains_key("mine"), "{what}");
    }
}

#[test]
fn a_purge_in_the_middle_of_a_rebuild_leaves_nothing_of_that_either() {
    let (world, replica) = following(config());
    world.deploy(1);
    replica.tell(Ask::Check);
    world.run(30_000, |world, _| world.database().staging.is_some().then_some(()));
    assert_eq!(ask(&world, &replica, Ask::Purge), NO);
    assert!(is_empty(&world), "{:?}", world.database().own_tables());
}

/// Without its own tables the library cannot know what is there: what is not there yet has to be fetched first.
#[test]
fn a_purge_that_cannot_be_done_is_told_as_such() {
    let world = World::new(vec![release("1", &["users: id int4"])], config());
    cut_off(&world);
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Purge), Some(Err(ErrorCode::NotInitialized)));

    let world = left_by_ada();
    let replica = world.open();
    world.plan_fault(world.calls().len() + 3, Fault::Error(ErrorCode::StorageFull));
    assert_eq!(ask(&world, &replica, Ask::Purge), Some(Err(ErrorCode::StorageFull)));
    assert!(!is_empty(&world));
    assert_eq!(ask(&world, &replica, Ask::Purge), NO);
    assert!(is_empty(&world));
}

/// Who follows has asked before, so that it is about to look as soon as it leads; it may have seen that all was dropped, or not.
#[test]
fn what_one_tab_dropped_is_not_fetched_by_the_one_that_leads_after_it() {
    for seen_ms in [0, 60_000] {
        let (world, leads) = following(config());
        let follows = world.open();
        assert_eq!(ask(&world, &follows, Ask::Check), NO);
        world.pass(30_000);
        assert_eq!(ask(&world, &leads, Ask::Purge), NO);
        world.pass(seen_ms);
        world.kill(leads.host().id());
        let before = world.calls().len();
        world.pass(120_000);
        let asked = world.calls().split_off(before);
        assert!(
            asked
                .iter()
                .all(|call| call.kind == Kind::Transact || call.kind == Kind::Lead),
            "{asked:?}"
        );
        assert!(is_empty(&world), "{seen_ms} ms");
        assert_eq!(follows.status(), Status::Idle);

        assert_eq!(ask(&world, &follows, Ask::Check), NO);
        assert_eq!(world.difference(), None, "a call brings it back");
    }
}
