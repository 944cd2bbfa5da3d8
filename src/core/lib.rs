//! Decides what happens to a browser's Postgres replica.
//!
//! Inputs (what happened) go in; effects (what to do next) and events (what the app should know) come out. There is
//! no I/O, no clock, no randomness and no JavaScript in here: every decision is tested natively, in milliseconds.

pub mod census;
pub mod config;
mod deadline;
pub mod driver;
pub mod error;
pub mod event;
pub mod expects;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod fingerprint;
pub mod host;
pub mod ident;
pub mod ingest;
mod json;
pub mod machine;
pub mod manifest;
pub mod op;
pub mod options;
pub mod plan;
pub mod queries;
pub mod record;
pub mod retry;
pub mod room;
pub mod shape;
pub mod sorted;
pub mod stage;
pub mod tail;
mod text;
pub mod ticking;
pub mod version;
pub mod work;

pub use error::{Error, ErrorCode, Result};
