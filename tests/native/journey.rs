//! Journeys as data: what the server has, what happens, and how the calls end when nothing goes wrong.

use electric_replica_core::config::{Choice, Config, Strategy, TableChoice};
use electric_replica_core::fakes::{Release, World};
use electric_replica_core::machine::Ask;

use crate::asked::asked_first;
use crate::called::called;
use crate::changes::changed;
use crate::cramped::cramped;
use crate::fed::fed;
use crate::owned::owned;
use crate::player::Outcome;
use crate::server::served;
use crate::short::{config, release, row};
use crate::stored::stored;
use crate::watched::watched;

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

pub(crate) const USERS: &str = "users: id int4 | name text! | age int4 | ix=by_name(name)";
pub(crate) const POSTS: &str = "posts: id int4 | title text | mood mood";
pub(crate) const MOOD: &str = "mood = ok, bad";
pub(crate) const CHECK: Step = Step::Ask(Ask::Check);
pub(crate) const OK: Outcome = Ok(true);
pub(crate) const SAME: Outcome = Ok(false);

pub(crate) fn seed(world: &World) {
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

/// A second release with a new column.
pub(crate) fn added() -> Release {
    release(
        "0002",
        &["users: id int4 | name text! | age int4 | mail text", POSTS, MOOD],
    )
}

pub(crate) fn with_choice(choices: Vec<TableChoice>) -> Config {
    Config {
        tables: Choice::Some(choices),
        ..config()
    }
}

pub(crate) fn in_place() -> Config {
    Config {
        strategy: Strategy::InPlace,
        ..config()
    }
}

/// Every journey.
#[must_use]
pub fn journeys() -> Vec<Journey> {
    [
        changed(),
        called(),
        served(),
        stored(),
        fed(),
        asked_first(),
        owned(),
        cramped(),
        watched(),
    ]
    .concat()
}
