//! The targets: one a kind of text that comes from outside.

mod bodies;
mod crossing;
mod machine;
mod schemas;
mod shape;
mod sql;
mod stored;
mod tail;
mod version;

pub(crate) use machine::config;
pub(crate) use schemas::{operations, record};
pub(crate) use stored::rows;

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    /// Takes any bytes. Panics where something that must hold of them does not.
    pub run: fn(&[u8]),
    /// Tokens that its inputs are made of.
    pub words: &'static [&'static str],
}

/// All of them.
pub const TARGETS: [Target; 13] = [
    Target {
        name: "body",
        run: bodies::body,
        words: bodies::WORDS,
    },
    Target {
        name: "shape",
        run: shape::run,
        words: shape::WORDS,
    },
    Target {
        name: "tail",
        run: tail::run,
        words: shape::WORDS,
    },
    Target {
        name: "machine",
        run: machine::run,
        words: machine::WORDS,
    },
    Target {
        name: "electric-schema",
        run: schemas::electric,
        words: schemas::ELECTRIC_WORDS,
    },
    Target {
        name: "manifest",
        run: schemas::manifest,
        words: schemas::WORDS,
    },
    Target {
        name: "version",
        run: version::run,
        words: version::WORDS,
    },
    Target {
        name: "record",
        run: stored::record,
        words: schemas::WORDS,
    },
    Target {
        name: "found",
        run: stored::found,
        words: schemas::WORDS,
    },
    Target {
        name: "options",
        run: crossing::options,
        words: crossing::WORDS,
    },
    Target {
        name: "outcome",
        run: crossing::outcome,
        words: crossing::WORDS,
    },
    Target {
        name: "sql",
        run: sql::simple,
        words: sql::WORDS,
    },
    Target {
        name: "folder",
        run: sql::folder,
        words: sql::WORDS,
    },
];
