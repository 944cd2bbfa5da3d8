/** The core's transactions over something that looks like a PGlite and writes down what it is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { PGlite } from "@electric-sql/pglite";

import { emptyPostgres } from "../../www/server/empty.ts";
import { steady, steadyRunning } from "../../js/steady.ts";
import { Transactions } from "../../js/transactions.ts";
import type { ReplicaDatabase } from "../../js/types.ts";
import { read as messagesOf } from "./support/protocol.ts";

type Operation = [doing: string, sql: string, statements: number, hasRows: boolean];
type Session = { execProtocol: ReplicaDatabase["execProtocol"] };
/** The rows a statement answers, or it throws. */
type Answer = (sql: string) => unknown[][];

const EMPTY: Answer = () => [];
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const over = (db: ReplicaDatabase): Transactions => new Transactions(steady(db), steadyRunning(db));
const doing = (name: string, ...statements: string[]): Operation => [name, statements.join(";\n"), statements.length, false];
const work = (...operations: Operation[]): string => JSON.stringify(["LEAVE", "END", "SETTLE", ["change", ...operations]]);
const copy = JSON.stringify(["LEAVE", "END", "SETTLE", ["unseen", ["loading", "COPY", 1, true]]]);

/** What a call comes to, later, whether it answers or throws. */
const attempt = <T>(call: () => T): Promise<T> => new Promise((resolve) => resolve(call()));

/** A database that answers each statement of a text with what `answer` makes of it, and takes a text as a whole or not at all. */
function database(answer: Answer) {
  const said: string[] = [];
  const loaded: string[] = [];
  const written: unknown[] = [];
  const done = (sql: string) => [...answer(sql).map((fields) => ({ name: "dataRow", fields })), { name: "commandComplete" }];
  const exec = (text: string) => Promise.resolve(void said.push(text));
  const execProtocol = (message: Uint8Array, { syncToFs }: { syncToFs?: boolean } = {}) => {
    const { Q = "", d } = Object.fromEntries(messagesOf(message));
    if (d !== undefined) loaded.push(d);
    said.push(Q);
    written.push(syncToFs);
    return attempt(() => ({ messages: Q.split(";\n").flatMap(done) }));
  };
  const run = <T>(work: () => Promise<T>) => work();
  return {
    said,
    loaded,
    written,
    exec,
    execProtocol,
    _checkReady: () => Promise.resolve(),
    _runExclusiveTransaction: run,
    _runExclusiveQuery: run,
    query: () => Promise.reject(new Error("nothing has parameters")),
    async transaction(body: (session: Session) => Promise<unknown>) {
      said.push("begin");
      try {
        await body({ execProtocol });
        said.push("commit");
      } catch (thrown) {
        said.push("rollback");
        throw thrown;
      }
    },
  };
}

/** Throws where it meets that statement. */
const refusing = (bad: string, thrown: unknown): Answer => (sql) => {
  if (sql === bad) throw thrown;
  return [];
};

const read = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

test("operations are one text in their order, and each has the rows of its last statement", async () => {
  const db = database((sql) => ({ A: [["1"]], B: [["2", null], [7, "é"]] })[sql] ?? [["of another"]]);

  const { text, thrown } = await over(db).run(work(doing("a", "Z", "A"), doing("nothing"), doing("b", "B")), undefined, false);

  assert.deepEqual(db.said, ["Z;\nA;\nB;\nEND"]);
  assert.deepEqual(JSON.parse(text), [[["1"]], [], [["2", null], [null, "é"]]]);
  assert.equal(thrown, undefined);
});

test("what an operation throws is told with what it was doing, and rolls everything back", async () => {
  const refused = Object.assign(new Error("value 42 is too long"), { code: "22001" });
  const db = database(refusing("B", refused));

  const { text, thrown } = await over(db).run(work(doing("a", "A"), doing("doing b", "B"), doing("c", "C")), undefined, true);

  assert.deepEqual(JSON.parse(text), { doing: "doing b", state: "22001", message: "value 42 is too long", isFull: false });
  assert.equal(thrown, refused);
  assert.deepEqual(db.said, ["A;\nB;\nC;\nEND", "LEAVE", "begin", "A", "B", "rollback"]);
});

