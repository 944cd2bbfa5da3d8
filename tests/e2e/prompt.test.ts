/** A page that asks before it rebuilds: its rows stay as they are until the person says so. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { badReads, columnsOf, columnsShown, deployOnce, eventually, part, sameRows, startReading, startWorld, statusOf, takeStory, upToDate } from "./support/demo.ts";

test("a migration waits until the person accepts it, and what is put off is not asked about again", async (t) => {
  const { demo, open } = await startWorld(t, { noticeMs: 200 });
  const page = await open("&policy=prompt");
  await upToDate(page, demo);
  await startReading(page);
  const before = await columnsShown(page);
  await takeStory(page);

  await deployOnce(page);
  await part(page, "accept").waitFor();
  await part(page, "later").click();
  assert.equal(await part(page, "banner").getAttribute("data-open"), "false");
  await eventually(async () => assert.equal(await statusOf(page), "outdated"));
  // The page looks at the server every two seconds.
  await page.waitForResponse((response) => response.url().endsWith("/api/state"));
  await page.waitForResponse((response) => response.url().endsWith("/api/state"));
  assert.equal(await part(page, "accept").isVisible(), false);
  assert.deepEqual(await columnsShown(page), before);

  await deployOnce(page);
  await part(page, "accept").click();
  await upToDate(page, demo);
  await sameRows(page, demo);
  await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)));
  assert.deepEqual((await takeStory(page)).events, ["start", "complete"]);
  assert.equal(await statusOf(page), "ready");
  assert.deepEqual(await badReads(page), []);
});
