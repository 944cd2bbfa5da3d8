/**
 * What a visit costs whose replica is of the server's version: requests until that is known, and this library's own work.
 *
 * Its own work cannot be timed from within, so it is what is left of the time from the making of a manager until its call has
 * resolved when the time is taken away during which a request or a statement was under way, and what `fetch` takes to return.
 * What it does while one is under way is missed: on this path it asks for one thing after another. What else a page does in
 * between is counted as if it were its own, so the page does nothing, and the best of several visits is told. The module is
 * compiled by then, for the manager that loaded.
 */
import type { Asked } from "../candidates/asked.ts";
import { manager } from "../candidates/replica.ts";
import type { Result, Visit } from "../measure.ts";
import { Own } from "./watch.ts";

const VISITS = 5;

export async function unchanged(asked: Asked): Promise<Result> {
  const first = await manager(asked);
  await first.checkAndMigrate();
  await first.close();
  const visits: (Visit & { ms: number })[] = [];
  for (let visit = 0; visit < VISITS; visit += 1) visits.push(await visited(asked));
  const requests = visits.map(({ requests }) => requests).sort((a, b) => sum(b) - sum(a))[0] ?? { version: 0, schemas: 0, shape: 0 };
  const ms = Math.min(...visits.map(({ ms }) => ms));
  const rows = (await asked.db.query<{ n: number }>(`select count(*)::int as n from "${asked.tables[0] ?? ""}"`)).rows[0]?.n ?? 0;
  return { ms, storedMs: ms, rows, waits: [], visit: { requests, answered: Math.max(...visits.map(({ answered }) => answered)), ownMs: Math.min(...visits.map(({ ownMs }) => ownMs)) } };
}

const sum = (requests: Visit["requests"]): number => requests.version + requests.schemas + requests.shape;

async function visited(asked: Asked): Promise<Visit & { ms: number }> {
  const db = watched(asked.db);
  const worker = asked.worker && watched(asked.worker);
  const requests = { version: 0, schemas: 0, shape: 0 };
  let answered = 0;
  const start = performance.now();
  const own = new Own();
  own.watch({ db, worker });
  const counting = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const name = new URL(input instanceof Request ? input.url : input).pathname.split("/").at(-1) ?? "";
    if (name in requests) requests[name as keyof typeof requests] += 1;
    const answer = own.leaveOut(() => fetch(input, init)).then((response) => {
      answered += 1;
      return response;
    });
    // A shape is asked for to follow its table, and nobody waits for the answer: were it waited for, that would count as own work.
    return name === "shape" ? answer : own.waitFor(() => answer);
  };
  const made = await manager({ ...asked, db, worker }, { fetch: counting });
  await made.checkAndMigrate();
  // What is asked from here on belongs to following the tables.
  const found = { requests: { ...requests }, answered, ownMs: own.ms, ms: performance.now() - start };
  await made.close();
  return found;
}

/** The same database as an object of its own, so that each visit's watch ends with it. */
const watched = <T extends object>(db: T): T =>
  new Proxy({} as T, {
    get: (own, name) => {
      if (name in own) return Reflect.get(own, name) as unknown;
      const found = Reflect.get(db, name) as unknown;
      return typeof found === "function" ? (found.bind(db) as unknown) : found;
    },
    has: (own, name) => name in own || name in db,
  });
