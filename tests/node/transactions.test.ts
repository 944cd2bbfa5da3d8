/** The core's transactions over something that looks like a PGlite and writes down what it is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Transactions } from "../../js/transactions.ts";

type Statement = [sql: string, params: (string | null)[], meets: number | null, hasBlob: boolean];
type Answer = (sql: string) => unknown;

const EMPTY: Answer = () => ({ rows: [], affectedRows: 0 });
const plain = (sql: string): Statement => [sql, [], null, false];

/** A database that answers each statement with what `answer` makes of its SQL. */
function database(answer: Answer) {
  const said: string[] = [];
  const asked: { params?: unknown; rowMode?: unknown; bytes?: string | undefined }[] = [];
  const outside = () => Promise.reject(new Error("nothing is run outside a transaction"));
  const run = async (sql: string, params: unknown, options: { rowMode?: unknown; blob?: Blob }) => {
    said.push(sql);
    asked.push({ params, rowMode: options.rowMode, bytes: await options.blob?.text() });
    return answer(sql);
  };
  return {
    said,
    asked,
    ends: () => said.filter((one) => ["begin", "commit", "rollback", "stored"].includes(one)),
    query: outside,
    exec: outside,
    async transaction(body: (session: object) => Promise<unknown>) {
      said.push("begin");
      try {
        await body({
          query: (sql: string, params: unknown, options: object) => run(sql, params, options),
          exec: async (sql: string, options: object) => [{ rows: [["of an earlier statement"]] }, await run(sql, undefined, options)],
        });
        said.push("commit");
      } catch (thrown) {
        said.push("rollback");
        throw thrown;
      }
    },
  };
}

const work = (...operations: [string, Statement[]][]): string => JSON.stringify(["LEAVE", "change", ...operations]);
const loading = (sql: string): string => JSON.stringify(["LEAVE", "load", ["loading", [[sql, [], null, true]]]]);

test("operations are one transaction in their order, and each has its own rows", async () => {
  const db = database((sql) => ({ rows: sql === "A" ? [["1"]] : [["2", null], [7, "é"]] }));

  const { text, thrown } = await new Transactions(db).run(work(["a", [plain("Z"), plain("A")]], ["b", [["B", ["x", null], null, false]]]), [], false);

  assert.deepEqual(db.said, ["begin", "Z", "A", "B", "commit"]);
  assert.deepEqual(db.asked.map(({ params }) => params), [undefined, undefined, ["x", null]]);
  assert.ok(db.asked.every(({ rowMode }) => rowMode === "array"));
  assert.deepEqual(JSON.parse(text), [[["1"]], [["2", null], [null, "é"]]]);
  assert.equal(thrown, undefined);
});

test("a statement that throws rolls everything back, and what it told is told of it", async () => {
  const refused = Object.assign(new Error("value 42 is too long"), { code: "22001" });
  const db = database((sql) => {
    if (sql === "B") throw refused;
    return { rows: [] };
  });

  const { text, thrown } = await new Transactions(db).run(work(["a", [plain("A")]], ["doing b", [plain("B")]], ["c", [plain("C")]]), [], true);

  assert.deepEqual(JSON.parse(text), { doing: "doing b", state: "22001", message: "value 42 is too long", isFull: false });
  assert.equal(thrown, refused);
  assert.deepEqual(db.said, ["begin", "A", "B", "rollback"]);
});

test("a change that does not meet its one row rolls everything back", async () => {
  for (const [affectedRows, state] of [[0, "02000"], [2, "02000"], [undefined, "02000"], [1, undefined]] as const) {
    const db = database(() => ({ rows: [], affectedRows }));

    const { text } = await new Transactions(db).run(work(["a", [["A", ["x"], 1, false]]]), [], false);

    assert.equal((JSON.parse(text) as { state?: string }).state, state);
    assert.deepEqual(db.ends(), ["begin", state ? "rollback" : "commit"]);
  }
});

test("a transaction that cannot begin or commit says what it was doing", async () => {
  const closed = new Error("closed");
  const bodies = [
    () => {
      throw closed;
    },
    () => Promise.reject(closed),
    async (body: (session: object) => Promise<unknown>) => {
      await body({ query: () => Promise.resolve({ rows: [] }), exec: () => Promise.resolve([]) });
      throw closed;
    },
  ];
  for (const transaction of bodies) {
    const { text, thrown } = await new Transactions({ ...database(EMPTY), transaction }).run(work(["a", [plain("A")]]), [], false);

    assert.deepEqual(JSON.parse(text), { doing: "running a transaction", state: null, message: "closed", isFull: false });
    assert.equal(thrown, closed);
  }
});

test("a transaction that hides what its body threw has failed all the same", async () => {
  const thrown = new Error("of the statement");
  const transaction = (body: (session: object) => Promise<unknown>) => body({ exec: () => Promise.reject(thrown) }).catch(() => undefined);

  const outcome = await new Transactions({ ...database(EMPTY), transaction }).run(work(["a", [plain("A")]]), [], true);

  assert.equal(outcome.thrown, thrown);
});

