/** A text between a page and its own worker: both ends, over a real channel and a real database. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { OwnWorker, type Port } from "../../js/own-worker.ts";
import { serve } from "../../js/serving.ts";
import { isMoved, steady, steadyRunning } from "../../js/steady.ts";
import { type Text } from "../../js/texts.ts";
import { Transactions } from "../../js/transactions.ts";
import type { ReplicaDatabase } from "../../js/types.ts";
import { database, soon } from "./support/world.ts";

interface Ends {
  /** The page's end, which is the Worker there. */
  worker: Port;
  /** The worker's. */
  page: Port;
  /** What the page has said. */
  said: unknown[];
}

/** The two ends of a worker. */
function ends(t: TestContext): Ends {
  const { port1, port2 } = new MessageChannel();
  const said: unknown[] = [];
  for (const port of [port1, port2]) {
    port.start();
    t.after(() => port.close());
  }
  port2.addEventListener("message", ({ data }) => said.push(data));
  return { worker: port1, page: port2, said };
}

/** The page's end, as a manager has it. */
function opened(worker: Port, ready: Promise<unknown> = Promise.resolve(), onLeaderChange: (listener: () => void) => () => void = () => () => undefined): OwnWorker {
  const own = new OwnWorker(worker);
  own.open(ready, onLeaderChange);
  return own;
}

