/**
 * Looks on while a candidate works, from where an app's code stands: on the database's methods.
 *
 * Owns: what is counted and timed there. Must not know: candidates, what the figures are for.
 */
import type { PGliteInterface } from "@electric-sql/pglite";

import type { Asked } from "../candidates/asked.ts";
import { median } from "../results.ts";

/** Between the end of one of the app's queries and the next. */
const EVERY_MS = 10;

/** A database, and the worker it runs in, if it does. */
type Watched = Pick<Asked, "db" | "worker">;

/** What PGlite has, and its interface does not name. */
interface Files {
  syncToFs?: () => Promise<void>;
}

/** Has the files written out, where there are any. */
export const stored = async (db: PGliteInterface): Promise<void> => (db as Files).syncToFs?.();

/** Counts from now on how often the files are written out. */
export function counted(database: PGliteInterface): { count: number; ms: number } | undefined {
  const db = database as Files;
  // A PGliteWorker's files are written out by the worker, out of this sight.
  const write = "isLeader" in db ? undefined : db.syncToFs?.bind(db);
  if (!write) return undefined;
  const syncs = { count: 0, ms: 0 };
  db.syncToFs = async () => {
    const start = performance.now();
    await write();
    syncs.count += 1;
    syncs.ms += performance.now() - start;
  };
  return syncs;
}

/** How long a query of the app's takes where nothing else goes on: the median of a few, in ms. */
export async function idle(db: PGliteInterface): Promise<number> {
  const took: number[] = [];
  for (let nth = 0; nth < 5; nth += 1) {
    const start = performance.now();
    await db.query("select 1");
    took.push(performance.now() - start);
  }
  return median(took);
}

/** What Chromium tells of a page's heap, with the buffers that hang on it. It is exact because the browser was started so. */
interface Heap {
  memory?: { usedJSHeapSize: number };
}

/**
 * Looks again and again at what the page's heap and the modules hold that are made from now on; answers the most, less what the heap
 * held before. Where the database runs in the page, its own memory is none of this library's: there is no answer.
 */
export function held({ worker }: Watched): () => number | undefined {
  const { memory } = performance as Heap;
  if (!worker || !memory) return () => undefined;
  const before = memory.usedJSHeapSize;
  const modules = memories();
  let most = 0;
  const look = (): void => {
    const inModules = modules.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    most = Math.max(most, memory.usedJSHeapSize - before + inModules);
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    look();
    clearInterval(timer);
    return most;
  };
}

const LOOK_MS = 5;

/** The memories of the modules that are made from now on. */
function memories(): WebAssembly.Memory[] {
  const found: WebAssembly.Memory[] = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    patch(WebAssembly, name, (make) => async (...given) => {
      const made = await make(...given);
      const { exports } = made instanceof WebAssembly.Instance ? made : (made as WebAssembly.WebAssemblyInstantiatedSource).instance;
      found.push(...Object.values(exports).filter((one) => one instanceof WebAssembly.Memory));
      return made;
    });
  }
  return found;
}

/** Begins to query as an app would; answers how to stop it and get the waits. */
export function read(db: PGliteInterface): () => Promise<number[]> {
  const waits: number[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    while (!stop.signal.aborted) {
      const start = performance.now();
      await db.query("select 1");
      waits.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return async () => {
    stop.abort();
    await reading;
    return waits;
  };
}

/** No swap is longer; rows are. */
const LONGEST_SWAP = 1_000_000;

/** Whether a message is a text that puts tables in their place. Another may follow on it: over IndexedDB a CHECKPOINT does. */
export const isSwap = (message: unknown): boolean =>
  message instanceof Uint8Array && message[0] === "Q".charCodeAt(0) && message.length < LONGEST_SWAP && new TextDecoder().decode(message).includes(" SET SCHEMA ");

/** What the bench's worker tells its page of each swap that was run there. */
export interface Took {
  took: number;
}

/**
 * Times the swaps that this library runs from now on, and answers how long the last one took: until it was over, and through a PGliteWorker
 * until its files were written out as well.
 */
export function timed({ db, worker }: Watched): () => number | undefined {
  let last: number | undefined;
  worker?.addEventListener("message", ({ data }) => {
    const { took } = Object(data) as Partial<Took>;
    if (took !== undefined) last = took;
  });
  patch(db, "execProtocol", (execProtocol) => async (...given) => {
    const start = performance.now();
    const result = await execProtocol(...given);
    if (isSwap(given[0])) last = performance.now() - start;
    return result;
  });
  return () => last;
}

/** Time during which nobody is waited for. */
export class Own {
  #waited = 0;
  #outstanding = 0;
  #since = 0;
  readonly #start = performance.now();

  /** In ms, until now. */
  get ms(): number {
    return performance.now() - this.#start - this.#waited;
  }

  async waitFor<T>(work: () => Promise<T>): Promise<T> {
    this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Takes away what a call takes to return. */
  leaveOut<T>(work: () => T): T {
    this.#enter();
    try {
      return work();
    } finally {
      this.#leave();
    }
  }

  /** Waits for all calls of a database from now on, and for its locks; but what runs under these is not the database. */
  watch({ db, worker }: Watched): void {
    texts(worker, () => {
      this.#enter();
      return () => this.#leave();
    });
    const waiting = (call: Call): Call => (...given) => this.waitFor(() => call(...given));
    const within = (call: Call): Call => (work, ...rest) =>
      this.waitFor(() =>
        call(async (...given: unknown[]) => {
          this.#leave();
          try {
            return await (work as Call)(...given);
          } finally {
            this.#enter();
          }
        }, ...rest),
      );
    for (const name of ["query", "exec", "execProtocol", "syncToFs", "_checkReady"]) patch(db, name, waiting);
    for (const name of ["_runExclusiveTransaction", "_runExclusiveQuery"]) patch(db, name, within);
  }

  #enter(): void {
    if (this.#outstanding === 0) this.#since = performance.now();
    this.#outstanding += 1;
  }

  #leave(): void {
    this.#outstanding -= 1;
    if (this.#outstanding === 0) this.#waited += performance.now() - this.#since;
  }
}

/** Calls `begun` when this library has a text run by the worker itself, and what that returns when the worker has answered. */
function texts(worker: Worker | undefined, begun: () => () => void): void {
  const waiting = new Map<unknown, () => void>();
  const saidOf = (message: unknown) => Object(message) as { electricReplica?: string; id?: unknown };
  if (!worker) return;
  const post = worker.postMessage.bind(worker) as (message: unknown, transfer: Transferable[]) => void;
  worker.postMessage = (message: unknown, transfer: unknown = []) => {
    const { electricReplica, id } = saidOf(message);
    if (electricReplica === "text") waiting.set(id, begun());
    post(message, transfer as Transferable[]);
  };
  worker.addEventListener("message", ({ data }) => {
    const { electricReplica, id } = saidOf(data);
    if (electricReplica !== "done" && electricReplica !== "failed") return;
    waiting.get(id)?.();
    waiting.delete(id);
  });
}

type Call = (...given: unknown[]) => Promise<unknown>;

/** Puts something around a method of this one object, if it has it. */
function patch(object: object, name: string, around: (call: Call) => Call): void {
  const methods = object as Record<string, Call | undefined>;
  const method = methods[name]?.bind(object);
  if (method) methods[name] = around(method);
}
