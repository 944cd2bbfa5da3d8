//! Journeys as data: what the server has, what happens, and how the calls end when nothing goes wrong.

use electric_replica_core::config::{Choice, Config, Feed, Source, Strategy};
use electric_replica_core::error::ErrorCode;
use electric_replica_core::fakes::{Habits, Release, Temper, World};
use electric_replica_core::machine::Ask;
use electric_replica_core::plan::Scope;

use crate::asked::asked_first;
use crate::player::Outcome;
use crate::short::{choice, config, release, renamed, row};

/// One step of a journey.
#[derive(Clone, Debug)]
pub enum Step {
    /// The app asks and waits.
    Ask(Ask),
    /// The app asks and does not wait.
    Tell(Ask),
    /// Something happens elsewhere.
    World(fn(&World)),
    /// Something happens elsewhere so many milliseconds later.
    Later(u64, fn(&World)),
    /// So many milliseconds go by.
    Pass(u64),
    /// The page is loaded anew.
    Reopen,
    /// The app is deployed with other options, and its page loaded anew.
    Configure(fn() -> Config),
}

/// A journey.
#[derive(Clone, Debug)]
pub struct Journey {
    /// What happens, in words.
    pub name: &'static str,
    /// What the server goes through.
    pub releases: Vec<Release>,
    /// The app's options.
    pub config: Config,
    /// What happens.
    pub steps: Vec<Step>,
    /// How many of the steps it takes to come to where the journey begins: there, nothing is made to go wrong.
    pub before: usize,
    /// How its calls end, if nothing goes wrong.
    pub outcomes: Vec<Outcome>,
}

const USERS: &str = "users: id int4 | name text! | age int4 | ix=by_name(name)";
pub(crate) const POSTS: &str = "posts: id int4 | title text | mood mood";
pub(crate) const MOOD: &str = "mood = ok, bad";
pub(crate) const CHECK: Step = Step::Ask(Ask::Check);
pub(crate) const OK: Outcome = Ok(true);
pub(crate) const SAME: Outcome = Ok(false);

fn seed(world: &World) {
    let users = (1..=7).map(|n| ("users", row(&format!("id={n}, name=n{n}, age={}", n * 10))));
    let posts = (1..=4).map(|n| ("posts", row(&format!("id={n}, title=t{n}, mood=ok"))));
    world.write(users.chain(posts).collect());
}

pub(crate) fn edit(world: &World) {
    world.write(vec![
        ("users", row("id=2, name=edited, age=2")),
        ("posts", row("id=2, title=edited, mood=bad")),
    ]);
    world.write(vec![("users", row("id=20, name=added, age=1"))]);
    world.delete("users", &["3"]);
    world.write(vec![("posts", row("id=30, title=added, mood=ok"))]);
}

fn first() -> Vec<Step> {
    vec![Step::World(seed), CHECK]
}

pub(crate) fn journey(
    name: &'static str,
    second: Option<Release>,
    config: Config,
    rest: &[Step],
    outcomes: &[Outcome],
) -> Journey {
    let mut releases = vec![release("0001", &[USERS, POSTS, MOOD])];
    releases.extend(second);
    let mut steps = first();
    steps.extend_from_slice(rest);
    Journey {
        name,
        releases,
        config,
        steps,
        before: 0,
        outcomes: std::iter::once(SAME).chain(outcomes.iter().copied()).collect(),
    }
}

pub(crate) fn deploy(world: &World) {
    world.deploy(1);
}

fn slow(world: &World) {
    world.set_habits(Habits {
        notice_ms: 60_000,
        notices_at_write: false,
        ..Habits::default()
    });
}

