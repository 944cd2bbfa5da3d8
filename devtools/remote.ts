/**
 * The app's pages, as seen from the DevTools page.
 *
 * Owns: which pages there are, and that a question is answered or told as lost. Must not know: what is shown of it.
 */
import { type AppPage, type Call, type Calls, CHANNEL, isMessage, lockOf, newId, type TimelineEntry, type ToApp } from "../js/devtools/messages.ts";

/** What is told without being asked for. */
export interface RemoteListener {
  /** The pages that can be asked, the newest first. */
  pages(pages: AppPage[]): void;
  /** A replica has told something. */
  event(app: string, entry: TimelineEntry): void;
}

interface Waiting {
  app: string;
  settle: (value: unknown) => void;
  fail: (problem: RemoteError) => void;
}

/** Why a question was not answered. */
export class RemoteError extends Error {
  readonly code: string;

  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = code;
  }
}

export class Remote {
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #pages = new Map<string, AppPage>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #listener: RemoteListener;
  readonly #closed = new AbortController();

  constructor(listener: RemoteListener) {
    this.#listener = listener;
    this.#channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => this.#hear(data));
    this.#send({ kind: "who" });
  }

  /** Asks a page. @throws {RemoteError} */
  ask<Name extends keyof Calls>(app: string, name: Name, takes: Calls[Name]["takes"]): Promise<Calls[Name]["answers"]> {
    const ask = newId();
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { app, settle: (value) => resolve(value as Calls[Name]["answers"]), fail: reject });
      this.#send({ kind: "ask", app, ask, call: { ...takes, name } as Call });
    });
  }

  close(): void {
    this.#closed.abort();
    this.#channel.close();
  }

  #send(message: ToApp): void {
    this.#channel.postMessage(message);
  }

  #hear(data: unknown): void {
    if (!isMessage(data)) return;
    switch (data.kind) {
      case "here":
        this.#met(data.app);
        break;
      case "gone":
        this.#lost(data.app);
        break;
      case "answer":
        this.#taken(data.ask)?.settle(data.value);
        break;
      case "refused":
        this.#taken(data.ask)?.fail(new RemoteError(data.problem));
        break;
      case "event":
        this.#listener.event(data.app, data.entry);
        break;
      case "who":
      case "ask":
        break; // another DevTools page
    }
  }

  #met(page: AppPage): void {
    const isNew = !this.#pages.has(page.id);
    this.#pages.set(page.id, page);
    this.#tellPages();
    if (!isNew) return;
    // A page that crashes says nothing, but lets go of its lock.
    const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
    locks?.request(lockOf(page.id), { signal: this.#closed.signal }, () => this.#lost(page.id)).catch(() => undefined);
  }

  #lost(app: string): void {
    if (!this.#pages.delete(app)) return;
    for (const [ask, waiting] of this.#waiting) {
      if (waiting.app !== app) continue;
      this.#waiting.delete(ask);
      waiting.fail(new RemoteError({ code: "CLOSED", message: "the page of the app was closed before it answered" }));
    }
    this.#tellPages();
  }

  #taken(ask: string): Waiting | undefined {
    const waiting = this.#waiting.get(ask);
    this.#waiting.delete(ask);
    return waiting;
  }

  #tellPages(): void {
    this.#listener.pages([...this.#pages.values()].sort((one, other) => other.sinceMs - one.sinceMs));
  }
}
