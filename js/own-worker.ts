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
  | { electricReplica: "text"; id: number; text: Text }
  | { electricReplica: "done"; id: number; rows: Row[][] }
  | { electricReplica: "failed"; id: number; thrown: Thrown };

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
  readonly #waiting = new Map<number, Waiting>();
  #isHere = false;
  #ids = 0;

  /** @param ready once PGlite's own first words to the worker are said: it would take others for them */
  constructor(worker: Port, ready: Promise<unknown>) {
    this.#worker = worker;
    worker.addEventListener("message", this.#hear);
    ready.then(() => this.#say({ electricReplica: "anybody" })).catch(() => undefined); // told to whoever asks the database
  }

  /** Whether the database runs there. Once it does, it does for as long as the worker lives. */
  get isHere(): boolean {
    return this.#isHere;
  }

  /**
   * Runs a text, as `running` in texts.ts does.
   *
   * @param keepsRows whether the rows are needed afterwards; else they go to the worker, and are copied no more
   */
  run(text: Text, keepsRows: boolean): Promise<Row[][]> {
    const id = (this.#ids += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const given = text.rows && !keepsRows ? [text.rows.buffer as ArrayBuffer] : [];
      this.#say({ electricReplica: "text", id, text }, given);
    });
  }

  close(): void {
    this.#isHere = false;
    this.#worker.removeEventListener("message", this.#hear);
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