test("the only operation is known to be the one that failed, and is not tried again", async () => {
  const refused = new Error("no");
  const db = database(refusing("B", refused));

  const { text } = await over(db).run(work(doing("doing b", "A", "B")), undefined, true);

  assert.equal(read(text)["doing"], "doing b");
  assert.deepEqual(db.said, ["A;\nB;\nEND", "LEAVE"]);
});

/** It may have been carried out, and only its files could not be written. */
test("what failed as a text is never done a second time, though its operations come through one by one", async () => {
  let calls = 0;
  const lost = new Error("of the first time");
  const db = database((sql) => {
    if ((calls += 1) === 1) throw lost;
    return [[sql]];
  });

  const { text, thrown } = await over(db).run(work(doing("a", "A", "B"), doing("nothing"), doing("c", "C")), undefined, false);

  assert.deepEqual([read(text)["doing"], thrown], ["running a transaction", lost]);
  assert.deepEqual(db.said, ["A;\nB;\nC;\nEND", "LEAVE", "begin", "A;\nB", "C", "rollback"]);
});

test("an operation that fails in another way than the text did is not told as what failed", async () => {
  let calls = 0;
  const lost = new Error("the connection to the files was lost");
  const db = database(() => {
    throw (calls += 1) === 1 ? lost : new Error("the table is there already");
  });

  const { text, thrown } = await over(db).run(work(doing("a", "A"), doing("b", "B")), undefined, false);

  assert.deepEqual([read(text)["doing"], read(text)["message"], thrown], ["running a transaction", lost.message, lost]);
});

test("a transaction that PGlite began without taking note of it is left", async () => {
  const db = database(refusing("B", new Error("no")));
  const transaction = () => (db.said.push("begin"), Promise.reject(new Error("the files could not be written")));

  await over({ ...db, transaction }).run(work(doing("a", "A"), doing("b", "B")), undefined, false);

  assert.deepEqual(db.said, ["A;\nB;\nEND", "LEAVE", "begin", "LEAVE"]);
});

test("rows are tried again with the operation that loads them", async () => {
  const db = database(refusing("B", new Error("no")));

  const { text } = await over(db).run(work(["a", "COPY", 1, true], doing("b", "B")), bytes("rows"), false);

  assert.equal(read(text)["doing"], "b");
  assert.deepEqual(db.loaded, ["rows", "rows"]);
});

test("a database that can do nothing any more is told as what failed", async () => {
  const closed = new Error("closed");
  const refuse = () => Promise.reject(closed);
  for (const operations of [[doing("a", "A")], [doing("a", "A"), doing("b", "B")]]) {
    const { text, thrown } = await over({ exec: refuse, query: refuse, transaction: refuse, execProtocol: refuse }).run(work(...operations), undefined, false);

    assert.deepEqual(JSON.parse(text), { doing: operations.length === 1 ? "a" : "running a transaction", state: null, message: "closed", isFull: false });
    assert.equal(thrown, closed);
  }
});

test("rows and what follows on them are one text, with the rows behind it", async () => {
  const db = database(EMPTY);

  const { text } = await over(db).run(work(["a", "COPY", 1, true], doing("b", "B")), bytes("1\té\\N\n"), false);

  assert.deepEqual(JSON.parse(text), [[], []]);
  assert.deepEqual([db.said, db.loaded], [["COPY;\nB;\nEND"], ["1\té\\N\n"]]);
});

test("rows that are loaded by themselves are tried once", async () => {
  const refused = Object.assign(new Error("value 42 is too long"), { code: "22001" });
  const db = database(refusing("COPY", refused));

  const { text, thrown } = await over(db).run(copy, bytes("rows"), false);

  assert.deepEqual(JSON.parse(text), { doing: "loading", state: "22001", message: "value 42 is too long", isFull: false });
  assert.equal(thrown, refused);
  assert.deepEqual(db.said, ["COPY;\nEND", "LEAVE"]);
});

test("a text that only looks is said to, and no other is", async () => {
  for (const [kind, looks] of [["look", true], ["change", false], ["unseen", false]] as const) {
    const said: unknown[] = [];
    const run = (_text: unknown, { looks }: { looks: boolean }) => (said.push(looks), Promise.resolve([]));
    await new Transactions(database(EMPTY), run).run(JSON.stringify(["LEAVE", "END", "SETTLE", [kind, doing("a", "A"), doing("b", "B")]]), undefined, false);
    assert.deepEqual(said, [looks]);
  }
});

