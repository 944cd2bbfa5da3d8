/**
 * A server that misbehaves on demand, with one database that holds no replica and one that holds a whole one.
 *
 * Each case works on the same two databases: what one leaves behind is found by the next.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { live, type PGliteWithLive } from "@electric-sql/pglite/live";
import { createReplicaManager, ReplicaError, type ReplicaErrorCode, type ReplicaEvent, type ReplicaManager, type ReplicaOptions } from "electric-replica";

import { type Demo, type DemoOptions, startDemo } from "../../../www/server/demo.ts";
import { emptyPostgres } from "../../../www/server/empty.ts";
import type { Faults } from "../../../www/server/faults.ts";
import { contents, eventually } from "./world.ts";

/** Answers in the server's place; nothing where the server may. */
export type Spoil = (url: URL, init: RequestInit) => Response | Promise<Response> | undefined;

/** What is wrong. */
export interface Fault {
  /** What the demo itself does wrong, on the wire. */
  faults?: Faults;
  /** What is answered in its place. */
  spoil?: Spoil;
  options?: Partial<ReplicaOptions>;
}

/** Waits are as short as they get: jitter chooses the floor. */
export const LIMITS = { patienceMs: 300, softPatienceMs: 0, confirmMs: 1, settleMs: 1_000 };

const TOKEN = "a-token-that-nobody-may-see";

export class Broken {
  /** The version's number: each is of another structure than the one before. */
  generation = 0;
  readonly demo: Demo;
  readonly empty: PGliteWithLive;
  readonly full: PGliteWithLive;
  readonly asked: URL[] = [];
  #spoil: Spoil | undefined;
  #managers: ReplicaManager[] = [];

  private constructor(demo: Demo, empty: PGliteWithLive, full: PGliteWithLive) {
    this.demo = demo;
    this.empty = empty;
    this.full = full;
  }

  /** Starts the server and sets up the whole replica. */
  static async start(options: DemoOptions = {}): Promise<Broken> {
    Math.random = () => 0;
    const demo = await startDemo({ rows: 40, longPollMs: 1_000, noticeMs: Infinity, faults: true, ...options });
    const empty = await emptyPostgres({ extensions: { live } });
    const full = await emptyPostgres({ extensions: { live } });
    const broken = new Broken(demo, empty, full);
    const { manager } = await broken.manage(full);
    assert.equal(await manager.checkAndMigrate(), false);
    await manager.close();
    return broken;
  }

  async end(): Promise<void> {
    await this.closeAll();
    await this.empty.close();
    await this.full.close();
    await this.demo.close();
  }

  /** Closes what a failed case may have left open: it would keep the process alive. */
  async closeAll(): Promise<void> {
    for (const manager of this.#managers.splice(0)) await manager.close();
  }

  break({ faults = {}, spoil }: Fault): void {
    this.demo.faults?.set(faults);
    this.#spoil = spoil;
  }

  heal(): void {
    this.break({});
  }

  /** The server deploys: another version, another structure. */
  deploy(): void {
    this.generation += 1;
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const url = new URL(input);
    this.asked.push(url);
    const spoiled = await this.#spoil?.(url, init);
    if (spoiled) return spoiled;
    const response = await fetch(input, init);
    return /\/(version|schemas)$/.test(url.pathname) ? this.#ofGeneration(response) : response;
  };

  /** The demo's migrations are few, and all are real: a version more is one in which a column starts or ceases to refuse NULL. */
  async #ofGeneration(response: Response): Promise<Response> {
    const text = await response.text();
    const { status, headers } = response;
    let said: { version?: unknown; index?: number; fingerprint?: string; tables?: { name: string; columns: { name: string; notNull?: boolean }[] }[] };
    try {
      said = JSON.parse(text) as typeof said;
    } catch {
      return new Response(text, { status, headers });
    }
    if (typeof said.version !== "string") return new Response(text, { status, headers });
    said.version += `-${this.generation}`;
    said.index = (said.index ?? 0) + this.generation;
    delete said.fingerprint;
    const column = said.tables?.find(({ name }) => name === "companies")?.columns.find(({ name }) => name === "name");
    if (column) column.notNull = this.generation % 2 === 0;
    return new Response(JSON.stringify(said), { status, headers: { "content-type": "application/json" } });
  }

