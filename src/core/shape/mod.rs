//! Electric's shape protocol: what is asked, how an answer is read, and what it means for the stream.
//! Knows nothing of tables' contents, of PGlite or of a network.

mod position;

pub use position::{Handle, Lsn, Offset, Position};
