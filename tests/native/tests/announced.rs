//! What Electric announces of a table's structure: what was judged is not judged again, by no later page either.

use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Fault, Habits, Kind, Tab, World};
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};

/// A world in which a page has loaded everything and is closed again.
fn loaded() -> World {
    let releases = vec![release(
        "1",
        &["users: id int4! | name text!", "tags: id int4! | label text"],
    )];
    let world = World::new(releases, config());
    world.write(vec![("users", row("id=1, name=one")), ("tags", row("id=1, label=one"))]);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.kill(replica.host().id());
    world
}

fn speak(world: &World, words: fn(&str) -> String) {
    world.set_habits(Habits {
        words,
        ..Habits::default()
    });
}

/// The next page, after its first check and a while.
fn reopened(world: &World) -> Replica<Tab> {
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(1_000);
    replica
}

fn count(world: &World, kind: Kind) -> usize {
    world.calls().iter().filter(|call| call.kind == kind).count()
}

fn arrives(world: &World) -> bool {
    let there = world.run(300_000, |world, _| world.difference().is_none().then_some(()));
    there.is_some()
}

/// What is stored of the users' structure.
fn announced(world: &World) -> String {
    let db = world.database();
    let users = db.record.as_ref().and_then(|record| record.shapes.get("users"));
    users.map(|cells| cells[5].clone()).unwrap_or_default()
}

/// Another form of what is said of the users; what is said of the tags stays.
fn spaced(words: &str) -> String {
    words.replace("\"name\":", "\"name\": ")
}

#[test]
fn a_page_that_is_told_what_it_knows_goes_on_without_the_rebuild_module() {
    let world = loaded();
    let loads = count(&world, Kind::Load);
    let replica = reopened(&world);
    world.write(vec![("users", row("id=2, name=two"))]);
    assert!(arrives(&world));
    // Nor does it take one that Electric cannot be reached.
    world.set_electric_down(true);
    world.pass(60_000);
    assert_eq!(replica.status(), Status::Offline);
    world.set_electric_down(false);
    world.write(vec![("users", row("id=3, name=three"))]);
    assert!(arrives(&world));
    assert_eq!(count(&world, Kind::Load), loads);
}

#[test]
fn other_words_for_the_same_structure_are_judged_by_one_page() {
    let world = loaded();
    let (loads, before) = (count(&world, Kind::Load), announced(&world));
    speak(&world, spaced);
    let replica = reopened(&world);
    assert_eq!(replica.status(), Status::Ready);
    assert_eq!(count(&world, Kind::Load), loads + 1);
    // Stored although nothing else was to be.
    assert_eq!(announced(&world), spaced(&before));
    world.kill(replica.host().id());

    let _replica = reopened(&world);
    world.write(vec![("users", row("id=2, name=two"))]);
    assert!(arrives(&world));
    assert_eq!(count(&world, Kind::Load), loads + 1);
    assert_eq!(world.snapshots(), 2, "a row was fetched again");
}

#[test]
fn what_nobody_is_there_to_judge_is_asked_for_again() {
    let begun = || {
        let world = loaded();
        speak(&world, spaced);
        world
    };
    let world = begun();
    let _replica = reopened(&world);
    let load = world.calls().iter().rposition(|call| call.kind == Kind::Load).unwrap();

    let world = begun();
    let loads = count(&world, Kind::Load);
    world.plan_fault(load, Fault::Error(ErrorCode::NotInitialized));
    let replica = reopened(&world);
    world.write(vec![("users", row("id=2, name=two"))]);
    assert!(arrives(&world));
    assert_eq!(count(&world, Kind::Load), loads + 2);
    assert_eq!((replica.status(), world.snapshots()), (Status::Ready, 2));
}

#[test]
fn what_can_never_be_judged_is_told_and_made_good_once_it_can() {
    let world = loaded();
    speak(&world, spaced);
    world.set_code_gone(true);
    let replica = reopened(&world);
    world.write(vec![("users", row("id=2, name=two"))]);
    let is_told = |(_, event): &(u32, Event)| matches!(event, Event::Failed { error, .. } if error.code() == ErrorCode::NotInitialized);
    let told = world.run(600_000, |world, _| world.events().iter().any(is_told).then_some(()));
    assert!(told.is_some(), "nobody heard that a table stands still");
    assert_ne!(replica.status(), Status::Ready);

    world.set_code_gone(false);
    assert!(arrives(&world));
    world.pass(1_000);
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn a_structure_that_no_row_may_be_of_stops_the_table_and_is_not_believed_later() {
    for words in [|words: &str| words.replace("text", "int4"), |_: &str| "hm".to_owned()] {
        let world = loaded();
        let before = announced(&world);
        speak(&world, words);
        let replica = reopened(&world);
        world.write(vec![("users", row("id=2, name=two"))]);
        world.pass(2_000);
        let users = world.database().app.tables.get("users").map(|table| table.rows().len());
        assert_eq!((users, announced(&world)), (Some(1), before));
        speak(&world, str::to_owned);
        assert!(arrives(&world), "{:?}", replica.status());
    }
}

#[test]
fn a_structure_that_rows_may_be_of_has_the_version_looked_at_and_is_judged_by_the_next_page_as_well() {
    let world = loaded();
    let before = announced(&world);
    speak(&world, |words| words.replace(r#""not_null":true,"#, ""));
    for _ in 0..2 {
        let asked = count(&world, Kind::Ask);
        let replica = reopened(&world);
        world.write(vec![("users", row("id=2, name=two"))]);
        assert!(arrives(&world));
        assert!(count(&world, Kind::Ask) > asked + 1, "the version was not looked at");
        assert_eq!(announced(&world), before);
        world.kill(replica.host().id());
    }
}
