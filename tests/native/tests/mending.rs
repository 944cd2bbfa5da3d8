//! What is put right, and of what version, while a migration is put off or could be asked about.

use electric_replica_core::config::{Choice, Config};
use electric_replica_core::driver::Replica;
use electric_replica_core::error::ErrorCode;
use electric_replica_core::event::{Event, Status};
use electric_replica_core::fakes::{Says, Tab, Temper, World};
use electric_replica_core::host::Say;
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Reason;
use electric_replica_tests::{
    NO, POSTS, YES, ask, choice, config, following, lose_posts, only_posts_go_on, put_off, release, row, rows, starts,
};

const THIRD: &str = "id=3, name=three, age=3";

/// Electric may lose any shape at any time, most of all around a deploy.
#[test]
fn a_table_of_the_same_structure_is_put_right_while_the_migration_waits() {
    let (world, replica) = put_off();
    lose_posts(&world);
    world.pass(30_000);
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (2, 2));
    assert_eq!(
        (replica.status(), replica.version().as_deref()),
        (Status::Outdated, Some("1"))
    );
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    assert_eq!(world.consulted().len(), 1);

    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    world.pass(3_000);
    assert_eq!(world.difference(), None);
}

#[test]
fn a_shape_that_was_lost_before_the_app_said_later_is_put_right_too() {
    let (world, replica) = following(config());
    world.set_says(Says::After(20_000, Say::Later));
    world.deploy(1);
    replica.tell(Ask::Check);
    world.pass(2_000);
    lose_posts(&world);
    world.pass(60_000);
    assert_eq!((rows(&world, "posts"), replica.status()), (2, Status::Outdated));
}

/// Both tables lose their shapes at once, and the app says later when it is asked about the one that changed.
#[test]
fn a_shape_that_was_lost_with_the_changed_one_is_put_right_too() {
    let (world, replica) = following(config());
    world.set_says(Says::AtOnce(Say::Later));
    world.deploy(1);
    world.forget_shapes("posts");
    only_posts_go_on(&world, THIRD, 60_000);
    assert_eq!((replica.status(), world.consulted().len()), (Status::Outdated, 1));
}

/// The server has left the version at which the table is put right: that alone is no reason to begin anew.
#[test]
fn a_table_that_is_put_right_while_electric_is_away_is_waited_for() {
    let (world, _replica) = put_off();
    lose_posts(&world);
    world.set_electric_down(true);
    let before = world.calls().len();
    world.pass(60_000);
    world.set_electric_down(false);
    world.pass(60_000);
    let calls = world.calls().split_off(before);
    let schemas = calls.iter().filter(|call| call.what == "Schemas").count();
    assert!(schemas <= 2, "begun {schemas} times");
    assert_eq!(rows(&world, "posts"), 2);
}

/// What is called while a table is put right is more than that: it is asked about.
#[test]
fn a_call_while_a_table_is_put_right_asks_the_app() {
    let (world, replica) = put_off();
    world.set_electric_down(true);
    world.forget_shapes("posts");
    world.set_electric_down(false);
    world.run(30_000, |world, _| {
        world.is_rebuilding(replica.host().id()).then_some(())
    });
    assert!(world.is_rebuilding(replica.host().id()));
    world.set_says(Says::AtOnce(Say::Go));
    assert_eq!(ask(&world, &replica, Ask::Check), YES);
    assert_eq!(replica.version().as_deref(), Some("2"));
}

#[test]
fn a_replica_that_cannot_be_read_is_repaired_without_asking_the_app() {
    let (world, replica) = put_off();
    world.tamper(|db| drop(db.app.tables.remove("users")));
    replica.tell(Ask::Look);
    world.pass(30_000);
    assert_eq!((world.difference(), world.consulted().len()), (None, 1));
}

#[test]
fn the_status_is_offline_where_nothing_but_stopped_tables_is_left() {
    let (world, replica) = put_off();
    world.set_electric_down(true);
    world.pass(60_000);
    assert_eq!(replica.status(), Status::Offline);
    world.set_electric_down(false);
    world.pass(120_000);
    assert_eq!(replica.status(), Status::Outdated);
}

/// The version moved on and a shape was lost, but no structure changed: there is nothing to ask.
#[test]
fn a_table_is_fetched_anew_under_a_new_version_without_asking_the_app() {
    let world = World::new(vec![release("1", &[POSTS]), release("2", &[POSTS])], config());
    world.write(vec![("posts", row("id=1, title=first"))]);
    world.set_says(Says::AtOnce(Say::Later));
    let replica = world.open();
    assert_eq!(ask(&world, &replica, Ask::Check), NO);
    world.pass(1_000);
    world.deploy(1);
    lose_posts(&world);
    world.pass(30_000);
    assert_eq!((world.difference(), world.consulted()), (None, vec![]));
}

/// Of users only the names are wanted from now on; that is put off.
fn chosen_anew() -> (World, Replica<Tab>) {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.set_config(Config {
        tables: Choice::Some(vec![
            choice("users", None, Some(&["name"])),
            choice("posts", None, None),
        ]),
        ..config()
    });
    world.set_says(Says::AtOnce(Say::Later));
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), NO);
    (world, second)
}

