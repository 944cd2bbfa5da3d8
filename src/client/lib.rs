//! The browser module: the core's host traits over a duck-typed PGlite, fetch, localStorage, Web Locks and listeners,
//! and the exports that TypeScript wraps. It decides nothing: no version, schema or SQL logic lives here.

mod clock;
mod database;
mod errors;
mod events;
mod exports;
mod host;
mod http;
mod lock;
mod page;
mod storage;
#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests;

pub use exports::RawReplica;
pub use page::Page;

/// A third of the standard library's, and no slower here (docs/SIZE.md).
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
