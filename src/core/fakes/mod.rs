//! A whole replica world in memory: a database, a server, Electric, a clock, a lock, tabs that can be killed at any
//! call, and a checker of the invariants that looks after every transaction and at every event. Deterministic: the
//! same world does the same twice. Only for tests.
#![expect(clippy::panic, reason = "a broken invariant ends the test at once")]

mod check;
mod database;
mod electric;
mod feed;
mod origin;
mod tab;
mod world;

pub use database::{ModelDatabase, ModelSchema, ModelTable, StoredRecord};
pub use electric::Habits;
pub use origin::{Release, Row, Temper, View};
pub use tab::{Call, Fault, Kind, LeadGuard, Pieces, Says, Tab};
pub use world::World;
