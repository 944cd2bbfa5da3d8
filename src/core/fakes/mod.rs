//! A whole replica world in memory: a database, a server, Electric, a clock, a lock, tabs that can be killed at any
//! call, and a checker of the invariants that looks after every transaction and at every event. Deterministic: the
//! same world does the same twice. Only for tests.
#![expect(clippy::panic, reason = "a broken invariant ends the test at once")]

mod between;
mod call;
mod check;
mod clock;
mod database;
mod disk;
mod electric;
mod feed;
mod loading;
mod origin;
mod script;
mod seals;
mod shape;
mod stored;
mod swap;
mod tab;
mod table;
mod world;

pub use between::Between;
pub use call::{Call, Fault, Kind, Says};
pub use database::ModelDatabase;
pub use disk::{Disk, Estimate};
pub use electric::Habits;
pub use origin::{Release, Row, Temper, View};
pub use stored::StoredRecord;
pub use tab::{LeadGuard, Pieces, Tab};
pub use table::{ModelSchema, ModelTable};
pub use world::World;