test("only a change is written out with its text, and one that has to last by itself", async () => {
  for (const [kind, lasts, written] of [["look", false, false], ["unseen", false, false], ["unseen", true, false], ["change", false, true], ["change", true, false]] as const) {
    const db = { ...database(EMPTY), dataDir: "idb://app" };
    await over(db).run(JSON.stringify(["LEAVE", "END", "SETTLE", [kind, doing("a", "A")]]), undefined, lasts);
    assert.deepEqual(db.written, lasts ? [written, false] : [written], `${kind}, and what settles it`);
  }
});

const parts = JSON.stringify(["LEAVE", "END", "SETTLE", ["unseen", doing("making a", "A"), doing("making b", "B")], ["unseen", doing("making c", "C")], ["change", doing("placing", "P")]]);

test("each part is a transaction of its own, and all of them answer as a whole", async () => {
  const db = { ...database((sql) => [[sql]]), dataDir: "idb://app" };
  const { text } = await over(db).run(parts, undefined, false);

  assert.deepEqual(db.said, ["A;\nB;\nEND", "C;\nEND", "P;\nEND"]);
  assert.deepEqual(db.written, [false, false, true]);
  assert.deepEqual(JSON.parse(text), [[["A"]], [["B"]], [["C"]], [["P"]]]);
});

/** The next may need files that PGlite opens ahead where it writes out. */
test("where the last part has to last, those before it are written out as they are over any other database", async () => {
  const db = { ...database(EMPTY), dataDir: "opfs-ahp://app" };
  await over(db).run(parts, undefined, true);
  assert.deepEqual(db.written, [true, true, false]);
});

/** Rows that were loaded stand in the log alone at first: they would be written with it, and again with their table. */
test("what has to last is settled before it is written out, where files are written as wholes, and nowhere else", async () => {
  for (const [dataDir, said] of [["idb://app", ["A;\nEND", "SETTLE", "stored"]], ["opfs-ahp://app", ["A;\nEND", "stored"]]] as const) {
    const inner = database(EMPTY);
    const db = { ...inner, dataDir, syncToFs: () => Promise.resolve(void inner.said.push("stored")) };
    await over(db).run(work(doing("a", "A")), undefined, true);
    assert.deepEqual(inner.said, said);
  }
});

test("what cannot be settled is not told as stored", async () => {
  const refused = Object.assign(new Error("no space left"), { code: "53100" });
  const db = { ...database(refusing("SETTLE", refused)), dataDir: "idb://app" };
  const { text, thrown } = await over(db).run(work(doing("a", "A")), undefined, true);
  assert.equal(read(text)["doing"], "storing the replica");
  assert.equal(thrown, refused);
});

test("a part that fails is told by what it does, and none follows it", async () => {
  const db = database(refusing("B", new Error("no")));
  const { text } = await over(db).run(parts, undefined, false);

  assert.equal(read(text)["doing"], "making b");
  assert.equal(db.said.some((said) => /C|P/.test(said)), false);
});

/** With the leader may be gone what it stands on; and the new one's session was left by nobody. */
test("nothing more is done in a database that has moved to another tab", async () => {
  const said: string[] = [];
  let change = () => {};
  const db = {
    ...database(EMPTY),
    exec: () => (said.push("left"), Promise.resolve()),
    execProtocol: (message: Uint8Array) => (said.push(...messagesOf(message).map(([, text]) => text)), change(), Promise.reject(new Error("Leader changed"))),
    transaction: () => (said.push("begin"), Promise.resolve()),
    onLeaderChange: (listener: () => void) => ((change = listener), () => undefined),
  };

  const { thrown } = await over(db).run(work(doing("a", "A"), doing("b", "B")), undefined, false);

  assert.match(String(thrown), /the tab that ran the database ended/);
  assert.deepEqual(said, ["A;\nB;\nEND"]);
});

