//! From shape JSON to what PGlite eats: snapshot rows become COPY text, live changes become typed messages.
//! No value is ever a number on its way (FACTS T14): text in, text out.

mod message;

pub use message::{Change, Message, Operation};