  get version(): string {
    return `${this.demo.newest.tag}-${this.generation}`;
  }

  /** Creates a manager over this server. */
  async manage(db: PGliteWithLive, options: Partial<ReplicaOptions> = {}): Promise<{ manager: ReplicaManager; events: ReplicaEvent[] }> {
    const { limits, ...others } = options;
    const manager = await createReplicaManager({
      db,
      baseUrl: `${this.demo.url}/api/electric`,
      fetch: this.fetch,
      headers: { authorization: TOKEN },
      limits: { ...LIMITS, ...limits },
      ...others,
    });
    this.#managers.push(manager);
    const events: ReplicaEvent[] = [];
    for (const name of ["migration:start", "migration:complete", "migration:error"] as const) {
      manager.on(name, (event: ReplicaEvent) => events.push(event));
    }
    return { manager, events };
  }
}

/** The fault keeps a first replica from being set up, and a standing one from being rebuilt, and does nothing worse. */
export async function refuses(broken: Broken, fault: Fault, code: ReplicaErrorCode, retryable: boolean, withReplica: "refuses" | "is offline" = "refuses"): Promise<void> {
  try {
    await refusesFirst(broken, fault, code, retryable);
    await keepsTheOld(broken, fault, code, retryable, withReplica);
  } finally {
    broken.heal();
    await broken.closeAll();
    // After a case that failed; the next one shall not fail because of it.
    await broken.empty.exec("drop schema public cascade; create schema public; drop schema if exists electric_replica cascade");
  }
}

async function refusesFirst(broken: Broken, fault: Fault, code: ReplicaErrorCode, retryable: boolean): Promise<void> {
  broken.break(fault);
  const { manager, events } = await broken.manage(broken.empty, fault.options);
  const error = await rejection(manager.checkAndMigrate());
  check(error, code, retryable);
  assert.equal(manager.status, "error");
  assert.equal(manager.version, undefined);
  assert.deepEqual(await leftovers(broken.empty), [], "something is left in the app's schema");
  await manager.close();
  closesEachStart(events);
  assert.deepEqual(await leftovers(broken.empty), []);
}

async function keepsTheOld(broken: Broken, fault: Fault, code: ReplicaErrorCode, retryable: boolean, withReplica: "refuses" | "is offline"): Promise<void> {
  const { full } = broken;
  const [rows, record] = [await contents(full), await recorded(full)];
  broken.deploy();
  broken.break(fault);
  const { manager, events } = await broken.manage(full, fault.options);
  const mounted = await mount(full);

  const outcome = manager.checkAndMigrate();
  if (withReplica === "is offline") {
    assert.equal(await outcome, false);
    assert.equal(manager.status, "offline");
    assert.deepEqual(events, []);
  } else {
    check(await rejection(outcome), code, retryable);
    assert.equal(manager.status, "error");
  }

  assert.deepEqual(await contents(full), rows, "the old rows");
  assert.deepEqual(await recorded(full), record, "the record");
  await mounted.delivers();

  broken.heal();
  const healed = fault.options ? await reopened(broken, manager, events) : manager;
  await eventually(async () => {
    await healed.checkAndMigrate();
    assert.equal(healed.version, broken.version);
  });
  assert.equal(healed.status, "ready");
  assert.deepEqual(await contents(full), await contents(broken.demo.upstream), "the healed replica");
  await mounted.delivers();
  await mounted.end();
  await healed.close();
  closesEachStart(events);
}

