/** Rejections that nobody handles, as a browser's window tells of them. Node's test runner would fail the test for each. */
import type { TestContext } from "node:test";

/** Takes them for as long as the test lasts. Answers those that no listener has prevented, as text. */
export function rejections(t: TestContext): string[] {
  const unprevented: string[] = [];
  const target = new EventTarget();
  const takeOver = (reason: unknown): void => {
    const event = Object.assign(new Event("unhandledrejection", { cancelable: true }), { reason });
    if (target.dispatchEvent(event)) unprevented.push(String(reason));
  };
  const before = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", takeOver);
  // They stay: a manager may be closed after this is over.
  for (const name of ["addEventListener", "removeEventListener"] as const) Object.defineProperty(globalThis, name, { value: target[name].bind(target), configurable: true });
  t.after(async () => {
    await new Promise((resolve) => setImmediate(resolve)); // what was rejected just now
    process.off("unhandledRejection", takeOver);
    for (const listener of before) process.on("unhandledRejection", listener);
  });
  return unprevented;
}
