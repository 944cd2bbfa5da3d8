/** What the glue takes for no error, whichever export it called. What it reads as a result then, an empty text say, means nothing. */
const NOTHING: readonly unknown[] = [];

/**
 * A module's exports, with somebody told when one of them traps: its memory is not to be trusted after that. The trap
 * goes on to the caller; who calls later, as the browser does with answers, timers and locks, calls nothing.
 */
export function trapping(exports: WebAssembly.Exports, tell: (trap: WebAssembly.RuntimeError) => void): WebAssembly.Exports {
  let dead = false;
  // It passes each of the module's functions that are on its way.
  const died = (trap: WebAssembly.RuntimeError): void => {
    if (dead) return;
    dead = true;
    tell(trap);
  };
  const watched = Object.entries(exports).map(([name, value]): [string, WebAssembly.ExportValue] => {
    if (typeof value !== "function") return [name, value];
    const call = value as (...args: unknown[]) => unknown;
    const watch = (...args: unknown[]): unknown => {
      if (dead) return NOTHING;
      try {
        return call(...args);
      } catch (thrown) {
        if (thrown instanceof WebAssembly.RuntimeError) died(thrown);
        throw thrown;
      }
    };
    return [name, watch];
  });
  return Object.fromEntries(watched);
}
