/** How migrations stand after what the replica told, and what the banner shows of it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { MigrationComplete, MigrationError, MigrationPending, MigrationProgress, MigrationReason, MigrationStart, ReplicaEvent, UpdateNeeded } from "electric-replica";
import { ReplicaError } from "electric-replica";

import { after, fractionOf, QUIET, without } from "../../js/banner/state.ts";
import type { MigrationState } from "../../js/banner/state.ts";
import { viewOf, WORDS } from "../../js/banner/words.ts";
import type { BannerView } from "../../js/banner/words.ts";

const start = (reason: MigrationReason = "changed"): MigrationStart => ({ type: "migration:start", reason, from: "1", to: "2", tables: ["users"], strategy: "swap" });
const progress = (given: Partial<MigrationProgress> = {}): MigrationProgress => ({
  type: "migration:progress",
  step: "loading",
  table: "users",
  rows: 0,
  expectedRows: null,
  tablesDone: 0,
  tablesTotal: 1,
  ...given,
});
const complete = (reason: MigrationReason = "changed", to = "2"): MigrationComplete => ({ type: "migration:complete", reason, from: "1", to, tables: [], left: [], rows: 1, strategy: "swap", durationMs: 1 });
const error = (closesMigration: boolean, missing: string[] = []): MigrationError => ({
  type: "migration:error",
  error: new ReplicaError("SERVER_UNREACHABLE", "while asking"),
  code: "SERVER_UNREACHABLE",
  message: "while asking",
  retryable: true,
  closesMigration,
  missing,
});
const pending: MigrationPending = { type: "migration:pending", reason: "changed", from: "1", to: "2", tables: [], removed: [], strategy: "swap", accept: () => Promise.resolve(true), later: () => undefined };
const needed = (direction: UpdateNeeded["direction"]): UpdateNeeded => ({ type: "update-needed", direction, from: "1", to: "2", missing: [], kept: true });
const adopted = (to: string): ReplicaEvent => ({ type: "adopted", from: "1", to });

/** Whatever happened before. */
const PASTS: ReplicaEvent[][] = [[], [start()], [start(), progress()], [progress()], [pending], [error(true)], [start(), error(false)], [needed("app-too-old")], [complete()]];

const stands = (events: readonly ReplicaEvent[]): MigrationState => events.reduce(after, QUIET);
const shown = (...events: ReplicaEvent[]): BannerView | undefined => viewOf(stands(events), WORDS);

test("whatever happened before, a rebuild runs from its start to what closes it, and to nothing else", () => {
  for (const past of PASTS) {
    assert.ok(stands([...past, start()]).running);
    assert.ok(stands([...past, start(), progress(), error(false)]).running);
    for (const end of [complete(), error(true), adopted("2"), { type: "purged", reason: "called" } as const]) {
      const { running, progress: far, pending: waits } = stands([...past, start(), progress(), end]);
      assert.deepEqual([running, far, waits], [undefined, undefined, undefined], end.type);
    }
  }
});

test("a start makes what failed and what waited history, and so does a replica that is ready", () => {
  const ready = { type: "status", status: "ready", leader: null } as const;
  for (const past of PASTS) {
    for (const news of [start(), ready]) {
      const { error: failed, pending: waits } = stands([...past, news]);
      assert.deepEqual([failed, waits], [undefined, undefined]);
    }
  }
});

test("a tab that follows goes by the one that leads", () => {
  const leads = { type: "status", status: "following", leader: "ready" } as const;
  assert.equal(stands([start(), error(true), leads]).error, undefined);
});

test("where the old replica is kept for what the page lacks, no rebuild waits, and a replica that is ready lacks nothing", () => {
  const ready = { type: "status", status: "ready", leader: null } as const;
  assert.equal(stands([pending, needed("app-too-old")]).pending, undefined);
  assert.equal(stands([needed("app-too-old"), ready]).updateNeeded, undefined);
  assert.ok(stands([{ ...needed("server-behind"), kept: false }, ready]).updateNeeded);
});

test("what a person has answered hides nothing else, and the next such event is shown", () => {
  const answered = new WeakSet<object>();
  const failed = error(true);
  const state = stands([needed("app-too-old"), failed]);
  assert.equal(viewOf(without(state, answered), WORDS)?.kind, "failed");
  answered.add(failed);
  assert.equal(viewOf(without(state, answered), WORDS)?.kind, "outdated");
  assert.equal(viewOf(without(after(state, error(true)), answered), WORDS)?.kind, "failed");
});

test("a page that is out of date stays so until another version than the one that told it is there", () => {
  for (const news of [start(), complete("changed", "2"), adopted("2"), error(true)]) assert.ok(stands([needed("app-too-old"), news]).updateNeeded, news.type);
  for (const news of [complete("changed", "3"), adopted("3")]) assert.equal(stands([needed("app-too-old"), news]).updateNeeded, undefined, news.type);
});

test("the banner shows each step of a rebuild, then that it is finished, but for the first one", () => {
  assert.equal(shown(), undefined);
  assert.deepEqual(shown(start()), { kind: "running", text: "Updating your data to version 2…", bar: null, actions: [] });
  assert.equal(shown(start("first"))?.text, WORDS.first);
  assert.equal(shown(start(), progress({ step: "waiting" }))?.text, "Waiting for version 2 of your data…");
  assert.equal(shown(start(), progress({ rows: 5, expectedRows: 20 }))?.bar, 0.25);
  assert.equal(shown(start(), complete())?.kind, "complete");
  assert.equal(shown(start("first"), complete("first")), undefined);
  assert.deepEqual([shown(progress())?.kind, shown(progress())?.text], ["running", WORDS.repair]);
});

test("a bar never says more than everything, and nothing where nothing is known", () => {
  assert.equal(fractionOf(progress({ rows: 30, expectedRows: 20 })), 1);
  assert.equal(fractionOf(progress({ rows: 30, expectedRows: 0 })), undefined);
  assert.equal(fractionOf(progress({ tablesDone: 3, tablesTotal: 4 })), 0.75);
  assert.equal(fractionOf(progress({ tablesDone: 0, tablesTotal: 1 })), undefined);
});

test("a failure is shown where it ended a rebuild or left tables that cannot be read, and not where readers notice nothing", () => {
  assert.equal(shown(error(false)), undefined);
  assert.deepEqual(shown(error(false, ["users"]))?.actions, ["dismiss"]);
  assert.equal(shown(start(), error(true))?.text, "Your data could not be updated (SERVER_UNREACHABLE).");
});

test("what waits for the person comes with its buttons, and what the person can do nothing about is not shown", () => {
  assert.deepEqual(shown(pending)?.actions, ["accept", "later"]);
  assert.deepEqual(shown(needed("app-too-old"))?.actions, ["reload"]);
  assert.equal(shown(needed("server-behind")), undefined);
});

test("the app's words are filled with what is known, and what is not leaves no trace", () => {
  const words = { ...WORDS, changed: "{from} → {to}: {rows} of {expectedRows} rows, {percent} %{nonsense}" };
  const far = progress({ rows: 1_234, expectedRows: 5_000 });
  assert.equal(viewOf(stands([start(), far]), words)?.text, `1 → 2: ${(1_234).toLocaleString()} of ${(5_000).toLocaleString()} rows, 24 %`);
  assert.equal(viewOf(stands([start()]), { ...words, changed: "To {to} {rows} {percent}" })?.text, "To 2");
});
