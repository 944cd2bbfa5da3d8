/**
 * A module's exports, with somebody told when one of them traps: its memory is not to be trusted after that. The trap
 * goes on to the caller.
 */
export function trapping(exports: WebAssembly.Exports, tell: (trap: WebAssembly.RuntimeError) => void): WebAssembly.Exports {
  const watched = Object.entries(exports).map(([name, value]): [string, WebAssembly.ExportValue] => {
    if (typeof value !== "function") return [name, value];
    const call = value as (...args: unknown[]) => unknown;
    const watch = (...args: unknown[]): unknown => {
      try {
        return call(...args);
      } catch (thrown) {
        if (thrown instanceof WebAssembly.RuntimeError) tell(thrown);
        throw thrown;
      }
    };
    return [name, watch];
  });
  return Object.fromEntries(watched);
}