/// What the app chooses anew waits with the rebuild that carries it out, whatever is put right meanwhile.
#[test]
fn a_new_choice_that_was_put_off_is_not_forgotten_when_a_table_is_put_right() {
    let (world, second) = chosen_anew();
    lose_posts(&world);
    world.pass(30_000);
    assert_eq!((rows(&world, "posts"), second.status()), (2, Status::Outdated));
    world.kill(second.host().id());
    world.set_says(Says::AtOnce(Say::Go));
    let third = world.open();
    let outcome = ask(&world, &third, Ask::Check);
    world.pass(3_000);
    assert_eq!(
        (outcome, third.status(), world.consulted().len()),
        (YES, Status::Ready, 2)
    );
}

/// Whatever is put right on the way, or waits for it: what the app is asked about is what it changes.
#[test]
fn a_change_that_is_called_for_around_a_lost_shape_is_asked_about_as_a_change() {
    for ms in (0..4_000).step_by(100) {
        let (world, second) = chosen_anew();
        lose_posts(&world);
        world.pass(ms);
        world.set_says(Says::AtOnce(Say::Go));
        assert_eq!(ask(&world, &second, Ask::Check), YES);
        let asked: Vec<Reason> = world.consulted().into_iter().map(|upcoming| upcoming.reason).collect();
        assert_eq!(asked, [Reason::Changed, Reason::Changed], "after {ms} ms");
    }
}

/// Electric is already at a structure that no server has announced: it is waited for, and the version, which is looked at
/// meanwhile, is the one that was put off.
#[test]
fn a_table_that_is_put_right_while_electric_has_another_structure_is_waited_for() {
    let (world, replica) = put_off();
    world.migrate(3);
    world.write(vec![("posts", row("id=2, title=second, body=b"))]);
    let before = world.calls().len();
    world.pass(60_000);
    let calls = world.calls().split_off(before);
    let asked = |what: &str| calls.iter().filter(|call| call.what == what).count();
    assert!(asked("Version") > 5, "looked {} times", asked("Version"));
    assert!(asked("Schemas") <= 1, "begun {} times", asked("Schemas"));
    assert_eq!((rows(&world, "posts"), rows(&world, "users")), (1, 2));
    assert_eq!(
        (starts(&world), world.consulted().len()),
        (vec![Reason::First, Reason::Repair], 1)
    );

    world.set_says(Says::AtOnce(Say::Go));
    world.announce(3);
    world.pass(60_000);
    assert_eq!((world.difference(), replica.version().as_deref()), (None, Some("4")));
    let ends = |(_, event)| matches!(event, Event::Failed { .. });
    assert!(!world.events().into_iter().any(ends));
}

// ---- with nothing put off ---------------------------------------------------------------------------------------------

/// Nothing of the server's was changed: its rows alone are fetched anew.
#[test]
fn a_table_that_is_fetched_anew_at_its_version_is_announced_as_a_repair() {
    let (world, _replica) = following(config());
    lose_posts(&world);
    world.pass(30_000);
    assert_eq!(world.difference(), None);
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
}

/// What the tables are is changed as well, but what is there cannot be read: that is the greater news.
#[test]
fn a_replica_that_cannot_be_read_is_announced_as_a_repair_even_where_the_server_moved_on() {
    let (world, replica) = following(config());
    world.kill(replica.host().id());
    world.tamper(|db| drop(db.app.tables.remove("users")));
    world.deploy(1);
    let second = world.open();
    assert_eq!(ask(&world, &second, Ask::Check), YES);
    assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
}

/// A record that does not say where a table stands says nothing of its rows: they are no replica, online or not.
#[test]
fn a_table_without_a_position_is_shown_only_after_it_was_fetched_anew() {
    for temper in [Temper::Up, Temper::Down] {
        let (world, replica) = following(config());
        world.kill(replica.host().id());
        world.tamper(|db| {
            let record = db.record.as_mut().unwrap();
            record.shapes.remove("users").unwrap();
        });
        world.write(vec![("users", row("id=3, name=three"))]);
        world.set_temper(temper.clone());
        let before = world.events().len();
        let second = world.open();
        let outcome = ask(&world, &second, Ask::Check);
        if temper == Temper::Down {
            assert_eq!(outcome, Some(Err(ErrorCode::ServerUnreachable)));
            assert_eq!(second.status(), Status::Failed);
            world.set_temper(Temper::Up);
            world.pass(60_000);
        } else {
            assert_eq!(outcome, YES);
        }
        world.pass(3_000);
        let events = world.events().split_off(before);
        let complete = |(_, event): &(u32, Event)| matches!(event, Event::Complete { .. });
        let early = events.iter().take_while(|event| !complete(event));
        let usable = |event: &Event| matches!(event, Event::Status(Status::Ready | Status::Offline | Status::Outdated));
        assert_eq!(early.filter(|(_, event)| usable(event)).count(), 0, "{temper:?}");
        assert_eq!((world.difference(), second.status()), (None, Status::Ready));
        assert_eq!(starts(&world), [Reason::First, Reason::Repair]);
    }
}
