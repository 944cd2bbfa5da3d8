//! The crate from outside: JSON in, JSON out.

mod allow_list;
mod arbitrary;
mod golden;
mod messy;
mod support;
