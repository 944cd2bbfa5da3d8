//! The SQL module.
