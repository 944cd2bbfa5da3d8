//! From shape JSON to what PGlite eats: snapshot rows become COPY text, live changes become typed messages and then
//! parameterised statements. No value is ever a number on its way (FACTS T14): text in, text out.
//!
//! Knows a table's columns, and nothing of requests, of streams or of what is done with the result.

mod body;
mod change;
mod copy_text;
mod message;
mod reader;
mod row;
mod scanner;
mod transcoder;

#[cfg(test)]
mod tests;

pub use change::statements;
pub use message::{Change, Message, Operation};
pub use reader::MessageReader;
pub use transcoder::Transcoder;
