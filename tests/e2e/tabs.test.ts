/** Two tabs over one PGliteWorker: one follows the server for both, and the other takes over when it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, columnsShown, deployOnce, eventually, part, sameRows, startWorld, upToDate } from "./support/demo.ts";

test("a second tab reads what the first keeps, and takes over when the first is closed", async (t) => {
  const { demo, open, asked } = await startWorld(t);
  const first = await open("&worker");
  await upToDate(first, demo);
  asked.length = 0;

  const second = await open("&worker");
  await eventually(async () => assert.equal(await part(second, "row-count").textContent(), "200"));
  await deployOnce(first);
  await upToDate(first, demo);
  await sameRows(first, demo);
  await sameRows(second, demo);
  await eventually(async () => assert.deepEqual(await columnsShown(second), await columnsOf(demo)));
  const loads = asked.filter((url) => url.searchParams.get("offset") === "-1").map((url) => url.searchParams.get("table"));
  assert.deepEqual(loads.filter((table) => table !== "data_table_columns"), [], "no tab loaded what had not changed");

  await first.close();
  await deployOnce(second);
  await upToDate(second, demo);
  await sameRows(second, demo);
  await part(second, "write").click();
  await eventually(async () => assert.equal(await part(second, "row-count").textContent(), "201"));
  await sameRows(second, demo);
});
