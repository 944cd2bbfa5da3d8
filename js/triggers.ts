import type { CheckOptions } from "./types.js";

const HOUR_MS = 3_600_000;
/** The longest that a timer waits; anything longer fires at once. */
const MOST_MS = 2 ** 31 - 1;

/** Calls `look` whenever it may be worth asking the server for its version. @returns a function that ends it. */
export function watch(options: CheckOptions, look: () => void): () => void {
  const endings: (() => void)[] = [];
  const listen = (target: EventTarget | undefined, name: string, listener: () => void) => {
    target?.addEventListener(name, listener);
    endings.push(() => target?.removeEventListener(name, listener));
  };
  const page = typeof window === "undefined" ? undefined : window;
  if (options.onFocus ?? true) {
    listen(page, "focus", look);
    listen(page?.document, "visibilitychange", () => {
      if (page?.document.visibilityState === "visible") look();
    });
  }
  if (options.onOnline ?? true) listen(page, "online", look);
  endings.push(every(options.everyMs ?? HOUR_MS, look));
  return () => endings.forEach((end) => end());
}

/** Repeats, each time a tenth earlier or later, so that the clients of one deploy drift apart. */
function every(ms: number, look: () => void): () => void {
  if (!(ms > 0) || ms === Infinity) return () => undefined;
  let timer: ReturnType<typeof setTimeout>;
  const schedule = () => {
    timer = setTimeout(
      () => {
        look();
        schedule();
      },
      Math.min(ms * (0.9 + Math.random() / 5), MOST_MS),
    );
    // In Node, waiting for the next look is no reason to stay alive.
    if (typeof timer === "object") timer.unref();
  };
  schedule();
  return () => clearTimeout(timer);
}
