/**
 * The commands of WebDriver that the tests in WebKit need: https://www.w3.org/TR/webdriver2
 *
 * Owns: the protocol, and that one command follows the other. Must not know: which browser answers. The libraries that
 * speak it want a newer Node than the package does, and bring what downloads drivers.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** What stands for an element in what is sent and answered. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
/** Milliseconds that a script in a page may take. */
const PATIENCE = 120_000;
const START_MS = 15_000;

/** A script's end: what it resolved to, or what it threw. */
type Outcome = { value: unknown } | { thrown: string };

export class WebDriver {
  /** The window that commands go to. */
  #current: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  readonly #session: string;

  private constructor(session: string) {
    this.#session = session;
  }

  /** Begins a session as soon as the driver at that address answers. */
  static async begin(address: string, browser: object): Promise<WebDriver> {
    const end = Date.now() + START_MS;
    while (!(await fetch(`${address}/status`).then(({ ok }) => ok, () => false))) {
      if (Date.now() > end) throw new Error(`no driver answers at ${address}`);
      await sleep(50);
    }
    const capabilities = { alwaysMatch: { timeouts: { script: PATIENCE }, ...browser } };
    const { sessionId } = (await ask("POST", `${address}/session`, { capabilities })) as { sessionId: string };
    return new WebDriver(`${address}/session/${sessionId}`);
  }

  /** Ends the session, and with it the browser. */
  end = (): Promise<unknown> => this.#next(() => ask("DELETE", this.#session));

  /** The windows that are open. */
  windows = (): Promise<string[]> => this.#next(() => ask("GET", `${this.#session}/window/handles`)) as Promise<string[]>;

  /** Opens a window of its own: a tab behind another one is throttled. Resolves to what it is called. */
  async opened(): Promise<string> {
    const [beside = ""] = await this.windows();
    const { handle } = (await this.#in(beside, "POST", "window/new", { type: "window" })) as { handle: string };
    return handle;
  }

  close = (window: string): Promise<unknown> => this.#in(window, "DELETE", "window");
  go = (window: string, url: string): Promise<unknown> => this.#in(window, "POST", "url", { url });
  reload = (window: string): Promise<unknown> => this.#in(window, "POST", "refresh", {});

  /** Runs a function in the page, and waits for what it promises. Nothing from outside is in its reach. */
  async evaluate(window: string, work: (argument: never) => unknown, argument: unknown): Promise<unknown> {
    const script = `const [argument, done] = arguments; Promise.resolve(argument).then(${String(work)}).then((value) => done({ value }), (thrown) => done({ thrown: String(thrown) }))`;
    const outcome = (await this.#in(window, "POST", "execute/async", { script, args: [argument ?? null] })) as Outcome;
    if ("thrown" in outcome) throw new Error(`in the page: ${outcome.thrown}`);
    return outcome.value ?? undefined;
  }

  /** Clicks as a person does: into the middle of what is found. */
  async click(window: string, selector: string): Promise<void> {
    const found = (await this.#in(window, "POST", "element", { using: "css selector", value: selector })) as Record<string, string>;
    await this.#in(window, "POST", `element/${found[ELEMENT] ?? ""}/click`, {});
  }

  /** Does one command in a window. */
  #in(window: string, method: string, path: string, body?: object): Promise<unknown> {
    return this.#next(async () => {
      if (this.#current !== window) await ask("POST", `${this.#session}/window`, { handle: window });
      this.#current = path === "window" ? undefined : window;
      return ask(method, `${this.#session}/${path}`, body);
    });
  }

  /** A session has one window that commands go to: nothing may come between the choice and the command. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

async function ask(method: string, url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`${method} ${new URL(url).pathname.replace(/^\/session\/[^/]*/, "")}: ${error}: ${message}`);
}
