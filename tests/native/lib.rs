//! Helpers of the native tests: releases in short, journeys as data, and the player that walks them.
#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a helper of tests fails the test"
)]

mod asked;
mod journey;
mod player;
mod short;

pub use journey::{Journey, Step, journeys};
pub use player::{Outcome, Player};
pub use short::{choice, config, expecting, release, renamed, row};
