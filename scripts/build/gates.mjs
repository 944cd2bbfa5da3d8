/**
 * The gates of the rebuild module, as Rust names them without the crates' hashes: each is a function of src/core that says
 * of itself that it is one. What is only reached through them is not downloaded before something is to be rebuilt.
 */
const DRIVER = String.raw`electric_replica_core::driver::Driver<electric_replica_client::host::BrowserHost>`;

export const GATES = [
  /^<electric_replica_core::machine::Machine>::(take_of_rebuild|replace|roll_back|swap|restart)$/,
  /^<electric_replica_core::op::Op>::of_rebuild$/,
  /^electric_replica_core::shape::described::described$/,
  // The loading of a table: what begins it, the future it is, and how that is dropped.
  new RegExp(String.raw`^<${DRIVER}>::stage$`),
  new RegExp(String.raw`^<${DRIVER}>::stage::\{closure#0\}$`),
  new RegExp(String.raw`^core::ptr::drop_in_place::<<${DRIVER}>::stage::\{closure#0\}>$`),
];
