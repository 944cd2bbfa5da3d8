/** Work in pieces, and a page that wants to go on. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Turns } from "../../js/turns.ts";

/** Works so many milliseconds without a break. */
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** A message that came for the page: whether it was seen to. */
function message(): { seen: boolean } {
  const came = { seen: false };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    came.seen = true;
    port1.close();
  };
  port2.postMessage(null);
  return came;
}

test("what came for the page is seen to once work has taken its turn, and again after the next", async () => {
  const turns = new Turns();
  for (let round = 0; round < 2; round += 1) {
    const came = message();
    work(20);
    await turns.next();
    assert.ok(came.seen);
  }
});

test("work that was short goes on at once", async () => {
  let now = 0;
  const turns = new Turns(() => now);
  const came = message();
  for (; now < 5; now += 1) await turns.next();
  assert.equal(came.seen, false);
  await turns.next();
  assert.ok(came.seen);
});
