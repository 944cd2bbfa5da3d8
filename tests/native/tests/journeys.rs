//! Every journey with nothing going wrong but what it tells of.

use electric_replica_core::config::Config;
use electric_replica_core::driver::Replica;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Call, Habits, Kind, Tab, World};
use electric_replica_core::machine::{Against, Ask};
use electric_replica_core::plan::Reason;
use electric_replica_tests::{Player, config, journeys, release, row};

#[test]
fn every_journey_ends_whole_and_equal_to_the_server() {
    let (mut walked, mut calls) = (0, 0);
    for journey in journeys() {
        let mut player = Player::new(&journey, None);
        player.walk(&journey.steps);
        assert_eq!(player.outcomes, journey.outcomes, "{}", journey.name);
        player.arrive();
        walked += 1;
        calls += player.world.calls().len();
    }
    println!("tried: journeys: {walked}, with {calls} host calls");
}

/// Three hundred rows of forty characters, so many in an answer.
fn in_chunks_of(chunk_rows: usize) -> World {
    of_users(chunk_rows, &["users: id int4! | name text"], 1)
}

/// The characters of each row are so many times forty.
fn of_users(chunk_rows: usize, tables: &[&str], times: usize) -> World {
    of_users_with(config(), chunk_rows, tables, times)
}

fn of_users_with(config: Config, chunk_rows: usize, tables: &[&str], times: usize) -> World {
    let world = World::new(vec![release("1", tables)], config);
    world.set_habits(Habits {
        chunk_rows,
        ..Habits::default()
    });
    let name = "forty characters that mean nothing at all".repeat(times);
    let rows = (1..=300).map(|id| ("users", row(&format!("id={id}, name={name}"))));
    world.write(rows.collect());
    world
}

/// R12: the checker of the world in memory bounds what each transaction loads.
#[test]
fn a_table_that_comes_in_one_answer_is_loaded_piece_by_piece() {
    let world = in_chunks_of(1_000);
    let _replica = loaded(&world);
    assert_eq!((world.difference(), world.snapshots()), (None, 1));
}

/// R12: so it is with a body that the browser hands out as a whole.
#[test]
fn a_body_that_comes_at_once_is_loaded_piece_by_piece() {
    let world = of_users(1_000, &["users: id int4! | name text"], 100);
    world.set_piece(usize::MAX);
    let _replica = loaded(&world);
    assert_eq!((world.difference(), world.snapshots()), (None, 1));
    assert!(world.loads("users").len() > 2, "{:?}", world.loads("users"));
}

/// R12: pieces as large as they become take no more memory than their rows and a slice or two, which the checker looks at.
#[test]
fn a_piece_takes_no_more_memory_than_its_rows() {
    let mut config = config();
    config.limits.piece_bytes = 1 << 18;
    let world = of_users_with(config, 300, &["users: id int4! | name text"], 1_000);
    world.set_piece(usize::MAX);
    let _replica = loaded(&world);
    assert_eq!(world.difference(), None);
    let pieces = world.loads("users").len();
    assert!((6..10).contains(&pieces), "{pieces} pieces of twelve megabytes");
}

/// A page that has loaded everything for the first time. It ends where this is dropped.
fn loaded(world: &World) -> Replica<Tab> {
    let replica = world.open();
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    replica
}

/// How often the write-ahead log was written out.
fn written_out(world: &World) -> usize {
    let calls = world.calls().into_iter();
    calls
        .filter(|call| call.what == "writing the write-ahead log out")
        .count()
}

#[test]
fn the_log_is_written_out_when_the_rows_have_been_there_for_a_while() {
    let world = in_chunks_of(100);
    let _replica = loaded(&world);
    world.pass(2_500);
    assert_eq!(written_out(&world), 0);
    world.pass(1_000);
    assert_eq!(written_out(&world), 1);
    world.pass(60_000);
    assert_eq!(written_out(&world), 1);
}

#[test]
fn the_log_is_not_written_out_while_another_rebuild_is_under_way() {
    let world = in_chunks_of(100);
    let replica = loaded(&world);
    world.set_database_ms(2_000);
    let rebuilt = world.ask(&replica, Ask::Force { version: None });
    assert_eq!((rebuilt, written_out(&world)), (Some(Ok(true)), 0));
    world.pass(10_000);
    assert_eq!(written_out(&world), 1);
}

/// How often rows were counted once they were in place.
fn counted(world: &World) -> usize {
    let calls = world.calls().into_iter();
    let swapped = calls.skip_while(|call| !call.what.contains("putting the new tables in place"));
    swapped
        .filter(|call| call.what == "looking at the tables that are there")
        .count()
}

