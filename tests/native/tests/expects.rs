//! What the app's code reads, held against what the server has.

use electric_replica_core::config::Config;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::expects::{Direction, Expects};
use electric_replica_core::fakes::World;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{
    NO, POSTS, YES, ask, config, expecting, following, only_posts_go_on, release, rows, starts,
};

/// Direction, missing, and whether the old replica was kept, of every time an update was said to be needed.
fn needed(world: &World) -> Vec<(Direction, Vec<String>, bool)> {
    let needed = |(_, event)| match event {
        Event::UpdateNeeded { gap, kept, .. } => Some((gap.direction, gap.missing, kept)),
        _ => None,
    };
    world.events().into_iter().filter_map(needed).collect()
}

#[test]
fn a_server_that_takes_away_what_the_code_reads_leaves_the_old_replica() {
    let (world, replica) = following(expecting("users", &["id", "name"]));
    world.deploy(2);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    only_posts_go_on(&world, "id=3, age=3", 60_000);
    for _ in 0..3 {
        world.pass(60_000);
        replica.tell(Ask::Look);
    }
    // A table that is put right meanwhile is no news.
    world.forget_shapes("posts");
    world.pass(30_000);
    assert_eq!(
        needed(&world),
        [(Direction::AppTooOld, vec!["users.name".to_owned()], true)]
    );
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!((replica.status(), world.consulted().len()), (Status::Outdated, 0));
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(ask(&world, &replica, Ask::Force { version: None }), NO);
    assert_eq!(needed(&world).len(), 2);

    // The page is loaded anew, with code that reads what there is.
    world.kill(replica.host().id());
    world.set_config(expecting("users", &["id", "age"]));
    let newer = world.open();
    assert_eq!(ask(&world, &newer, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!((world.difference(), newer.status()), (None, Status::Ready));
    assert_eq!(needed(&world).len(), 2);
}

#[test]
fn a_change_that_leaves_what_the_code_reads_is_carried_out() {
    let (world, replica) = following(expecting("users", &["name"]));
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(needed(&world), []);
}

#[test]
fn a_server_behind_the_code_is_followed_and_told_of() {
    let (world, replica) = following(expecting("users", &["id", "age"]));
    let behind = || (Direction::ServerBehind, vec!["users.age".to_owned()], false);
    assert_eq!(needed(&world), [behind()]);
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(needed(&world), [behind(), behind()]);
    world.pass(60_000);
    let asked = |world: &World| world.calls().iter().filter(|call| call.what == "Schemas").count();
    let before = asked(&world);
    replica.tell(Ask::Look);
    world.pass(3_000);
    assert_eq!((needed(&world).len(), replica.status()), (2, Status::Ready));
    assert_eq!(asked(&world), before, "what nobody is told nobody looks at");
    world.deploy(1);
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(needed(&world).len(), 2);
}

/// Without a replica there is nothing to keep.
#[test]
fn a_first_replica_is_set_up_even_where_the_code_reads_something_else() {
    let world = World::new(vec![release("1", &[POSTS])], expecting("users", &["name"]));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    assert_eq!(
        needed(&world),
        [(Direction::ServerBehind, vec!["users".to_owned()], false)]
    );
    assert_eq!(replica.status(), Status::Ready);
}

#[test]
fn a_fingerprint_says_the_same_of_all_tables_at_once() {
    use electric_replica_core::fingerprint::Fingerprint;
    let old = release("1", &["users: id int4 | name text", POSTS]).manifest;
    let new = release("2", &["users: id int4 | name text | age int4", POSTS]).manifest;
    for (wanted, outcome, direction) in [(old, NO, Direction::AppTooOld), (new, YES, Direction::ServerBehind)] {
        let expects = Expects::Structure(Fingerprint::of(&wanted));
        let (world, replica) = following(Config { expects, ..config() });
        world.deploy(1);
        assert_eq!(ask(&world, &replica, Ask::Check), outcome);
        let directions: Vec<Direction> = needed(&world).into_iter().map(|(direction, ..)| direction).collect();
        assert_eq!(directions, [direction]);
    }
}
