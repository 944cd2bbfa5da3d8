/**
 * The gates of the rebuild module, as Rust names them without the crates' hashes: each is a function of src/core that says
 * of itself that it is one. What is only reached through them is not downloaded before something is to be rebuilt.
 */
const CORE = "electric_replica_core";
const HOST = "<electric_replica_client::host::BrowserHost>";
/** What begins something that goes on; behind each are the future it is, and how that is dropped. */
const TASKS = [...["stage", "feed", "measure", "consult", "translate", "find_lost", "census"].map((name) => `<${CORE}::driver::Driver${HOST}>::${name}`), `${CORE}::driver::asking::ask_electric(::)?${HOST}`];

/** What only a rebuild or a comparison holds: nothing of it is ever let go of before there is some. */
const HELD = [
  ...["machine::job::Job", "machine::comparing::Comparison", "census::CensusSpec"].map((held) => `(alloc::boxed::Box<)?${CORE}::${held}>?`),
  `${CORE}::plan::Rebuild`,
];

export const GATES = [
  new RegExp(`^<${CORE}::machine::Machine>::(take_of_rebuild|judged|let_go|roll_back|count|swap|restart)$`),
  new RegExp(`^<${CORE}::op::Op>::(of_rebuild|doing_of_rebuild)$`),
  new RegExp(`^<${CORE}::event::Event>::of_rebuild$`),
  ...HELD.map((held) => new RegExp(String.raw`^core::ptr::drop_in_place::<${held}>(\[\d+\])?$`)),
  ...TASKS.flatMap((task) =>
    [task, String.raw`${task}::\{closure#\d\}`, String.raw`core::ptr::drop_in_place::<${task}::\{closure#\d\}>`].map((name) => new RegExp(`^${name}$`)),
  ),
];
