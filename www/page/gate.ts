/**
 * The page's way to the server, which can be closed: "offline" for the replica and for nothing else.
 */

export class Gate {
  #closed: AbortController | undefined;
  #open = new AbortController();

  get offline(): boolean {
    return this.#closed !== undefined;
  }

  /** Cuts every running request and refuses new ones. */
  close(): void {
    this.#closed = this.#open;
    this.#closed.abort(new TypeError('the page is offline'));
  }

  open(): void {
    this.#closed = undefined;
    this.#open = new AbortController();
  }

  /** `fetch`, as long as the gate is open. */
  readonly fetch = (input: string, init: RequestInit): Promise<Response> => {
    if (this.offline) return Promise.reject(new TypeError('the page is offline'));
    const own = init.signal ?? undefined;
    const signal = own === undefined ? this.#open.signal : AbortSignal.any([own, this.#open.signal]);
    return fetch(input, { ...init, signal });
  };
}
