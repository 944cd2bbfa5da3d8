//! Hostile input. A **target** takes any bytes for what a server, an app or another program might have said, and asserts what
//! must hold of whatever is made of them; it does not merely come back. `tests/` runs each a fixed number of times on
//! mutants of its seeds, and on every input that was ever too much for it (`crashes/`); `engine/` lets libFuzzer choose.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a target panics where what it asserts does not hold"
)]

mod copy_text;
mod golden;
mod ours;
mod script;
mod secret;
mod targets;

pub use golden::seeds;
pub use targets::{TARGETS, Target};
