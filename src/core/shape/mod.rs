//! Electric's shape protocol: what is asked, how an answer is read, and what it means for the stream.
//! Knows nothing of tables' contents, of PGlite or of a network.

mod definition;
mod described;
mod position;
mod request;
mod response;
mod schema;
mod stream;
mod verdict;

pub use definition::ShapeDefinition;
pub use described::described;
pub use position::{Handle, Lsn, Offset, Position};
pub use request::{Mode, ShapeRequest};
pub use response::{Body, ResponseHead, ShapeHead};
pub use schema::{Agreement, ElectricColumn, ElectricSchema};
pub use stream::{At, Stream};
pub use verdict::{Ending, Progress, Verdict};