test("nothing more is done where the database moves while the session is left, or an operation tried", async () => {
  for (const last of ["LEAVE", "A"]) {
    const said: string[] = [];
    let change = () => {};
    const exec = (sql: string) => {
      said.push(sql);
      if (sql === last) {
        change();
        return new Promise<never>(() => undefined);
      }
      return sql === "LEAVE" ? Promise.resolve([]) : Promise.reject(new Error("no"));
    };
    const db = {
      ...database(EMPTY),
      exec,
      execProtocol: (message: Uint8Array) => exec(messagesOf(message)[0]?.[1] ?? ""),
      transaction: (body: (session: unknown) => Promise<unknown>) => body({ exec, query: exec }),
      onLeaderChange: (listener: () => void) => ((change = listener), () => undefined),
    };

    const { thrown } = await over(db).run(work(doing("a", "A"), doing("b", "B")), undefined, false);

    assert.match(String(thrown), /the tab that ran the database ended/);
    assert.equal(said.at(-1), last);
  }
});

test("work that is no work is told as what fails", async () => {
  const { text, thrown } = await over(database(EMPTY)).run("no JSON", undefined, false);

  assert.equal(read(text)["doing"], "running a transaction");
  assert.ok(thrown instanceof SyntaxError);
});

test("what must last is in the files before it counts as done; a database without files has none", async () => {
  const db = database(EMPTY);
  const filed = { ...db, syncToFs: () => Promise.resolve(void db.said.push("stored")) };

  await over(filed).run(work(doing("a", "A")), undefined, false);
  await over(filed).run(work(doing("a", "A")), undefined, true);
  const { thrown } = await over(database(EMPTY)).run(work(doing("a", "A")), undefined, true);

  assert.deepEqual(db.said, ["A;\nEND", "A;\nEND", "stored"]);
  assert.equal(thrown, undefined);
});

test("files that cannot be written are told, and a full quota by its name", async () => {
  const full = Object.assign(new Error("no space"), { name: "QuotaExceededError" });
  const db = { ...database(EMPTY), syncToFs: () => Promise.reject(full) };

  const { text, thrown } = await over(db).run(work(doing("a", "A")), undefined, true);

  assert.deepEqual(JSON.parse(text), { doing: "storing the replica", state: null, message: "no space", isFull: true });
  assert.equal(thrown, full);
});

test("anything may be thrown", async () => {
  const wild = new Proxy({}, { get: () => { throw new Error("looked at"); } });
  for (const thrown of [undefined, null, "text", 7, {}, () => undefined, { code: 7 }, wild, Object.assign(new Error("text"), { message: 7n })]) {
    const db = database(refusing("A", thrown));
    for (const operations of [[doing("a", "A")], [doing("a", "A"), doing("b", "B")]]) {
      const outcome = await over(db).run(work(...operations), undefined, false);

      const { doing, state, message } = read(outcome.text);
      assert.deepEqual([doing, state ?? null, message ?? null], ["a", null, null]);
      assert.equal(outcome.thrown, thrown);
    }
  }
});

/** What PGlite over IndexedDB throws, and what Postgres does over the origin's private files, also through a worker. */
const FULL = [
  new DOMException("", "QuotaExceededError"),
  Object.assign(new Error('could not extend file "base/5/16541": File too large'), { code: "54000" }),
  new Error('could not write to file "base/5/16541": No space left on device'),
  new Error("QuotaExceededError: Encountered full disk while committing transaction."),
];

test("a browser that has no room left is told as such, in whichever words, and not asked again", async () => {
  for (const thrown of FULL) {
    const db = database(refusing("A", thrown));
    const { text } = await over(db).run(work(doing("a", "A"), doing("b", "B")), undefined, false);
    assert.equal(read(text)["isFull"], true, thrown.message);
    assert.deepEqual(db.said, ["A;\nB;\nEND", "LEAVE"]);
  }
  const { text } = await over(database(refusing("A", new Error("could not open file")))).run(work(doing("a", "A")), undefined, false);
  assert.equal(read(text)["isFull"], false);
});

/** A PGlite in memory that believes to be kept over IndexedDB, and counts how often it writes its files out. */
async function overIndexedDb(t: TestContext) {
  const db = await emptyPostgres();
  t.after(() => db.close());
  let written = 0;
  const write = db.syncToFs.bind(db);
  Object.assign(db, { dataDir: "idb://test", syncToFs: () => ((written += 1), write()) });
  await db.exec("create table t (n int)");
  return { db, written: () => written };
}

