//! In which of COPY's formats a table is loaded, and what becomes of one that binary cannot carry after all.

use electric_replica_core::fakes::{Habits, World};
use electric_replica_core::ingest::Format;
use electric_replica_core::machine::Ask;
use electric_replica_tests::{config, release, row};

const USERS: &str = "users: id int4 | name text | score numeric(10,2) | seen timestamptz | mood mood";
const MOOD: &str = "mood = ok, bad";

fn user(id: u32) -> String {
    format!(
        "id={id}, name=n\t{id}, score=-{id}.50, seen=2026-01-01 00:00:{:02}.5+00, mood=ok",
        id % 60
    )
}

/// A world with so many users, which come a few at a time, and each few in a piece of their own.
fn world(users: u32) -> World {
    let releases = vec![release("1", &[USERS, "tags: id int4 | list text[]", MOOD])];
    let mut config = config();
    config.limits.piece_bytes = 1;
    let world = World::new(releases, config);
    world.set_habits(Habits {
        chunk_rows: 5,
        ..Habits::default()
    });
    world.write((1..=users).map(|id| ("users", row(&user(id)))).collect());
    world.write(vec![("tags", row("id=1, list={a\\,b}"))]);
    world
}

#[test]
fn a_table_is_loaded_in_binary_where_all_its_types_can_be_and_as_text_where_one_cannot() {
    let world = world(40);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
    let users = world.loads("users");
    assert!(
        users.len() > 5 && users.iter().all(|format| *format == Format::Binary),
        "{users:?}"
    );
    assert_eq!(world.loads("tags"), [Format::Text]);
}

#[test]
fn a_value_in_a_form_that_has_no_bytes_has_its_table_loaded_anew_as_text_to_the_end() {
    let world = world(40);
    // The server's rows come in order of their keys, as texts: all others stand before it.
    world.write(vec![("users", row("id=99, name=odd, score=1e2, seen=now, mood=bad"))]);
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
    let users = world.loads("users");
    let binary = users.iter().take_while(|format| **format == Format::Binary).count();
    assert!(binary > 5, "rows stood in staging already: {users:?}");
    let anew = &users[binary..];
    assert!(anew.len() >= binary, "from its beginning: {users:?}");
    assert!(anew.iter().all(|format| *format == Format::Text), "{users:?}");
    assert_eq!(world.loads("tags"), [Format::Text]);
}

#[test]
fn a_table_that_is_text_by_then_stays_so_when_its_shape_is_lost() {
    let world = world(40);
    world.write(vec![("users", row("id=0, name=odd, score=1e2, seen=now, mood=bad"))]);
    world.set_database_ms(100);
    for ms in [250, 450] {
        world.after(ms, |world| world.forget_shapes("users"));
    }
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
    assert!(world.loads("users").iter().all(|format| *format == Format::Text));
    assert!(
        world.loads("users").len() > 9,
        "it was begun anew: {:?}",
        world.loads("users")
    );
}
