/** When the server is asked without anybody calling. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { isHidden, watch, watchOver } from "../../js/triggers.ts";

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
    const timer = t.mock.method(globalThis, "setTimeout", () => 0);
    watch({ everyMs: never }, () => undefined)();

    assert.equal(timer.mock.callCount(), 0);
  });
}

test("a look is made every hour where nothing else is said, again and again until the watch is over", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(Math, "random", () => 0.5);
  const hour = 3_600_000;
  let looks = 0;
  const end = watch({}, () => looks++);

  for (const made of [1, 2, 3]) {
    t.mock.timers.tick(hour - 1);
    assert.equal(looks, made - 1);
    t.mock.timers.tick(1);
    assert.equal(looks, made);
  }
  end();
  t.mock.timers.tick(2 * hour);
  assert.equal(looks, 3);
});

/** A page of which the tests say what happens to it. */
function page(t: TestContext): { happen: (where: "window" | "document", name: string) => void; see: (state: DocumentVisibilityState) => void } {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = Object.assign(new EventTarget(), { document });
  Object.assign(globalThis, { window, document });
  t.after(() => {
    Reflect.deleteProperty(globalThis, "window");
    Reflect.deleteProperty(globalThis, "document");
  });
  const targets = { window, document };
  return { happen: (where, name) => void targets[where].dispatchEvent(new Event(name)), see: (state) => (document.visibilityState = state) };
}

test("a window that gets the focus, and a tab that comes into view, look at once; one that goes out of view does not", (t) => {
  const { happen, see } = page(t);
  let looks = 0;
  const end = watch({ everyMs: 0 }, () => looks++);

  happen("window", "focus");
  assert.equal(looks, 1);
  see("hidden");
  happen("document", "visibilitychange");
  assert.deepEqual([looks, isHidden()], [1, true]);
  see("visible");
  happen("document", "visibilitychange");
  assert.deepEqual([looks, isHidden()], [2, false]);

  end();
  happen("window", "focus");
  happen("document", "visibilitychange");
  assert.equal(looks, 2);
});

test("whom the network's return reaches in the same instant looks some time within the spread", (t) => {
  const { happen } = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const [chance, before] of [
    [0.25, 999],
    [0.5, 1_999],
    [0.9, 3_599],
  ] as const) {
    let seen = 0;
    t.mock.method(Math, "random", () => chance);
    const end = watch({ everyMs: 0 }, () => seen++, 4_000);
    happen("window", "online");
    t.mock.timers.tick(before);
    assert.equal(seen, 0, String(chance));
    t.mock.timers.tick(1);
    assert.equal(seen, 1, String(chance));
    end();
  }
});

test("a network that comes and goes is looked at once, counted from when it last came", (t) => {
  const { happen } = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(Math, "random", () => 0.5);
  let looks = 0;
  watch({ everyMs: 0 }, () => looks++, 4_000);

  happen("window", "online");
  t.mock.timers.tick(1_500);
  happen("window", "online");
  t.mock.timers.tick(1_999);
  assert.equal(looks, 0);
  t.mock.timers.tick(60_000);
  assert.equal(looks, 1);
});

test("what is not to be listened to is not", (t) => {
  const { happen } = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let looks = 0;
  watch({ onFocus: false, onOnline: false, everyMs: 0 }, () => looks++);

  happen("window", "focus");
  happen("window", "online");
  happen("document", "visibilitychange");
  t.mock.timers.tick(60_000);
  assert.equal(looks, 0);
});

test("a watch that is over looks no more, even if the network had just come back", (t) => {
  const { happen } = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let looks = 0;
  const end = watch({ everyMs: 1_000 }, () => looks++);

  happen("window", "online");
  end();
  t.mock.timers.tick(60_000);
  assert.equal(looks, 0);
});

/** What a page says when it has nothing better to do. */
function idleness(t: TestContext): () => void {
  const waiting: (() => void)[] = [];
  Object.assign(globalThis, { requestIdleCallback: (call: () => void) => waiting.push(call) });
  t.after(() => Reflect.deleteProperty(globalThis, "requestIdleCallback"));
  return () => waiting.splice(0).forEach((call) => call());
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a replica is compared every so often once the page is idle, and in a hidden tab not before it is looked at", async (t) => {
  const { happen, see } = page(t);
  const rest = idleness(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(Math, "random", () => 0.5);
  let compared = 0;
  const end = watchOver({ verifyEveryMs: 1_000 }, () => compared++);
  const come = async () => {
    rest();
    await settled();
    return compared;
  };

  t.mock.timers.tick(999);
  assert.equal(await come(), 0);
  t.mock.timers.tick(1);
  await settled();
  assert.equal(compared, 0, "the page is busy");
  assert.equal(await come(), 1);
  see("hidden");
  t.mock.timers.tick(1_000);
  assert.equal(await come(), 1);
  see("visible");
  happen("document", "visibilitychange");
  assert.equal(await come(), 2);
  happen("document", "visibilitychange");
  assert.equal(await come(), 2, "it was done once");

  end();
  t.mock.timers.tick(10_000);
  assert.equal(await come(), 2);
});

for (const never of [0, Infinity]) {
  test(`a comparison every ${never} ms is none at all`, (t) => {
    const timer = t.mock.method(globalThis, "setTimeout");
    watchOver({ verifyEveryMs: never }, () => undefined)();

    assert.equal(timer.mock.callCount(), 0);
  });
}

test("a replica is compared by itself every six hours, unless the app says otherwise", (t) => {
  t.mock.method(Math, "random", () => 0.5);
  const waits: number[] = [];
  t.mock.method(globalThis, "setTimeout", (_call: () => void, wait: number) => void waits.push(wait));
  watchOver({}, () => undefined)();

  assert.deepEqual(waits, [6 * 3_600_000]);
});