const loads = (sql: string): string => JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["unseen", ["loading", sql, 1, true]]]);
const rowsIn = async (db: PGlite): Promise<unknown> => (await db.query("select array_agg(n order by n) as found from t")).rows[0];

test("over IndexedDB a piece that is loaded writes no file, and whatever comes after it does", async (t) => {
  const { db, written } = await overIndexedDb(t);
  const transactions = over(db);
  const before = written();
  for (const n of [1, 2, 3]) {
    const { text } = await transactions.run(loads("copy t from stdin"), bytes(`${n}\n`), false);
    assert.deepEqual(JSON.parse(text), [[]]);
  }
  assert.equal(written(), before);
  await transactions.run(JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["change", ["changing", "insert into t values (4)", 1, false]]]), undefined, false);
  assert.ok(written() > before);
  assert.deepEqual(await rowsIn(db), { found: [1, 2, 3, 4] });
});

test("over IndexedDB a piece that fails is told as ever, leaves nothing, and keeps nobody waiting", async (t) => {
  const { db } = await overIndexedDb(t);
  const transactions = over(db);
  const { text } = await transactions.run(loads("insert into t values (7); copy t from stdin"), bytes("1\nx\n"), false);
  const { state, doing } = read(text);
  assert.deepEqual([state, doing], ["22P02", "loading"]);
  assert.deepEqual(await rowsIn(db), { found: null });
  await transactions.run(loads("copy t from stdin"), bytes("5\n"), false);
  assert.deepEqual(await rowsIn(db), { found: [5] });
});

test("over IndexedDB a piece waits for a transaction of the app's, and is no part of it", async (t) => {
  const { db } = await overIndexedDb(t);
  const transactions = over(db);
  let piece: Promise<unknown> | undefined;
  await db.transaction(async (session) => {
    await session.exec("insert into t values (1)");
    piece = transactions.run(loads("copy t from stdin"), bytes("2\n"), false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await session.rollback();
  });
  await piece;
  assert.deepEqual(await rowsIn(db), { found: [2] });
});

test("what is made out of sight is not written out, and what fails of it is told", async (t) => {
  const { db, written } = await overIndexedDb(t);
  const before = written();
  const made = JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["unseen", ["making", "create table made (n int)", 1, false], ["making more", "insert into made values (1)", 1, false]]]);
  assert.deepEqual(JSON.parse((await over(db).run(made, undefined, false)).text), [[], []]);
  assert.equal(written(), before);
  assert.deepEqual((await db.query("select n from made")).rows, [{ n: 1 }]);
  assert.equal(read((await over(db).run(made, undefined, false)).text)["state"], "42P07");
});

test("rows are written out where something follows on them", async (t) => {
  const { db, written } = await overIndexedDb(t);
  const before = written();
  await over(db).run(JSON.stringify(["ROLLBACK", "COMMIT", "CHECKPOINT", ["change", ["loading", "copy t from stdin", 1, true], ["changing", "insert into t values (4)", 1, false]]]), bytes("3\n"), false);
  assert.ok(written() > before);
  assert.deepEqual(await rowsIn(db), { found: [3, 4] });
});

/** As in a proxy that passes on what it knows. */
test("a database that does not show its locks loads rows in a transaction, and nothing of it where they fail", async (t) => {
  const { db } = await overIndexedDb(t);
  const shown = new Proxy(db, { get: (of, name) => (String(name).startsWith("_run") ? undefined : bound(of, name)) });
  const { text } = await over(shown).run(loads("copy t from stdin"), bytes("1\n"), false);
  assert.deepEqual(JSON.parse(text), [[]]);
  const failed = await over(shown).run(loads("insert into t values (7); copy t from stdin"), bytes("2\nx\n"), false);
  assert.equal(read(failed.text)["state"], "22P02");
  assert.deepEqual(await rowsIn(db), { found: [1] });
});

function bound(of: PGlite, name: string | symbol): unknown {
  const found: unknown = Reflect.get(of, name, of);
  return typeof found === "function" ? (found as (...args: unknown[]) => unknown).bind(of) : found;
}
