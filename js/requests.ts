import { Holdings } from "./holdings.js";
import { Turns } from "./turns.js";

/** The app's `fetch`, as js/options.ts makes it. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/**
 * One request and what is answered: an endpoint's answer read whole, or a shape's as it streams. `cache: "no-store"`, because a browser's cache
 * replays the old shape after a migration.
 */
export class Exchange {
  readonly #controller = new AbortController();
  readonly #abort: () => void;
  readonly #response: Promise<Response>;
  readonly #turns = new Turns();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(send: Send, url: string, holdings = new Holdings()) {
    this.#abort = holdings.hold(() => this.#controller.abort());
    this.#response = this.#send(send, url);
    this.#response.catch(() => undefined); // told to whoever reads it
  }

  // Whatever the app's function throws is what comes of the request.
  async #send(send: Send, url: string): Promise<Response> {
    return send(url, { signal: this.#controller.signal, cache: "no-store" });
  }

  /** An endpoint's answer, as src/core/host.rs reads it. */
  async answer(): Promise<string> {
    const response = await this.#response;
    const body = await response.text();
    return JSON.stringify([String(response.status), contentType(response), body]);
  }

  /** The head of a shape's answer, as src/core/host.rs reads it: the status, then names and values of headers in turn. */
  async head(): Promise<string> {
    const { status, headers, body } = await this.#response;
    const head = [String(status)];
    headers.forEach((value, name) => head.push(name.toLowerCase(), value));
    this.#reader = body?.getReader();
    return JSON.stringify(head);
  }

  /** The next piece of a body; nothing at its end. */
  async piece(): Promise<Uint8Array | undefined> {
    await this.#turns.next();
    return (await this.#reader?.read())?.value;
  }

  /** Once the last byte is read this means nothing. */
  abort(): void {
    this.#abort();
  }
}

/** What looks like a response may have no headers. */
function contentType({ headers }: Partial<Response>): string | null {
  return typeof headers?.get === "function" ? headers.get("content-type") : null;
}
