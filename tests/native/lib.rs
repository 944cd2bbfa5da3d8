//! Helpers of the native tests: releases in short, journeys as data, and the player that walks them.
#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a helper of tests fails the test"
)]

mod asked;
mod called;
mod changes;
mod cramped;
mod fed;
mod followed;
mod journey;
mod owned;
mod player;
mod server;
mod short;
mod stored;
mod watched;

pub use cramped::{deceptive, full, roomy, tight, tiny};
pub use followed::{
    NO, POSTS, YES, ask, calls_in, following, lose_posts, only_posts_go_on, put_off, requests_in, rows, starts,
};
pub use journey::{Journey, Step, journeys};
pub use owned::{ADA, BEN, adas, bens};
pub use player::{Outcome, Player};
pub use short::{choice, config, expecting, release, renamed, row};
