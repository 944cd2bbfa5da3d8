/** How many milliseconds one piece of work after another may take before the page has its turn. */
const TURN_MS = 5;

/** Resolves once all that is under way has come as far as it can without waiting, and what came meanwhile was seen to. */
export async function turn(): Promise<void> {
  // A timer would wait four milliseconds longer, and `scheduler.yield` goes on before what came meanwhile.
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  port1.close();
}

/**
 * Lets the page go on between pieces of work. A body that has arrived is read without a break, and what else came, a click or a
 * database's answer, would wait for its end.
 */
export class Turns {
  readonly #now: () => number;
  #sinceMs: number;

  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#sinceMs = now();
  }

  /** Resolves at once, or once what came meanwhile was seen to. */
  async next(): Promise<void> {
    if (this.#now() - this.#sinceMs < TURN_MS) return;
    await turn();
    this.#sinceMs = this.#now();
  }
}
