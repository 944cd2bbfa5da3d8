/** A page with no network: nothing it asks the server for is answered, and its own files come as from a cache. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { deployOnce, eventually, part, replicaOf, sameRows, startWorld, statusOf, takeStory, upToDate } from "./support/demo.ts";

test("a whole replica opens with no network, is read, and catches up when it returns", async (t) => {
  const { demo, browser, open } = await startWorld(t, { noticeMs: 200 }, [/ERR_INTERNET_DISCONNECTED/]);
  const first = await open();
  await upToDate(first, demo);
  await sameRows(first, demo);
  const before = await replicaOf(first);
  await first.close();

  const { context } = browser;
  const asked: string[] = [];
  await context.route(/\/api\//, (route) => {
    asked.push(route.request().url());
    return route.abort("internetdisconnected");
  });
  await context.route(/rebuild_bg/, (route) => {
    asked.push("the rebuild module");
    return route.abort("internetdisconnected");
  });
  const page = await open();
  await eventually(async () => assert.equal(await statusOf(page), "offline"), 60_000);
  assert.deepEqual(await replicaOf(page), before);
  await eventually(async () => assert.notEqual(await part(page, "row-count").textContent(), "0"));
  assert.deepEqual((await takeStory(page)).events, []);
  assert.ok(asked.length > 0 && !asked.includes("the rebuild module"), "nothing is needed to read what is there");

  await demo.upstream.query("update users set name = name || '.'");
  await context.unroute(/\/api\//);
  await context.unroute(/rebuild_bg/);
  await page.evaluate(() => void window.dispatchEvent(new Event("online")));
  await sameRows(page, demo);
  await eventually(async () => assert.equal(await statusOf(page), "ready"), 60_000);
  await deployOnce(page);
  await upToDate(page, demo);
  await sameRows(page, demo);
});
