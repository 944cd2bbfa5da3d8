//! From shape JSON to what PGlite eats: snapshot rows become COPY data, live changes become typed messages and then
//! statements. No value is ever a JavaScript number on its way (FACTS T14): text in, and out either text or
//! the very bytes that Postgres makes of it.
//!
//! Knows a table's columns, and nothing of requests, of streams or of what is done with the result.

mod body;
mod change;
mod copy_binary;
mod copy_text;
mod format;
mod message;
mod reader;
mod row;
mod scanner;
mod transcoder;

#[cfg(test)]
mod tests;

pub use change::statements;
#[cfg(any(test, feature = "fakes"))]
pub use copy_binary::decoder;
pub use format::Format;
pub use message::{Change, Message, Operation};
pub use reader::MessageReader;
pub use transcoder::Transcoder;
