import { idle } from "./idle.js";
import type { CheckOptions } from "./types.js";

const HOUR_MS = 3_600_000;
/** A page that is open all day compares its replica once or twice: what that finds is wrong for hours already, and it reads every row. */
const VERIFY_EVERY_MS = 6 * HOUR_MS;
/** The longest that a timer waits; anything longer fires at once. */
const MOST_MS = 2 ** 31 - 1;
/** As `Limits::spread_ms` in src/core/config.rs. */
const SPREAD_MS = 5_000;

/** Whether nobody looks at this page. A worker and Node have no document, and are not looked at in the first place. */
export function isHidden(): boolean {
  return typeof document !== "undefined" && document.visibilityState === "hidden";
}

/**
 * Calls `look` whenever it may be worth asking the server for its version.
 *
 * @param spreadMs over how long those whom a network's return reaches in the same instant are spread, in milliseconds
 * @returns a function that ends it.
 */
export function watch(options: CheckOptions, look: () => void, spreadMs = SPREAD_MS): () => void {
  const endings: (() => void)[] = [];
  const listen = (target: EventTarget | undefined, name: string, listener: () => void) => {
    target?.addEventListener(name, listener);
    endings.push(() => target?.removeEventListener(name, listener));
  };
  const page = typeof window === "undefined" ? undefined : window;
  if (options.onFocus ?? true) {
    // Nobody has all people look at the same time: these are not spread.
    listen(page, "focus", look);
    listen(page?.document, "visibilitychange", () => {
      if (!isHidden()) look();
    });
  }
  if (options.onOnline ?? true) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    listen(page, "online", () => {
      clearTimeout(timer);
      timer = setTimeout(look, spreadMs * Math.random());
    });
    endings.push(() => clearTimeout(timer));
  }
  endings.push(every(options.everyMs ?? HOUR_MS, look));
  return () => endings.forEach((end) => end());
}

/**
 * Calls `compare` now and then, where somebody looks at the page and it has nothing better to do.
 *
 * @returns a function that ends it.
 */
export function watchOver({ verifyEveryMs = VERIFY_EVERY_MS }: CheckOptions, compare: () => void): () => void {
  const page = typeof document === "undefined" ? undefined : document;
  let due = false;
  const begin = () => {
    if (!due || isHidden()) return;
    due = false;
    void idle().then(compare);
  };
  page?.addEventListener("visibilitychange", begin);
  const end = every(verifyEveryMs, () => {
    due = true;
    begin();
  });
  return () => {
    page?.removeEventListener("visibilitychange", begin);
    end();
  };
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
