/** What a test has opened is closed, whatever else fails at its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { atEnd } from "./support/ending.ts";

/** A test whose hooks are run as Node runs them: one after the other, until one fails. */
function ended(): { t: TestContext; end: () => Promise<void> } {
  const hooks: (() => unknown)[] = [];
  const t = { after: (hook: () => unknown) => void hooks.push(hook) } as unknown as TestContext;
  return {
    t,
    async end() {
      for (const hook of hooks) await hook();
    },
  };
}

test("all that is to be done at the end is done in its order, though some of it fails, and the first failure is told", async () => {
  const { t, end } = ended();
  const done: number[] = [];
  for (const nth of [1, 2, 3, 4]) {
    atEnd(t, () => {
      done.push(nth);
      if (nth % 2 === 0) throw new Error(`the end of ${String(nth)}`);
    });
  }
  await assert.rejects(end, /the end of 2/);
  assert.deepEqual(done, [1, 2, 3, 4]);
});

test("each test has its own end", async () => {
  const [one, other] = [ended(), ended()];
  const done: string[] = [];
  atEnd(one.t, () => done.push("one"));
  atEnd(other.t, () => done.push("other"));
  await one.end();
  assert.deepEqual(done, ["one"]);
});