/** What was wrong with the options is only put right by another manager. */
async function reopened(broken: Broken, manager: ReplicaManager, events: ReplicaEvent[]): Promise<ReplicaManager> {
  await manager.close();
  const next = await broken.manage(broken.full);
  next.manager.on("migration:start", (event) => events.push(event));
  next.manager.on("migration:complete", (event) => events.push(event));
  next.manager.on("migration:error", (event) => events.push(event));
  return next.manager;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error;
  return assert.fail(`it resolved to ${JSON.stringify(outcome.value)}`);
}

/** An error of ours, of this code, with a message for people that tells nothing it must not. */
export function check(error: unknown, code: ReplicaErrorCode, retryable: boolean): asserts error is ReplicaError {
  assert.ok(error instanceof ReplicaError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.retryable, retryable, error.message);
  assert.match(error.message, /^[a-z].*[^.]$/s, "it begins small and ends without a stop");
  assert.doesNotMatch(error.message, /https?:|[?&]\w+=|failed to|error:|\[object/i);
  for (const secret of [TOKEN, "127.0.0.1", "row-data"]) assert.ok(!error.message.includes(secret), error.message);
  assert.ok(error.message.length < 600, error.message);
}

/** Exactly one closing event after each start, and none without one. */
export function closesEachStart(events: readonly ReplicaEvent[]): void {
  let open = 0;
  for (const event of events) {
    if (event.type === "migration:start") open += 1;
    if (event.type === "migration:complete" || (event.type === "migration:error" && event.closesMigration)) open -= 1;
    assert.ok(open === 0 || open === 1, JSON.stringify(events.map(({ type }) => type)));
  }
  assert.equal(open, 0, JSON.stringify(events.map(({ type }) => type)));
}

/** Whatever stands in the app's schema: tables, indexes, types. */
export async function leftovers(db: PGliteWithLive): Promise<unknown[]> {
  const sql = `select relname::text as name from pg_class where relnamespace = 'public'::regnamespace
    union all select typname::text from pg_type where typnamespace = 'public'::regnamespace`;
  return (await db.query(sql)).rows;
}

/** What is stored about the replica, but for how far its streams are. */
export async function recorded(db: PGliteWithLive): Promise<unknown[]> {
  return (await db.query(`select * from electric_replica.replica`)).rows;
}

/** Mounts a live query on the table that is rebuilt. */
export async function mount(db: PGliteWithLive): Promise<{ delivers(): Promise<void>; end(): Promise<void> }> {
  const seen: number[] = [];
  const query = await db.live.query<{ n: number }>("select count(*)::int as n from companies", [], ({ rows }) => void seen.push(rows[0]?.n ?? -1));
  const n = query.initialResults.rows[0]?.n ?? -1;
  assert.ok(n > 0);
  return {
    /** A row comes and goes: the query tells of both. */
    async delivers() {
      const from = seen.length;
      await db.query(`insert into companies (id, name, settings, markets, created_at) values (987654, 'row-data', '{}', '{}', now())`);
      await eventually(() => {
        assert.ok(seen.slice(from).includes(n + 1), "the live query missed a row");
        return Promise.resolve();
      });
      await db.query(`delete from companies where id = 987654`);
      await eventually(() => {
        assert.equal(seen.at(-1), n);
        return Promise.resolve();
      });
    },
    end: () => query.unsubscribe(),
  };
}

/** Starts a broken world before a test and ends it after it. */
export async function breakable(t: TestContext, options: DemoOptions = {}): Promise<Broken> {
  const broken = await Broken.start(options);
  t.after(() => broken.end());
  return broken;
}

/** An answer of JSON. */
export const json = (body: unknown, status = 200): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** Whether a request asks for a table from its first row on. */
export const isFresh = (url: URL, table = "companies"): boolean =>
  url.pathname.endsWith("/shape") && url.searchParams.get("table") === table && url.searchParams.get("offset") === "-1";
