/** The guarded reload, with a page and a clock of the test's own. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { reloadForUpdate, reloadReason, type UpdateNeeded } from "electric-replica";

const tooOld = (to: string): UpdateNeeded => ({ type: "update-needed", direction: "app-too-old", from: "1", to, missing: ["users.name"], kept: true });

let reloads = 0;
let stored: Map<string, string>;
beforeEach(() => {
  mock.timers.enable({ apis: ["Date"], now: 1_795_156_000_000 });
  reloads = 0;
  stored = new Map();
  const sessionStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  const location = { reload: () => (reloads += 1) };
  for (const [name, value] of Object.entries({ sessionStorage, location })) {
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
  }
});
afterEach(() => {
  mock.timers.reset();
  for (const name of ["sessionStorage", "location"]) Reflect.deleteProperty(globalThis, name);
});

test("a reload says its reason to the page that comes after it", () => {
  assert.equal(reloadReason(), undefined);
  assert.equal(reloadForUpdate(tooOld("2")), true);
  assert.equal(reloads, 1);
  assert.deepEqual(reloadReason(), { from: "1", to: "2", missing: ["users.name"], times: 1, at: Date.now() });
});

test("a page whose newer code is not there is reloaded ever later, and then no more", () => {
  const moments: number[] = [];
  const begin = Date.now();
  for (let second = 0; second < 24 * 3_600; second += 1) {
    if (reloadForUpdate(tooOld("2"))) moments.push((Date.now() - begin) / 1_000);
    mock.timers.tick(1_000);
  }
  assert.deepEqual(moments, [0, 30, 150, 630]);
});

test("another version of the server's is another reason", () => {
  assert.equal(reloadForUpdate(tooOld("2")), true);
  assert.equal(reloadForUpdate(tooOld("2")), false);
  assert.equal(reloadForUpdate(tooOld("3")), true);
  assert.equal(reloadReason()?.times, 1);
});

test("nothing is reloaded for a server that is behind", () => {
  assert.equal(reloadForUpdate({ ...tooOld("2"), direction: "server-behind" }), false);
  assert.equal(reloads, 0);
});

test("nothing is reloaded where nothing can be remembered", () => {
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    get() {
      throw new DOMException("blocked", "SecurityError");
    },
  });
  assert.equal(reloadForUpdate(tooOld("2")), false);
  assert.equal(reloadReason(), undefined);
  assert.equal(reloads, 0);
});

test("what another code left under the key is no reason", () => {
  stored.set("electric_update_reload", "{");
  assert.equal(reloadReason(), undefined);
  stored.set("electric_update_reload", '{"to":7}');
  assert.equal(reloadForUpdate(tooOld("2")), true);
});