/// One of every kind of change that a server's schema can go through.
fn changes() -> Vec<(&'static str, Release, Outcome)> {
    let to = |lines: &[&str]| release("0002", lines);
    vec![
        (
            "a column is added",
            to(&["users: id int4 | name text! | age int4 | mail text", POSTS, MOOD]),
            OK,
        ),
        (
            "a column that refuses NULL is added",
            to(&["users: id int4 | name text! | age int4 | n int4!", POSTS, MOOD]),
            OK,
        ),
        (
            "a column is dropped",
            to(&["users: id int4 | name text!", POSTS, MOOD]),
            OK,
        ),
        (
            "a column is renamed",
            renamed(
                to(&["users: id int4 | title text! | age int4", POSTS, MOOD]),
                &[("users", "name", "title")],
                &[],
            ),
            OK,
        ),
        (
            "a type is another",
            to(&["users: id int4 | name text! | age text", POSTS, MOOD]),
            OK,
        ),
        (
            "the key is another",
            to(&["users: id int4 | name text! | age int4 | key=id,name", POSTS, MOOD]),
            OK,
        ),
        (
            "a table is new",
            to(&[USERS, POSTS, MOOD, "tags: id int4 | name text"]),
            OK,
        ),
        ("a table is dropped", to(&[USERS]), OK),
        (
            "a table is renamed",
            renamed(
                to(&["people: id int4 | name text! | age int4", POSTS, MOOD]),
                &[],
                &[("users", "people")],
            ),
            OK,
        ),
        ("an enum gains a label", to(&[USERS, POSTS, "mood = ok, bad, new"]), OK),
        (
            "an index is new",
            to(&["users: id int4 | name text! | age int4 | ix=by_age(age)", POSTS, MOOD]),
            SAME,
        ),
        ("only rows are changed", to(&[USERS, POSTS, MOOD]), SAME),
        (
            "an index goes from one table to another",
            to(&[
                "users: id int4 | name text! | age int4",
                "posts: id int4 | title text! | mood mood | ix=by_name(title)",
                MOOD,
            ]),
            OK,
        ),
        (
            "everything is changed",
            to(&[
                "users: id int4 | mood mood",
                "posts: id int4 | title text | tags text[]",
                "mood = x",
            ]),
            OK,
        ),
    ]
}

fn with_choice(choices: Vec<electric_replica_core::config::TableChoice>) -> Config {
    Config {
        tables: Choice::Some(choices),
        ..config()
    }
}

fn chosen() -> Config {
    with_choice(vec![
        choice("users", Some(("age", "10")), Some(&["name", "age"])),
        choice("posts", None, None),
    ])
}

fn otherwise_chosen() -> Config {
    with_choice(vec![choice("users", Some(("age", "20")), None)])
}

fn in_place() -> Config {
    Config {
        strategy: Strategy::InPlace,
        ..config()
    }
}