#[test]
fn rows_that_were_counted_while_they_were_loaded_are_not_counted_again() {
    let world = in_chunks_of(100);
    let _replica = loaded(&world);
    world.pass(1_000);
    assert_eq!(counted(&world), 0);
}

/// By how much a change that comes while a table is built has moved the number, nobody knows.
#[test]
fn rows_that_changes_have_followed_on_are_counted_once_they_are_in_place() {
    let world = in_chunks_of(100);
    let replica = world.open();
    world.set_database_ms(50);
    world.after(300, |world| world.write(vec![("users", row("id=301, name=late"))]));
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    world.pass(1_000);
    assert_eq!((world.difference(), counted(&world)), (None, 1));
}

/// What the transactions do that load `users`, in their order.
fn loads(world: &World) -> Vec<String> {
    let calls = world.calls().into_iter();
    let transactions = calls.filter(|call| call.kind == Kind::Transact && call.what.contains("\"users\""));
    transactions.map(|call| call.what).collect()
}

/// Of the transactions that load a table with two indexes, where each takes so many milliseconds: how many load rows before the
/// key is added, and how many after that. What is done to all rows at once is done by itself: a query of the app waits for it,
/// and it takes the longer, the more there are.
fn around_the_key(database_ms: u64) -> (usize, usize) {
    const PIECE: &str = "loading rows into table \"users\"";
    const KEY: &str = "adding the key of table \"users\"";
    const INDEX: &str = "creating an index of table \"users\"";
    let world = of_users(
        1_000,
        &["users: id int4! | name text | ix=by_name(name) | ix=by_id(id)"],
        1,
    );
    world.set_database_ms(database_ms);
    let _replica = loaded(&world);
    let loads = loads(&world);
    let keyed = loads.iter().take_while(|load| *load != KEY).count();
    let (before, after) = loads.split_at(keyed);
    let alone = |loads: &[String], what: &str| loads.iter().filter(|load| *load == what).count();
    assert_eq!(
        (alone(before, INDEX), alone(after, KEY), alone(after, INDEX)),
        (0, 1, 2),
        "{loads:?}"
    );
    assert_eq!(world.difference(), None);
    (alone(before, PIECE), alone(after, PIECE))
}

#[test]
fn the_key_comes_once_loading_has_taken_so_long_that_queries_would_wait_for_it() {
    let (before, after) = around_the_key(100);
    assert!(before == 6 && after > 2, "{before} {after}");
}

/// Rows take half as long again once there is a key: what was a piece without would keep a query waiting.
#[test]
fn the_first_pieces_behind_the_key_are_smaller_than_those_before() {
    let world = in_chunks_of(1_000);
    world.set_database_ms(30);
    let _replica = loaded(&world);
    let before = loads(&world)
        .iter()
        .take_while(|load| !load.starts_with("adding the key"))
        .filter(|load| load.starts_with("loading rows"))
        .count();
    let told = |(_, event): &(u32, Event)| match event {
        Event::Progress(progress) if progress.rows > 0 => Some(progress.rows),
        _ => None,
    };
    let told: Vec<u64> = world.events().iter().filter_map(told).collect();
    let pieces: Vec<u64> = told.windows(2).map(|told| told[1] - told[0]).collect();
    // The first piece is no difference of two.
    let (unkeyed, keyed) = pieces.split_at(before - 1);
    let usual = unkeyed.iter().max().unwrap();
    assert!(before > 10 && keyed.len() > 4, "{pieces:?}");
    assert!(
        keyed.iter().take(2).all(|piece| piece * 3 <= usual * 2),
        "{before}: {pieces:?}"
    );
}

#[test]
fn rows_that_take_no_time_are_all_in_before_the_key_is_added() {
    let (before, after) = around_the_key(0);
    assert!(before > 7 && after == 0, "{before} {after}");
}

/// Of a table that is lost so many milliseconds after the page was opened: how many pieces are loaded in vain, and how many once all
/// begins anew before its key is added, if it has none yet.
fn begun_anew(lost_ms: u64) -> (usize, Option<usize>) {
    let world = in_chunks_of(4);
    world.set_database_ms(100);
    world.after(lost_ms, |world| world.forget_shapes("users"));
    let _replica = loaded(&world);
    assert_eq!(world.difference(), None);
    let loads = loads(&world);
    let pieces = |loads: &[String]| loads.iter().filter(|load| load.starts_with("loading rows")).count();
    let (lost, again) = loads.split_at(loads.iter().take_while(|load| !load.starts_with("emptying")).count());
    let keyed = again.iter().position(|load| load.starts_with("adding the key"));
    (
        pieces(lost),
        keyed.map(|keyed| pieces(again.get(..keyed).unwrap_or_default())),
    )
}