/** A page over a worker that serves it. */
async function served(t: TestContext) {
  const db = await database(t);
  await db.exec("create table rows (n int primary key)");
  const { worker, page } = ends(t);
  const own = opened(worker);
  serve(db, page);
  await soon(() => assert.equal(own.isHere, true));
  return { db, own, worker, page };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const copy = (rows: string): Text => ({ sql: "COPY rows FROM STDIN;\nCOMMIT", rows: bytes(rows), writing: "unwritten" });

test("a text runs where the database is, and takes its rows along", async (t) => {
  const { own, db } = await served(t);
  const text = copy("1\n2\n");
  await own.run(text, false);
  assert.equal(text.rows?.byteLength, 0, "they were given, not copied");
  assert.deepEqual(await own.run({ sql: "SELECT n::text FROM rows ORDER BY n; SELECT NULL::text", writing: "unwritten" }, false), [[["1"], ["2"]], [[null]]]);
  assert.equal((await db.query<{ n: number }>("select count(*)::int as n from rows")).rows[0]?.n, 2);
});

test("rows that are needed afterwards stay", async (t) => {
  const { own } = await served(t);
  const text = copy("1\n");
  await own.run(text, true);
  assert.deepEqual(text.rows, bytes("1\n"));
});

test("what Postgres says of a failure comes back with its code, and the next text runs", async (t) => {
  const { own } = await served(t);
  await assert.rejects(own.run(copy("1\n1\n"), false), { code: "23505", message: /duplicate key/ });
  await own.run(copy("3\n"), false);
});

test("a worker that serves nobody is not used, and one that begins to later is, whoever speaks first", async (t) => {
  const db = await database(t);
  const { worker, page, said } = ends(t);
  const own = opened(worker);
  await soon(() => assert.equal(said.length, 1));
  assert.equal(own.isHere, false);
  serve(db, page);
  await soon(() => assert.equal(own.isHere, true));

  const late = opened(worker);
  await soon(() => assert.equal(late.isHere, true, "its worker had said so before it could hear it"));
});

test("nothing is said to a worker before PGlite has had its own first words with it", async (t) => {
  const { worker, said } = ends(t);
  let ready = (): void => undefined;
  opened(worker, new Promise<void>((resolve) => (ready = resolve)));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(said, []);
  ready();
  await soon(() => assert.equal(said.length, 1));
});

test("two managers over one worker have each its own answers", async (t) => {
  const { own, worker } = await served(t);
  const other = opened(worker);
  await soon(() => assert.equal(other.isHere, true));
  const says = (word: string): Text => ({ sql: `SELECT '${word}'`, writing: "unwritten" });
  assert.deepEqual(await Promise.all([own.run(says("one"), false), other.run(says("other"), false)]), [[[["one"]]], [[["other"]]]]);
});

test("when another worker may run the database, this one is asked again, and one that has ended is not used any more", async (t) => {
  const db = await database(t);
  const { worker, page } = ends(t);
  const heard: unknown[] = [];
  worker.addEventListener("message", ({ data }) => heard.push(data));
  let change = (): void => undefined;
  const own = opened(worker, Promise.resolve(), (listener) => {
    change = listener;
    return () => undefined;
  });
  serve(db, page);
  await soon(() => assert.equal(heard.length, 2, "it speaks by itself, and when it is asked"));
  change();
  assert.equal(own.isHere, false);
  await soon(() => assert.equal(heard.length, 3));
  assert.equal(own.isHere, true, "it lives");
  (page as unknown as MessagePort).close();
  change();
  assert.equal(own.isHere, false);
});

test("what PGlite says to its page is passed over", async (t) => {
  const db = await database(t);
  const { worker, page } = ends(t);
  const own = opened(worker);
  for (const word of [null, "ready", { type: "leader-now" }]) page.postMessage(word, []);
  serve(db, page);
  await soon(() => assert.equal(own.isHere, true));
});

/** What looks like a PGliteWorker of that database; its leader changes when it is told to. */
function shared(db: ReplicaDatabase) {
  const listeners = new Set<() => void>();
  const texts: string[] = [];
  const inner: ReplicaDatabase = {
    transaction: db.transaction.bind(db),
    query: db.query.bind(db),
    exec: db.exec.bind(db),
    execProtocol: (message, options) => {
      texts.push(new TextDecoder().decode(message));
      return db.execProtocol(message, options);
    },
  };
  const onLeaderChange = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { db: Object.assign(inner, { onLeaderChange, closed: false }), texts, change: () => listeners.forEach((listener) => listener()) };
}

const SELECT = { sql: "SELECT 'found'", writing: "unwritten" } as const;
const LOOKS = { looks: true, keepsRows: false };

test("the PGliteWorker itself is asked only until the database is known to run in the page's own worker, and once it is closed", async (t) => {
  const { own, db } = await served(t);
  const through = shared(db);
  const elsewhere = { isHere: false, run: own.run.bind(own) };
  assert.deepEqual(await steadyRunning(through.db, elsewhere)(SELECT, LOOKS), [[["found"]]]);
  assert.equal(through.texts.length, 1);
  assert.deepEqual(await steadyRunning(through.db, own)(SELECT, LOOKS), [[["found"]]]);
  assert.equal(through.texts.length, 1, "the second went straight there");
  through.db.closed = true;
  await steadyRunning(through.db, own)(SELECT, LOOKS);
  assert.equal(through.texts.length, 2);
});

test("a text in the page's own worker ends with the leader as well", async (t) => {
  const { db } = await served(t);
  const through = shared(db);
  const silent = { isHere: true, run: () => new Promise<never>(() => undefined) };
  const running = steadyRunning(through.db, silent)(SELECT, { looks: false, keepsRows: false });
  through.change();
  await assert.rejects(running, isMoved);
});

test("of several operations that one is named which failed, rows and all", async (t) => {
  const { own, db } = await served(t);
  const through = shared(db);
  const transactions = new Transactions(steady(through.db), steadyRunning(through.db, own));
  const operations = [["loading", "COPY rows FROM STDIN", 1, true], ["looking", "SELECT 1", 1, false]];
  const { text } = await transactions.run(JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["unseen", ...operations]]), bytes("1\n1\n"), false);
  assert.deepEqual(JSON.parse(text), { doing: "loading", state: "23505", message: 'duplicate key value violates unique constraint "rows_pkey"', isFull: false });
});

test("who has closed it hears the worker no more", async (t) => {
  const { db, own, worker, page } = await served(t);
  own.close();
  const heard: unknown[] = [];
  worker.addEventListener("message", ({ data }) => heard.push(data));
  serve(db, page);
  await soon(() => assert.equal(heard.length, 1));
  assert.equal(own.isHere, false);
});