/// Every journey.
#[must_use]
pub fn journeys() -> Vec<Journey> {
    let mut all: Vec<Journey> = Vec::new();
    for (name, release, outcome) in changes() {
        let rest = [
            Step::World(edit),
            Step::World(deploy),
            CHECK,
            Step::Pass(500),
            Step::World(edit),
        ];
        all.push(journey(name, Some(release), config(), &rest, &[outcome]));
    }
    let added = || {
        Some(release(
            "0002",
            &["users: id int4 | name text! | age int4 | mail text", POSTS, MOOD],
        ))
    };
    let both = |world: &World| {
        world.deploy(1);
        world.after(100, edit);
        world.after(20_000, edit);
        world.after(70_000, edit);
    };
    all.extend([
        journey(
            "nothing is changed",
            None,
            config(),
            &[CHECK, Step::Reopen, CHECK],
            &[SAME, SAME],
        ),
        journey(
            "rows are written while it is followed",
            None,
            config(),
            &[Step::Pass(100), Step::World(edit), Step::Pass(2_000)],
            &[],
        ),
        journey(
            "the replica is built in place",
            added(),
            in_place(),
            &[Step::World(deploy), CHECK],
            &[OK],
        ),
        journey(
            "everything is rebuilt because the app says so",
            added(),
            Config {
                scope: Scope::All,
                ..config()
            },
            &[Step::World(deploy), CHECK],
            &[OK],
        ),
        journey(
            "it is forced",
            None,
            config(),
            &[Step::Ask(Ask::Force { version: None })],
            &[OK],
        ),
        journey(
            "it is forced for a version that the server is not at",
            None,
            config(),
            &[Step::Ask(Ask::Force {
                version: Some("0009".to_owned()),
            })],
            &[Err(ErrorCode::InvalidOptions)],
        ),
        journey("it is purged", None, config(), &[Step::Ask(Ask::Purge)], &[SAME]),
        journey(
            "it is closed and opened",
            None,
            config(),
            &[Step::Ask(Ask::Close), Step::Reopen, CHECK],
            &[SAME, SAME],
        ),
        journey(
            "concurrent calls share one run",
            added(),
            config(),
            &[
                Step::World(deploy),
                Step::Tell(Ask::Check),
                Step::Tell(Ask::Check),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the server is down and there is a replica",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Down)),
                Step::Reopen,
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[SAME],
        ),
        journey(
            "the endpoint answers a web page",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Says("<html>".to_owned()))),
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[Err(ErrorCode::InvalidVersion)],
        ),
        journey(
            "the endpoint is not there",
            None,
            config(),
            &[
                Step::World(|w| w.set_temper(Temper::Status(404))),
                CHECK,
                Step::World(|w| w.set_temper(Temper::Up)),
            ],
            &[Err(ErrorCode::VersionUnavailable)],
        ),
        journey(
            "the server goes back",
            added(),
            config(),
            &[Step::World(deploy), CHECK, Step::World(|w| w.deploy(0)), CHECK],
            &[OK, OK],
        ),
        journey(
            "a rolling deploy answers old for a moment",
            added(),
            config(),
            &[
                Step::World(deploy),
                CHECK,
                Step::World(|w| w.announce(0)),
                Step::Later(1_000, |w| w.announce(1)),
                CHECK,
            ],
            &[OK, SAME],
        ),
        journey(
            "one table's shape is gone",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(|w| w.forget_shapes("users")),
                Step::World(edit),
                Step::Pass(5_000),
            ],
            &[],
        ),
        journey(
            "a body says must-refetch",
            None,
            config(),
            &[
                Step::Pass(100),
                Step::World(|w| w.refetch_in_body("posts")),
                Step::World(edit),
                Step::Pass(5_000),
            ],
            &[],
        ),
        journey(
            "Electric serves the old structure for a minute",
            added(),
            config(),
            &[Step::World(slow), Step::World(both), CHECK],
            &[OK],
        ),
        journey(
            "the schema is changed before the endpoints say so",
            added(),
            config(),
            &[
                Step::World(|w| w.migrate(1)),
                Step::World(edit),
                Step::Pass(5_000),
                Step::World(|w| w.announce(1)),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the endpoints say so before the schema is changed",
            added(),
            config(),
            &[
                Step::World(|w| w.announce(1)),
                Step::Later(7_000, |w| w.migrate(1)),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "Electric is down for a while",
            None,
            config(),
            &[
                Step::World(|w| w.set_electric_down(true)),
                Step::Pass(3_000),
                Step::World(edit),
                Step::World(|w| w.set_electric_down(false)),
                CHECK,
            ],
            &[SAME],
        ),
        journey(
            "the schemas are SQL",
            added(),
            config(),
            &[Step::World(World::speak_sql), Step::World(deploy), CHECK],
            &[OK],
        ),
        journey(
            "the record is damaged",
            None,
            config(),
            &[
                Step::World(|w| {
                    w.tamper(|db| {
                        if let Some(record) = &mut db.record {
                            record.head[5] = Some("{".to_owned());
                        }
                    });
                }),
                Step::Reopen,
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "the record is lost",
            None,
            config(),
            &[Step::World(|w| w.tamper(|db| db.record = None)), Step::Reopen, CHECK],
            &[OK],
        ),
        journey(
            "the record is lost, and it is built in place",
            None,
            in_place(),
            &[Step::World(|w| w.tamper(|db| db.record = None)), Step::Reopen, CHECK],
            &[OK],
        ),
        journey(
            "a table vanished behind its back",
            None,
            config(),
            &[
                Step::World(|w| w.tamper(|db| drop(db.app.tables.remove("users")))),
                Step::Reopen,
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "another choice of tables",
            None,
            chosen(),
            &[
                Step::Pass(100),
                Step::World(edit),
                Step::Configure(otherwise_chosen),
                CHECK,
            ],
            &[OK],
        ),
        journey(
            "a chosen table is dropped, then more is changed",
            None,
            chosen(),
            &[],
            &[],
        ),
    ]);
    fed(&mut all);
    described(&mut all);
    all.extend(asked_first());
    all.push(rolled_back());
    all.push(own_tables());
    all.push(claimed_later());
    all.push(moving_on());
    dropped_choice(&mut all);
    all
}

fn app_fed() -> Config {
    Config {
        feed: Feed::App {
            keys: vec!["mine".to_owned()],
        },
        scope: Scope::All,
        ..in_place()
    }
}

fn without_endpoints() -> Config {
    let tables = vec![choice("users", None, None), choice("posts", None, None)];
    Config {
        source: Source::Electric,
        ..with_choice(tables)
    }
}

/// The app goes back, and the server goes on.
fn rolled_back() -> Journey {
    let to = |version: &str, users: &str| release(version, &[users, POSTS, MOOD]);
    let second = to("0002", "users: id int4 | name text! | age int4 | mail text");
    let third: fn(&World) = |world| world.deploy(2);
    let keeps = Config {
        keep_previous_ms: 600_000,
        ..config()
    };
    let steps = [
        Step::World(edit),
        Step::World(deploy),
        CHECK,
        Step::Ask(Ask::Rollback),
        CHECK,
        Step::World(edit),
        Step::World(third),
        CHECK,
    ];
    let outcomes = [OK, OK, SAME, OK];
    let mut back = journey(
        "the app goes back, and the server goes on",
        Some(second),
        keeps,
        &steps,
        &outcomes,
    );
    back.releases.push(to("0003", "users: id int4 | name text! | age text"));
    back
}

/// Nothing but Electric says which structure the server has.
fn described(all: &mut Vec<Journey>) {
    for (name, release, _) in changes() {
        let described = match name {
            "a column is added" => "Electric alone tells of a new column",
            "the key is another" => "Electric alone tells of another key",
            "an index is new" => "Electric alone tells of no index",
            _ => continue,
        };
        let rest = [
            Step::Pass(100),
            Step::World(edit),
            Step::World(deploy),
            Step::World(edit),
            // The streams see it; the call comes later.
            Step::Pass(5_000),
            CHECK,
        ];
        all.push(journey(described, Some(release), without_endpoints(), &rest, &[SAME]));
    }
    let down: fn(&World) = |w| w.set_electric_down(true);
    let up: fn(&World) = |w| w.set_electric_down(false);
    let steps = [Step::World(down), Step::Reopen, CHECK, Step::World(up)];
    let down = "Electric alone tells of the structure, and is down";
    all.push(journey(down, None, without_endpoints(), &steps, &[SAME]));
}

/// The app's own sync brings the rows.
fn fed(all: &mut Vec<Journey>) {
    let deployed = [
        Step::World(edit),
        Step::World(deploy),
        CHECK,
        Step::Pass(500),
        Step::World(edit),
    ];
    for (name, release, outcome) in changes() {
        let fed = match name {
            "a column is added" => "the app's own sync is fed a new column",
            "an enum gains a label" => "the app's own sync is fed a new label",
            "everything is changed" => "the app's own sync is fed other tables",
            "only rows are changed" => "the app's own sync goes on over a version that changes no structure",
            _ => continue,
        };
        all.push(journey(fed, Some(release), app_fed(), &deployed, &[outcome]));
    }
    let vanish: fn(&World) = |w| w.tamper(|db| drop(db.app.tables.remove("users")));
    let down: fn(&World) = |w| w.set_temper(Temper::Down);
    let up: fn(&World) = |w| w.set_temper(Temper::Up);
    let mut add = |name, config, steps: &[Step], outcomes: &[Outcome]| {
        all.push(journey(name, None, config, steps, outcomes));
    };
    add(
        "the app's own sync goes on in the next page",
        app_fed(),
        &[Step::World(edit), Step::Reopen, Step::World(edit), CHECK],
        &[SAME],
    );
    add(
        "the app's own sync and a table that vanished",
        app_fed(),
        &[Step::World(vanish), Step::Reopen, CHECK],
        &[OK],
    );
    add(
        "the app's own sync and a server that is down",
        app_fed(),
        &[
            Step::World(down),
            Step::Reopen,
            CHECK,
            Step::World(up),
            Step::Pass(5_000),
        ],
        &[SAME],
    );
    add(
        "the app's own sync is forced, purged, closed and opened",
        app_fed(),
        &[
            Step::Ask(Ask::Force { version: None }),
            Step::Ask(Ask::Purge),
            CHECK,
            Step::Ask(Ask::Close),
            Step::Reopen,
            CHECK,
        ],
        &[OK, SAME, SAME, SAME, SAME],
    );
    add(
        "an app takes to a sync of its own, and back",
        config(),
        &[
            Step::Configure(app_fed),
            CHECK,
            Step::World(edit),
            Step::Configure(config),
            CHECK,
        ],
        &[OK, OK],
    );
}

/// An app that had tables of its own before it had this library.
fn own_tables() -> Journey {
    let mut own = journey("the app had such tables before", None, config(), &[], &[]);
    let stand: fn(&World) = |world| world.stand_own_tables(0, &[("users", row("id=90, name=own, age=1"))]);
    own.steps = vec![Step::World(seed), Step::World(stand), CHECK];
    own.outcomes = vec![OK];
    own
}

/// A new table of the server is called like one that the app made for itself.
fn claimed_later() -> Journey {
    let second = release("0002", &[USERS, POSTS, MOOD, "tags: id int4 | name text"]);
    let own: fn(&World) = |world| {
        world.tamper(|db| {
            let own = db.app.tables.get("posts").cloned().unwrap_or_default();
            db.app.tables.insert("tags".to_owned(), own);
        });
    };
    let down: fn(&World) = |world| world.set_electric_down(true);
    let up: fn(&World) = |world| world.set_electric_down(false);
    let steps = [
        Step::World(own),
        Step::World(deploy),
        Step::World(down),
        Step::Later(9_000, up),
        CHECK,
    ];
    journey(
        "a new table has the name of one of the app's own",
        Some(second),
        config(),
        &steps,
        &[OK],
    )
}

/// The server moves on while a rebuild waits for Electric.
fn moving_on() -> Journey {
    let second = release(
        "0002",
        &["users: id int4 | name text! | age int4 | mail text", POSTS, MOOD],
    );
    let third = release(
        "0003",
        &[
            "users: id int4 | name text! | age int4 | mail text | web text",
            POSTS,
            MOOD,
        ],
    );
    let later: fn(&World) = |world| world.deploy(2);
    let steps = [Step::World(slow), Step::World(deploy), Step::Later(9_000, later), CHECK];
    let mut moving = journey(
        "the server moves on while Electric is waited for",
        Some(second),
        config(),
        &steps,
        &[OK],
    );
    moving.releases.push(third);
    moving
}

fn dropped_choice(all: &mut [Journey]) {
    for journey in all
        .iter_mut()
        .filter(|journey| journey.name.starts_with("a chosen table is dropped"))
    {
        journey.releases.push(release("0002", &[USERS]));
        journey
            .releases
            .push(release("0003", &["users: id int4 | name text! | age int4 | mail text"]));
        let third: fn(&World) = |world| world.deploy(2);
        journey
            .steps
            .extend([Step::World(deploy), CHECK, Step::World(third), CHECK]);
        // Without a replica, a chosen table that the server lacks is a mistake in the options.
        journey.before = 2;
        // The new column is not among the chosen ones.
        journey.outcomes = vec![SAME, OK, SAME];
    }
}