#[test]
fn a_load_that_begins_anew_has_its_key_no_sooner_than_any_other_and_once() {
    let lost: Vec<_> = (3..12).map(|tenths| begun_anew(tenths * 100)).collect();
    assert!(
        lost.iter().any(|(pieces, _)| (1..6).contains(pieces)) && lost.iter().any(|(pieces, _)| *pieces > 6),
        "before the key and behind it: {lost:?}"
    );
    for (pieces, keyed) in &lost {
        assert_eq!(*keyed, (*pieces <= 6).then_some(6), "{lost:?}");
    }
}

#[test]
fn a_small_table_is_one_transaction_with_its_key_and_indexes() {
    let world = World::new(
        vec![release("1", &["users: id int4! | name text | ix=by_name(name)"])],
        config(),
    );
    world.write(vec![("users", row("id=1, name=one"))]);
    let _replica = loaded(&world);
    let loading = loads(&world).into_iter().filter(|load| load.contains("loading rows"));
    let all = [
        "loading rows into table \"users\"",
        "adding the key of table \"users\"",
        "creating an index of table \"users\"",
    ];
    assert_eq!(loading.collect::<Vec<_>>(), [all.join("; ")]);
}

/// Counting them reads them all. The model knows how many there are, whatever the log has changed of them meanwhile: while
/// they are loaded, and while another table is.
#[test]
fn rows_that_the_log_has_changed_since_they_were_loaded_are_counted() {
    for later_ms in [0, 1_100] {
        let world = of_users(50, &["users: id int4! | name text", "few: id int4! | name text"], 1);
        world.write(vec![("few", row("id=1, name=one"))]);
        world.set_database_ms(500);
        let replica = world.open();
        replica.tell(Ask::Check);
        let loads = |call: &Call| call.what.contains("loading rows into table \"few\"");
        let is_loading = |world: &World| world.calls().iter().any(loads);
        assert_eq!(world.run(60_000, |world, _| is_loading(world).then_some(())), Some(()));
        world.pass(later_ms);
        assert_eq!(replica.status(), Status::Migrating);
        world.write(vec![("few", row("id=2, name=late"))]);
        world.pass(60_000);
        assert_eq!(world.difference(), None);
        let against = Against::Record;
        assert_eq!(world.ask(&replica, Ask::Verify { against }), Some(Ok(true)));
    }
}

/// The database and the network work at the same time, also where one answer ends and the next begins.
#[test]
fn the_next_chunk_is_asked_for_while_the_last_piece_goes_into_the_table() {
    const TRANSACTION_MS: u64 = 100;
    let world = in_chunks_of(50);
    world.set_database_ms(TRANSACTION_MS);
    let _replica = loaded(&world);
    assert_eq!(world.difference(), None);
    let calls = world.calls();
    let loads: Vec<u64> = calls
        .iter()
        .filter(|call| call.what.contains("loading"))
        .map(|call| call.at_ms)
        .collect();
    let meanwhile = |at: u64| loads.iter().any(|load| (*load..load + TRANSACTION_MS).contains(&at));
    let opened = calls
        .iter()
        .filter(|call| call.kind == Kind::Open && call.what.contains("offset=0_"));
    let overlapping = opened.filter(|call| meanwhile(call.at_ms)).count();
    assert!(overlapping >= 4, "{overlapping} of six chunks");
}

/// A page that nobody sees waits a second and more for each timer.
#[test]
fn a_piece_that_is_in_is_not_waited_for_any_longer() {
    let world = in_chunks_of(1_000);
    world.set_database_ms(0);
    world.set_piece(1_500);
    let _replica = loaded(&world);
    let calls = world.calls();
    let pieces: Vec<u64> = calls
        .iter()
        .filter(|call| call.what == "loading rows into table \"users\"")
        .map(|call| call.at_ms)
        .collect();
    let took = pieces.last().unwrap() - pieces.first().unwrap();
    assert!(
        pieces.len() > 10 && took < 2 * pieces.len() as u64,
        "a part of the body takes a millisecond, a timer four: {pieces:?}"
    );
}

/// What a database session does for the first time takes it long, and in a swap every reader waits.
#[test]
fn a_swap_is_rehearsed_before_the_first_row_is_loaded() {
    let world = in_chunks_of(1_000);
    let _replica = loaded(&world);
    let calls = world.calls();
    let first = |what: &str| calls.iter().position(|call| call.what.contains(what));
    let rehearsed = first("getting ready for a swap").unwrap();
    assert!(Some(rehearsed) < first("loading rows into table"));
}