test("a body that is begun again begins anew", async () => {
  const db = database(() => ({ rows: [["1"]] }));
  const twice = {
    ...db,
    async transaction(body: (session: object) => Promise<unknown>) {
      await db.transaction(body);
      await db.transaction(body);
    },
  };

  const { text } = await new Transactions(twice).run(work(["a", [["COPY", [], null, true], plain("A")]]), [new TextEncoder().encode("rows")], false);

  assert.deepEqual(JSON.parse(text), [[["1"]]]);
  assert.deepEqual(db.asked.map(({ bytes }) => bytes), ["rows", undefined, "rows", undefined]);
});

test("a body that is begun again after a failure has not failed", async () => {
  let calls = 0;
  const db = database(() => {
    if ((calls += 1) === 1) throw new Error("of the first time");
    return { rows: [["1"]] };
  });
  const again = { ...db, transaction: (body: (session: object) => Promise<unknown>) => db.transaction(body).catch(() => db.transaction(body)) };

  const { text, thrown } = await new Transactions(again).run(work(["a", [plain("A")]]), [], false);

  assert.deepEqual([JSON.parse(text), thrown], [[[["1"]]], undefined]);
});

test("nobody holds the bytes that are loaded any more once the transaction is asked for", async () => {
  const db = database(EMPTY);
  const blobs = [new TextEncoder().encode("rows")];
  let held: number | undefined;
  const asked = { ...db, transaction: (body: (session: object) => Promise<unknown>) => ((held = blobs.length), db.transaction(body)) };

  await new Transactions(asked).run(work(["a", [["COPY", [], null, true], plain("A")]]), blobs, false);

  assert.deepEqual([held, db.asked.map(({ bytes }) => bytes)], [0, ["rows", undefined]]);
});

test("rows that are loaded by themselves are one statement outside of any transaction, and what it throws is told of it", async () => {
  const refused = Object.assign(new Error("value 42 is too long"), { code: "22001" });
  const outside = () => Promise.reject(new Error("no transaction is begun"));
  const asked: unknown[] = [];
  const exec = async (sql: string, { rowMode, blob }: { rowMode?: string; blob?: Blob } = {}) => {
    asked.push([sql, rowMode, await blob?.text()]);
    if (sql === "BAD") throw refused;
    return [{ rows: [["1"]] }];
  };
  const load = (sql: string) => new Transactions({ transaction: outside, query: outside, exec }).run(loading(sql), [new TextEncoder().encode("rows")], false);

  assert.deepEqual(JSON.parse((await load("COPY")).text), [[["1"]]]);
  assert.deepEqual(asked, [["COPY", "array", "rows"]]);
  const { text, thrown } = await load("BAD");
  assert.deepEqual(JSON.parse(text), { doing: "loading", state: "22001", message: "value 42 is too long", isFull: false });
  assert.equal(thrown, refused);
});

test("a transaction that only looks is said to, and no other is", async () => {
  const said: unknown[] = [];
  const db = { ...database(EMPTY), transaction: (_body: unknown, looks?: boolean) => Promise.resolve(void said.push(looks)) };
  for (const kind of ["look", "change"]) await new Transactions(db).run(JSON.stringify(["LEAVE", kind, ["a", [plain("A")]]]), [], false);
  assert.deepEqual(said, [true, false]);
});

test("work that is no work is told as what fails", async () => {
  const { text, thrown } = await new Transactions(database(EMPTY)).run("no JSON", [], false);

  assert.equal((JSON.parse(text) as { doing: string }).doing, "running a transaction");
  assert.ok(thrown instanceof SyntaxError);
});

test("rows to load are handed over byte by byte, to the statement they are of", async () => {
  const db = database(EMPTY);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const copy = (sql: string): Statement => [sql, [], null, true];

  await new Transactions(db).run(work(["a", [copy("A"), plain("B")]], ["c", [copy("C")]]), [bytes("1\té\\N\n"), bytes("2")], false);

  assert.deepEqual(db.asked.map((one) => one.bytes), ["1\té\\N\n", undefined, "2"]);
});

test("what must last is in the files before it counts as done; a database without files has none", async () => {
  const db = database(EMPTY);
  const filed = { ...db, syncToFs: () => Promise.resolve(void db.said.push("stored")) };

  await new Transactions(filed).run(work(["a", [plain("A")]]), [], false);
  await new Transactions(filed).run(work(["a", [plain("A")]]), [], true);
  const { thrown } = await new Transactions(database(EMPTY)).run(work(["a", [plain("A")]]), [], true);

  assert.deepEqual(db.ends(), ["begin", "commit", "begin", "commit", "stored"]);
  assert.equal(thrown, undefined);
});

