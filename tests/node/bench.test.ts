/** What the bench makes of what it measured, and the changes that it has a server commit. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Candidate } from "../../bench/candidates/names.ts";
import { changes } from "../../bench/changes.ts";
import { hashed } from "../../bench/checksum.ts";
import { MARKER } from "../../bench/marker.ts";
import type { Result } from "../../bench/measure.ts";
import { comparable, merged, runOf } from "../../bench/merged.ts";
import { EVERYTHING, fits, workOf } from "../../bench/plans.ts";
import type { Run } from "../../bench/report.ts";
import { isSwap } from "../../bench/measures/watch.ts";
import { groups } from "../../bench/results.ts";
import type { Sample } from "../../bench/results.ts";
import { row } from "../../bench/rows.ts";
import type { Values } from "../../bench/rows.ts";
import { served } from "../../bench/served.ts";
import { isMet, targets } from "../../bench/targets.ts";
import type { Target } from "../../bench/targets.ts";
import { deploys, visits } from "../../bench/visits.ts";

const RESULT: Result = { ms: 100, storedMs: 100, rows: 1, waits: [] };

function sample(given: Partial<Sample>): Sample {
  const situation = { where: "main", storage: "memory", settings: "recommended" } as const;
  return { round: 0, kind: "load", load: { tables: 1, rows: 100_000 }, situation, candidate: "replica", changes: 0, reader: false, outcome: RESULT, ...given };
}

const live = (candidate: Candidate, ms: number, round = 0): Sample => sample({ kind: "live", changes: 10_000, candidate, round, outcome: { ...RESULT, ms } });
const visit = (answered: number, ownMs: number): Sample =>
  sample({ kind: "unchanged", outcome: { ...RESULT, visit: { requests: { version: 1, schemas: answered - 1, shape: 1 }, answered, ownMs } } });
const deploy = (columnBytes: number, sameRows: number): Sample => {
  const deployed = { first: { bytes: 1_500, rows: 100 }, same: { bytes: 0, rows: sameRows }, column: { bytes: columnBytes, rows: 5 } };
  return sample({ kind: "deploys", load: { tables: 20, rows: 5 }, outcome: { ...RESULT, deploys: deployed } });
};

const judged = (samples: readonly Sample[], word: string): Target[] =>
  targets({ groups: groups(samples), visits: visits(samples), deploys: deploys(samples) }).filter(({ what }) => what.includes(word));
const met = (samples: readonly Sample[], word: string): boolean[] => judged(samples, word).map(isMet);

test("changes that come live are judged by the median of the rounds' ratios to pglite-sync's best", () => {
  const rounds = [100, 300, 150].flatMap((ms, round) => [live("replica", ms, round), live("sync:json", 1_000, round), live("sync:insert", 9_000, round)]);
  assert.deepEqual(judged(rounds, "pglite-sync's best").map(({ found }) => found), [0.15]);
  assert.deepEqual(met([live("replica", 200), live("sync:json", 1_000)], "pglite-sync"), [true]);
  assert.deepEqual(met([live("replica", 201), live("sync:json", 1_000)], "pglite-sync"), [false]);
});

test("changes that come live are no part of a load's figures, and fewer than ten thousand are not judged", () => {
  const mixed = [sample({}), live("replica", 7), live("sync:json", 70)];
  assert.deepEqual(groups(mixed).map(({ kind, cells }) => [kind, cells.map(({ ms }) => ms)]), [["load", [[100]]], ["live", [[7], [70]]]]);
  assert.deepEqual(judged(mixed.map((one) => ({ ...one, changes: 9_999 })), "changes to"), []);
});

test("what an app's query waits is taken from loads' rounds with queries, and from every live round", () => {
  const waits = { ...RESULT, waits: [1, 2, 3], idleMs: 1 };
  const [load] = groups([sample({}), sample({ reader: true, outcome: waits })]);
  assert.deepEqual(load?.cells[0]?.wait, { idle: 1, p99: 3, longest: 3 });
  assert.deepEqual(groups([sample({ kind: "live", outcome: waits })])[0]?.cells[0]?.wait, { idle: 1, p99: 3, longest: 3 });
});

test("a failure of this library misses every target that it was to be judged by", () => {
  const outcome = { error: "the table ended otherwise" };
  const failed = [sample({ kind: "live", changes: 10_000, outcome }), live("sync:json", 1_000), sample({ outcome }), sample({ candidate: "sync:insert" })];
  const alone = [sample({ kind: "unchanged", outcome }), sample({ kind: "deploys", load: { tables: 20, rows: 5 }, outcome })];
  for (const word of ["changes to", "pglite-sync's default", "own work", "requests", "bytes", "same structure"]) {
    assert.deepEqual(met([...failed, ...alone], word), [false], word);
  }
});

test("a visit with nothing new meets its targets with one request waited for and five milliseconds of own work", () => {
  assert.deepEqual(met([visit(1, 5)], "A visit"), [true, true]);
  assert.deepEqual(met([visit(2, 5)], "A visit"), [false, true]);
  assert.deepEqual(met([visit(1, 5.1)], "A visit"), [true, false]);
});

test("a new version is judged by the round that fetched the most", () => {
  assert.deepEqual(met([deploy(100, 0), deploy(90, 0)], "bytes"), [true]);
  assert.deepEqual(met([deploy(101, 0), deploy(90, 0)], "bytes"), [false]);
  assert.deepEqual(met([deploy(90, 0), deploy(90, 1)], "same structure"), [false]);
});

test("a swap is known by what it says: neither rows, nor what follows on it, nor a query of the app's is one", () => {
  const message = (kind: string, sql: string) => new TextEncoder().encode(`${kind}\0\0\0\0${sql}\0`);
  const swap = 'ALTER TABLE "staging"."users" SET SCHEMA "public"';
  assert.equal(isSwap(message("Q", swap)), true);
  for (const other of [message("Q", "CHECKPOINT"), message("Q", "COPY users FROM STDIN"), message("P", swap), swap]) assert.equal(isSwap(other), false);
});

test("the swap is judged by the median of the rounds that timed it, and its longest is told", () => {
  const rounds = [4, 30, 10].map((swapMs, round) => sample({ round, reader: true, outcome: { ...RESULT, swapMs } }));
  assert.deepEqual(groups(rounds)[0]?.cells[0]?.swap, { median: 10, longest: 30 });
  assert.deepEqual(met(rounds, "swap"), [true]);
  assert.deepEqual(met([...rounds, sample({ round: 3, reader: true, outcome: { ...RESULT, swapMs: 30 } })], "swap"), [false]);
});

test("a million rows are judged by what a row takes with a tenth of them", () => {
  const of = (rows: number, ms: number): Sample =>
    sample({ load: { tables: 1, rows }, situation: { where: "worker", storage: "memory", settings: "recommended" }, outcome: { ...RESULT, ms } });
  const judged = targets({ groups: groups([of(100_000, 100), of(1_000_000, 1_200)]), visits: [], deploys: [] });
  assert.deepEqual(judged.map((target) => [target.most, target.found, isMet(target)]), [[1.15, 1.2, false]]);
});

test("what the page's heap and the module hold is judged for whatever load it was looked at", () => {
  for (const rows of [100_000, 1_000_000]) {
    const load = { load: { tables: 1, rows }, reader: true };
    const judged = (heldBytes?: number) =>
      targets({ groups: groups([sample({ ...load, outcome: { ...RESULT, heldBytes } })]), visits: [], deploys: [] }).filter(({ most }) => most === 48);
    assert.deepEqual(judged(50e6).map((target) => [target.found, isMet(target)]), [[50, false]]);
    assert.deepEqual(judged(), []);
  }
});

test("no peak is told of a candidate in whose page another database was", () => {
  const [group] = groups([sample({ candidate: "copy:binary", outcome: { ...RESULT, peakBytes: 5 } }), sample({ candidate: "copy", outcome: { ...RESULT, peakBytes: 5 } })]);
  assert.deepEqual(group?.cells.map(({ peakBytes }) => peakBytes), [NaN, 5]);
});

test("nothing is judged that was measured in Node or with PGlite's own settings", () => {
  const { situation } = sample({});
  for (const other of [{ ...situation, where: "node" as const }, { ...situation, settings: "default" as const }]) {
    const samples = [live("replica", 900), live("sync:json", 1_000), visit(9, 9), deploy(999, 9)].map((one) => ({ ...one, situation: other }));
    assert.deepEqual(judged(samples, ""), []);
  }
});

test("whoever reads the log from the snapshot's end arrives at the table that the server says, and meets the marker last", async () => {
  const table = new Map<string | null | undefined, Values>(Array.from({ length: 50 }, (_, at) => [row(at)["id"], row(at)]));
  const { log, end } = changes("items_0", 50, 400);
  const kinds = new Set<string>();
  for (const { text } of log) {
    const { value, headers } = JSON.parse(text) as { value: Values; headers: { operation: string } };
    kinds.add(headers.operation);
    if (headers.operation === "delete") assert.ok(table.delete(value["id"]));
    else table.set(value["id"], { ...table.get(value["id"]), ...value });
  }
  const { createHash } = await import("node:crypto");
  const sums = [...table.values()].map((values) => Number.parseInt(createHash("md5").update(hashed(values)).digest("hex").slice(0, 8), 16));
  assert.deepEqual({ rows: table.size, sum: String(sums.reduce((sum, one) => sum + one, 0)) }, end);
  assert.deepEqual([...kinds].sort(), ["delete", "insert", "update"]);
  assert.equal(log.length, 400);
  assert.ok(log.at(-1)?.text.includes(`"id":"${MARKER}"`));
  assert.deepEqual(log.map(({ lsn, last }, at) => last === (log[at + 1]?.lsn !== lsn)).filter((right) => !right), []);
});

test("released changes come in several answers that end with a transaction, each up to date at its time", async () => {
  const load = served({ tables: 1, rows: 50 });
  load.prepare(10_000);
  load.reset();
  load.release();
  let [offset, handle, answers, changed] = ["-1", "", 0, 0];
  for (;;) {
    const { status, headers, body } = await load.shape(new URLSearchParams({ table: "items_0", offset, handle }), new AbortController().signal);
    assert.equal(status, 200);
    const messages = JSON.parse(String(body)) as { headers: { lsn?: string; last?: boolean; control?: string; global_last_seen_lsn?: string } }[];
    const entries = messages.filter(({ headers }) => headers.lsn !== undefined);
    if (offset !== "-1" && entries.length === 0) break;
    if (entries.length > 0) {
      assert.equal(entries.at(-1)?.headers.last, true);
      assert.equal(messages.at(-1)?.headers.global_last_seen_lsn, entries.at(-1)?.headers.lsn);
      answers += 1;
    }
    changed += entries.length;
    [offset, handle] = [headers["electric-offset"] ?? "", headers["electric-handle"] ?? ""];
  }
  assert.equal(changed, 10_000);
  assert.ok(answers >= 2 && answers <= 10, `${answers} answers`);
});

test("a deploy of one more column moves the first table's shape alone, and one of the same structure none", async () => {
  const load = served({ tables: 3, rows: 4 });
  const status = async (table: string): Promise<number> =>
    (await load.shape(new URLSearchParams({ table, offset: "0_inf", handle: `${table}-1795155462267975` }), new AbortController().signal)).status;
  load.deploy("same");
  assert.deepEqual(await Promise.all(["items_0", "items_1"].map(status)), [200, 200]);
  load.deploy("column");
  assert.deepEqual(await Promise.all(["items_0", "items_1"].map(status)), [409, 200]);
  load.reset();
  assert.deepEqual(await Promise.all(["items_0", "items_1"].map(status)), [200, 200]);
});

test("what is measured again takes its place in what was measured before on the same machine, and the rest stays", () => {
  const machine = { processor: "p", cores: 2, memoryGiB: 1, node: "n", browser: "b", versions: {} };
  const run = (date: string, samples: readonly Sample[]): Run => ({ date, machine, rounds: 3, groups: groups(samples), visits: visits(samples), deploys: deploys(samples) });
  const small = { tables: 1, rows: 10 };
  const earlier = run("1", [sample({}), sample({ load: small, candidate: "copy:binary" }), live("replica", 5), visit(1, 1)]);
  const newer = run("2", [sample({ outcome: { ...RESULT, ms: 7 } }), deploy(1, 0)]);

  const both = merged(runOf(JSON.stringify(earlier)), newer);
  const written = (found: unknown): unknown => JSON.parse(JSON.stringify(found));
  assert.deepEqual(written(both.groups), written([...newer.groups, ...earlier.groups.slice(1)]));
  assert.deepEqual(written([both.visits, both.deploys, both.date]), written([earlier.visits, newer.deploys, "2"]));
  assert.ok(Number.isNaN(both.groups[1]?.cells[0]?.peakBytes));
  assert.throws(() => comparable(earlier, { ...machine, cores: 4 }), /another machine/);
  comparable(earlier, { ...machine, memoryGiB: 1.0001 });
  assert.throws(() => merged(run("1", [sample({}), sample({ candidate: "copy" })]), newer), /copy has to be measured again/);
  assert.equal(merged(earlier, run("2", [{ ...live("replica", 9), changes: 100 }])).groups.length, earlier.groups.length + 1);
});

test("one command measures every load, place and way that has a target", () => {
  const ways = EVERYTHING.flatMap(({ loads, situations, work }) =>
    loads.flatMap((load) => situations.flatMap(({ where, storage, settings }) => work.filter((one) => fits(one, load)).map(({ kind }) => `${kind} ${load.tables}x${load.rows} ${where} ${storage} ${settings}`))),
  );
  for (const place of ["main memory", "main idb", "worker memory", "worker idb", "worker opfs-ahp"]) {
    for (const load of ["1x1000", "1x10000", "1x100000", "1x300000", "20x5000"]) assert.ok(ways.includes(`load ${load} ${place} recommended`), `${load} ${place}`);
    for (const way of ["unchanged 1x100000", "deploys 20x5000"]) assert.ok(ways.includes(`${way} ${place} recommended`), `${way} ${place}`);
  }
  for (const place of ["main memory", "main idb", "worker memory"]) assert.ok(ways.includes(`live 1x100000 ${place} recommended`), place);
  for (const place of ["worker memory", "worker opfs-ahp"]) assert.ok(ways.includes(`load 1x1000000 ${place} recommended`), place);
  assert.ok(ways.includes("load 1x100000 main memory default"));
});

test("changes are measured of those who follow a table, and only of the candidates that were asked for", () => {
  const work = workOf({ kinds: ["live", "unchanged"], candidates: ["replica", "sync:json", "sync:csv", "fetch"], readers: ["replica"] });
  assert.deepEqual(work.map(({ kind, candidate }) => `${kind} ${candidate}`), ["live replica", "live sync:json", "unchanged replica"]);
  assert.deepEqual(work.map((one) => fits(one, { tables: 20, rows: 5 })), [false, false, true]);
});
