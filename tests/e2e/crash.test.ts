/** A page that ends in the middle of a rebuild, at one moment after another: the next one ends with the server's rows (R6). */
import assert from "node:assert/strict";
import { test } from "node:test";

import { badReads, columnsOf, columnsShown, deployOnce, ENDS, eventually, MOUNTED_AGAIN, part, sameRows, startReading, startWorld, upToDate } from "./support/demo.ts";

/** Moments of a rebuild: requests of a snapshot that are never answered, then what the replica itself tells. */
const MOMENTS = [
  { name: "before the first row", request: 1 },
  { name: "with some rows loaded", request: 3 },
  { name: "with nearly all rows loaded", request: 6 },
  { name: "while the tables settle", step: "settling" },
  { name: "while the tables are swapped", step: "swapping" },
  { name: "as soon as it is told complete", step: "complete" },
] as const;

/** Where a page keeps its database. In the files of its origin it can only be kept by a worker. */
const STORES = { "IndexedDB": "", "the origin's private files": "&worker&db=opfs-ahp://electric-replica-crash" } as const;

/** Each end with each store. */
const CASES = Object.entries(STORES).flatMap(([where, query]) => Object.entries(ENDS).map(([how, end]) => ({ where, query, how, end })));

for (const { where, query, how, end } of CASES) {
  test(`a page over ${where} that ${how} at any moment of a rebuild is repaired by the next`, async (t) => {
    const { demo, open } = await startWorld(t, { rows: 1_500, chunkBytes: 60_000, noticeMs: 200 }, [MOUNTED_AGAIN]);
    let page = await open(query);
    await upToDate(page, demo);

    for (const moment of MOMENTS) {
      let reached: () => void = () => undefined;
      const met = new Promise<void>((resolve) => (reached = resolve));
      if ("request" in moment) {
        let left: number = moment.request;
        await page.route(/\/shape\?(?!.*live=true).*table=data_table_columns/, async (route) => {
          left -= 1;
          if (left > 0) await route.continue();
          else reached(); // never answered
        });
      } else {
        await page.exposeFunction("reached", () => reached());
        await page.evaluate((step) => {
          const { reached: tell } = window as unknown as { reached: () => void };
          if (step === "complete") window.addEventListener("electric:migration:complete", tell, { once: true });
          else window.addEventListener("electric:migration:progress", ({ detail }) => detail.step === step && tell());
        }, moment.step);
      }
      await part(page, "reset").click();
      await met;
      await end(page);
      t.diagnostic(moment.name);

      page = await open(query);
      await eventually(async () => assert.notEqual(await part(page, "row-count").textContent(), "0", moment.name), 60_000);
      await startReading(page);
      await upToDate(page, demo);
      await sameRows(page, demo);
      assert.deepEqual(await badReads(page), [], moment.name);
    }

    await deployOnce(page);
    await upToDate(page, demo);
    await sameRows(page, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)));
  });
}
