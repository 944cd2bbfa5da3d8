//! Journeys in which the app has a say: it puts a migration off, thinks, or runs code that is too old.

use electric_replica_core::fakes::{Says, World};
use electric_replica_core::host::Say;
use electric_replica_core::machine::Ask;

use crate::journey::{CHECK, Journey, MOOD, OK, POSTS, SAME, Step, added, deploy, edit, journey};
use crate::short::{config, expecting, release};

/// The app has a say in it.
pub(crate) fn asked_first() -> Vec<Journey> {
    let later: fn(&World) = |world| world.set_says(Says::AtOnce(Say::Later));
    let go: fn(&World) = |world| world.set_says(Says::AtOnce(Say::Go));
    let slowly: fn(&World) = |world| world.set_says(Says::After(8_000, Say::Go));
    let lose: fn(&World) = |world| world.forget_shapes("posts");
    let (put_off, wanted) = (Step::World(later), Step::World(go));
    vec![
        journey(
            "the app puts a migration off, and wants it later",
            Some(added()),
            config(),
            &[
                put_off.clone(),
                Step::World(deploy),
                CHECK,
                Step::World(edit),
                Step::Pass(5_000),
                Step::Tell(Ask::Look),
                Step::Pass(2_000),
                wanted.clone(),
                CHECK,
            ],
            &[SAME, OK],
        ),
        journey(
            "a shape is lost while a migration is put off",
            Some(added()),
            config(),
            &[
                put_off,
                Step::World(deploy),
                CHECK,
                Step::World(edit),
                Step::World(lose),
                Step::Pass(10_000),
                Step::World(go),
            ],
            &[SAME],
        ),
        journey(
            "the app thinks for a while",
            Some(added()),
            config(),
            &[Step::World(slowly), Step::World(deploy), CHECK, wanted],
            &[OK],
        ),
        journey(
            "it is checked in the background",
            Some(added()),
            config(),
            &[Step::World(deploy), Step::Ask(Ask::Background), Step::Pass(5_000)],
            &[SAME],
        ),
        journey(
            "the code that runs is too old, and then newer",
            Some(release("0002", &["users: id int4 | name text!", POSTS, MOOD])),
            expecting("users", &["age"]),
            &[
                Step::World(deploy),
                CHECK,
                Step::World(edit),
                Step::Pass(5_000),
                Step::Configure(|| expecting("users", &["name"])),
                CHECK,
            ],
            &[SAME, OK],
        ),
    ]
}
