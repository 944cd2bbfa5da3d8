/** When the server is asked without anybody calling. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { watch } from "../../js/triggers.ts";

for (const [everyMs, least] of [
  [1_000, 900],
  [2 ** 40, 2 ** 31 - 1],
] as const) {
  test(`a look every ${everyMs} ms waits no less, and no longer than a timer can`, (t) => {
    const waits: number[] = [];
    t.mock.method(globalThis, "setTimeout", (_call: () => void, ms: number) => void waits.push(ms));
    watch({ everyMs }, () => undefined)();

    assert.equal(waits.length, 1);
    assert.ok(waits.every((ms) => ms >= least && ms <= 2 ** 31 - 1), String(waits));
  });
}

for (const [chance, ms] of [
  [0, 900],
  [0.5, 1_000],
  [0.9999, 1_099.98],
] as const) {
  test(`by chance of ${chance}, a look every second waits ${ms} ms: the clients of one deploy drift apart`, (t) => {
    t.mock.method(Math, "random", () => chance);
    const waits: number[] = [];
    t.mock.method(globalThis, "setTimeout", (_call: () => void, wait: number) => void waits.push(wait));
    watch({ everyMs: 1_000 }, () => undefined)();

    assert.ok(Math.abs((waits[0] ?? 0) - ms) < 0.01, String(waits));
  });
}

for (const never of [0, -1, Infinity, NaN]) {
  test(`a look every ${never} ms is none at all`, (t) => {
    const timer = t.mock.method(globalThis, "setTimeout");
    watch({ everyMs: never }, () => undefined)();

    assert.equal(timer.mock.callCount(), 0);
  });
}