test("files that cannot be written are told, and a full quota by its name", async () => {
  const full = Object.assign(new Error("no space"), { name: "QuotaExceededError" });
  const db = { ...database(EMPTY), syncToFs: () => Promise.reject(full) };

  const { text, thrown } = await new Transactions(db).run(work(["a", [plain("A")]]), [], true);

  assert.deepEqual(JSON.parse(text), { doing: "storing the replica", state: null, message: "no space", isFull: true });
  assert.equal(thrown, full);
});

test("anything may be thrown", async () => {
  const wild = new Proxy({}, { get: () => { throw new Error("looked at"); } });
  for (const thrown of [undefined, null, "text", 7, {}, () => undefined, { code: 7 }, wild, Object.assign(new Error("text"), { message: 7n })]) {
    const db = database(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what is no error is thrown all the same
      throw thrown;
    });

    const outcome = await new Transactions(db).run(work(["a", [plain("A")]]), [], false);

    const { doing, state, message } = JSON.parse(outcome.text) as Record<string, unknown>;
    assert.deepEqual([doing, state ?? null, message ?? null], ["a", null, null]);
    assert.equal(outcome.thrown, thrown);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the same before it has begun
    const before = await new Transactions({ ...db, transaction: () => Promise.reject(thrown) }).run(work(["a", [plain("A")]]), [], false);
    assert.equal(before.thrown, thrown);
  }
});

test("what a transaction waits behind another of these is no cost of its own", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  let before = Promise.resolve();
  const db = database((sql) => (t.mock.timers.tick(sql === "A" ? 100 : 10), { rows: [] }));
  const queued = {
    ...db,
    transaction: (body: (session: object) => Promise<unknown>) => {
      before = before.then(async () => {
        t.mock.timers.tick(3); // to begin
        await db.transaction(body);
        t.mock.timers.tick(2); // to end
      });
      return before;
    },
  };
  const transactions = new Transactions(queued);

  const first = transactions.run(work(["a", [plain("A")]]), [], false).then(() => assert.equal(transactions.overheadMs, 5));
  const second = transactions.run(work(["b", [plain("B")]]), [], false);
  await first;
  await second;

  assert.equal(transactions.overheadMs, 5);
});

/** What PGlite over IndexedDB throws, and what Postgres does over the origin's private files, also through a worker. */
const FULL = [
  new DOMException("", "QuotaExceededError"),
  Object.assign(new Error('could not extend file "base/5/16541": File too large'), { code: "54000" }),
  new Error('could not write to file "base/5/16541": No space left on device'),
  new Error("QuotaExceededError: Encountered full disk while committing transaction."),
];

test("what a transaction waits behind rows that are loaded by themselves is no cost of its own", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  let before: Promise<unknown> = Promise.resolve();
  const db = database(EMPTY);
  const queued = {
    ...db,
    exec: () => (before = before.then(() => t.mock.timers.tick(300))).then(() => []),
    transaction: (body: (session: object) => Promise<unknown>) => (before = before.then(() => db.transaction(body)).then(() => t.mock.timers.tick(2))),
  };
  const transactions = new Transactions(queued);

  const load = transactions.run(loading("COPY"), [new TextEncoder().encode("rows")], false);
  await transactions.run(work(["a", [plain("A")]]), [], false);
  await load;

  assert.equal(transactions.overheadMs, 2);
});

test("a browser that has no room left is told as such, in whichever words", async () => {
  for (const thrown of FULL) {
    const { text } = await new Transactions({ ...database(EMPTY), transaction: () => Promise.reject(thrown) }).run(work(["a", [plain("A")]]), [], false);
    assert.equal((JSON.parse(text) as { isFull: boolean }).isFull, true, thrown.message);
  }
  const { text } = await new Transactions({ ...database(EMPTY), transaction: () => Promise.reject(new Error("could not open file")) }).run(work(["a", [plain("A")]]), [], false);
  assert.equal((JSON.parse(text) as { isFull: boolean }).isFull, false);
});

test("a transaction that PGlite began without taking note of it is left, and no other", async () => {
  const outside: string[] = [];
  const exec = (sql: string) => Promise.resolve(outside.push(sql));
  const full = new DOMException("", "QuotaExceededError");

  await new Transactions({ ...database(EMPTY), exec, transaction: () => Promise.reject(full) }).run(work(["a", [plain("A")]]), [], false);
  assert.deepEqual(outside.splice(0), ["LEAVE"]);

  // One that is told of has ended; and after any other failure nobody knows whether there is a database to ask.
  const begun = async (body: (session: object) => Promise<unknown>) => {
    await body({ exec: () => Promise.resolve([]), query: () => Promise.resolve([]) });
    throw full;
  };
  await new Transactions({ ...database(EMPTY), exec, transaction: begun }).run(work(["a", [plain("A")]]), [], false);
  await new Transactions({ ...database(EMPTY), exec, transaction: () => Promise.reject(new Error("gone")) }).run(work(["a", [plain("A")]]), [], false);
  assert.deepEqual(outside, []);
});
