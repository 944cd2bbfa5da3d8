/**
 * A text for the database in this page's own worker, straight there and back. A PGliteWorker passes everything on through a
 * BroadcastChannel, which copies rows through the browser's own process, and a text takes it five such messages.
 *
 * Owns: the words of both ends (the other is serving.ts). Must not know: what a text says.
 */
import type { Row, Text } from "./texts.js";

/** What a worker and its page say to each other, among what PGlite's two ends say there. */
export type Said =
  | { electricReplica: "anybody" | "here" }
  | { electricReplica: "text"; id: string; text: Text }
  | { electricReplica: "done"; id: string; rows: Row[][] }
  | { electricReplica: "failed"; id: string; thrown: Thrown };

/** As much of an error as is used; an error itself does not keep Postgres' code on that way. */
export interface Thrown {
  name: string;
  message: string;
  code?: unknown;
}

/** A page's worker, or that worker's page. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  removeEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

/** What was said in these words, if it was. */
export function said(data: unknown): Said | undefined {
  return (Object(data) as { electricReplica?: unknown }).electricReplica === undefined ? undefined : (data as Said);
}

interface Waiting {
  resolve: (rows: Row[][]) => void;
  reject: (thrown: unknown) => void;
}

/** This page's own worker, as soon as the database runs in it and its code serves the replica. */
export class OwnWorker {
  readonly #worker: Port;
  readonly #waiting = new Map<string, Waiting>();
  #isHere = false;
  #end: () => void = () => undefined;

  constructor(worker: Port) {
    this.#worker = worker;
  }

  /**
   * Begins to hear it.
   *
   * @param ready once PGlite's own first words to the worker are said: it would take others for them
   * @param onLeaderChange calls whenever another worker may run the database
   */
  open(ready: Promise<unknown>, onLeaderChange: (listener: () => void) => () => void): void {
    this.#worker.addEventListener("message", this.#hear);
    ready.then(() => this.#ask()).catch(() => undefined); // told to whoever asks the database
    // One that has ended answers nothing.
    this.#end = onLeaderChange(() => {
      this.#isHere = false;
      this.#ask();
    });
  }

  /** Whether the database runs there. */
  get isHere(): boolean {
    return this.#isHere;
  }

  /**
   * Runs a text, as `running` in texts.ts does.
   *
   * @param keepsRows whether the rows are needed afterwards; else they go to the worker, and are copied no more
   */
  run(text: Text, keepsRows: boolean): Promise<Row[][]> {
    // Other managers of this page may hear the same worker.
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const given = text.rows && !keepsRows ? [text.rows.buffer as ArrayBuffer] : [];
      this.#say({ electricReplica: "text", id, text }, given);
    });
  }

  close(): void {
    this.#isHere = false;
    this.#end();
    this.#worker.removeEventListener("message", this.#hear);
  }

  #ask(): void {
    this.#say({ electricReplica: "anybody" });
  }

  #say(message: Said, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  readonly #hear = ({ data }: { data: unknown }): void => {
    const told = said(data);
    if (told?.electricReplica === "here") this.#isHere = true;
    if (told?.electricReplica !== "done" && told?.electricReplica !== "failed") return;
    const waiting = this.#waiting.get(told.id);
    this.#waiting.delete(told.id);
    if (told.electricReplica === "done") waiting?.resolve(told.rows);
    else waiting?.reject(Object.assign(new Error(told.thrown.message), told.thrown));
  };
}