/// While nothing answers as well: how long the piece took is known, and told, as soon as it is in.
#[test]
fn rows_that_are_in_are_told_before_the_next_chunk_comes() {
    let world = in_chunks_of(50);
    let replica = world.open();
    replica.tell(Ask::Check);
    let asks = |world: &World| {
        let calls = world.calls();
        calls
            .iter()
            .any(|call| call.kind == Kind::Open && call.what.contains("offset=0_"))
    };
    assert_eq!(world.run(10_000, |world, _| asks(world).then_some(())), Some(()));
    world.set_electric_down(true);
    world.pass(400);
    let told = |(_, event): &(u32, Event)| match event {
        Event::Progress(progress) => Some(progress.rows),
        _ => None,
    };
    let told = world.events().iter().filter_map(told).max().unwrap_or_default();
    let database = world.database();
    let staged = database.staging.iter().flat_map(|staging| staging.tables.values());
    let staged: usize = staged.map(|table| table.rows().len()).sum();
    assert_eq!((told, staged > 0), (staged as u64, true));
}

/// R3: one tab leads; the others read what it keeps, and one of them takes over when it is gone.
#[test]
fn a_second_tab_follows_and_takes_over_when_the_first_one_dies() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    world.write(vec![("users", row("id=1, name=one"))]);
    let (first, second) = (world.open(), world.open());
    assert_eq!(world.ask(&first, Ask::Check), Some(Ok(false)));
    let snapshots = world.snapshots();
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
    assert_eq!((first.status(), second.status()), (Status::Ready, Status::Following));

    world.kill(first.host().id());
    drop(first);
    world.pass(5_000);
    assert_eq!(second.status(), Status::Ready);
    world.write(vec![("users", row("id=2, name=two"))]);
    world.pass(2_000);
    assert_eq!(world.difference(), None);
    assert_eq!(world.snapshots(), snapshots, "R7: taking over downloaded rows");
}

#[test]
fn what_only_a_leader_can_do_is_not_answered_in_a_following_tab() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    let (first, second) = (world.open(), world.open());
    assert_eq!(world.ask(&first, Ask::Check), Some(Ok(false)));
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
    assert_eq!(world.ask(&second, Ask::Force { version: None }), None);
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
}

#[test]
fn a_following_tab_answers_checks_behind_what_waits_for_the_lead_and_forgets_what_the_leader_dropped() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    let (first, second) = (world.open(), world.open());
    assert_eq!(world.ask(&first, Ask::Check), Some(Ok(false)));
    // Its first call is one that only a leader can carry out.
    second.tell(Ask::Force { version: None });
    world.pass(1_000);
    assert_eq!(world.ask(&second, Ask::Check), Some(Ok(false)));
    assert_eq!(second.version().as_deref(), Some("1"));

    assert_eq!(world.ask(&first, Ask::Purge), Some(Ok(false)));
    world.pass(10_000);
    assert_eq!(second.version(), None);
}

#[test]
fn what_was_dropped_stays_dropped_until_the_app_calls() {
    let world = World::new(vec![release("1", &["users: id int4 | name text"])], config());
    let replica = loaded(&world);
    world.pass(60_000);
    assert_eq!(world.ask(&replica, Ask::Purge), Some(Ok(false)));

    for _ in 0..3 {
        world.pass(60_000);
        replica.tell(Ask::Look);
    }
    world.pass(60_000);
    assert!(world.database().record.is_none());
    assert!(world.database().app.tables.is_empty());
    assert_eq!(world.ask(&replica, Ask::Check), Some(Ok(false)));
    assert_eq!(world.difference(), None);
}

/// Electric's 409 comes with the first write after a migration, often before anybody looks at the version.
#[test]
fn a_migration_that_electric_tells_of_first_is_announced_as_a_change() {
    let releases = vec![
        release("1", &["users: id int4 | name text"]),
        release("2", &["users: id int4 | name text | age int4"]),
    ];
    let world = World::new(releases, config());
    world.write(vec![("users", row("id=1, name=one"))]);
    let _replica = loaded(&world);
    world.pass(1_000);

    world.deploy(1);
    world.write(vec![("users", row("id=2, name=two, age=2"))]);
    world.pass(5_000);

    let reasons: Vec<Reason> = world
        .events()
        .into_iter()
        .filter_map(|(_, event)| match event {
            Event::Start { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [Reason::First, Reason::Changed]);
    assert_eq!(world.difference(), None);
}
