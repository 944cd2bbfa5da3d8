/** The DevTools page in a real browser, beside the demo's page in another tab. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import { contents } from "../node/support/world.ts";
import { endBadly, eventually, part, startWorld, upToDate } from "./support/demo.ts";

/** The demo's page, its replica whole, and the DevTools page beside it. */
async function opened(t: TestContext, query = "") {
  const world = await startWorld(t, { noticeMs: 200 });
  const app = await world.open(`&policy=prompt${query}`);
  await upToDate(app, world.demo);
  const tools = await world.browser.open(`${world.demo.url}/__electric-replica`);
  await part(tools, "tables").waitFor();
  return { ...world, app, tools };
}

/** The text of each table's cell. */
const cells = (tools: Page, name: string): Promise<Record<string, string>> =>
  tools.evaluate(
    (name) => Object.fromEntries([...document.querySelectorAll<HTMLElement>("[data-table]")].map((row) => [row.dataset["table"], row.querySelector(`[data-cell="${name}"]`)?.textContent])) as Record<string, string>,
    name,
  );

/** How the diagram paints the heads of its tables, by name. */
const painted = (tools: Page): Promise<Record<string, string>> =>
  tools.evaluate(() => {
    const heads = [...document.querySelectorAll(".drawing g.node")].map((node) => [node.querySelector(".label.name, .name")?.textContent.trim(), getComputedStyle(node.querySelector("path, rect") as Element).fill]);
    return Object.fromEntries(heads) as Record<string, string>;
  });

test("the page shows the tables, the plan of a deploy with its table coloured, and runs it", async (t) => {
  const { demo, tools } = await opened(t);
  const rows = await contents(demo.upstream);
  const counts = Object.fromEntries(Object.entries(rows).map(([name, all]) => [name, all.length.toLocaleString("en")]));
  await eventually(async () => assert.deepEqual(await cells(tools, "rows"), counts));
  for (const name of Object.keys(counts)) {
    assert.match((await cells(tools, "fingerprint"))[name] ?? "", /^[0-9a-f]{8}$/);
    assert.match((await cells(tools, "handle"))[name] ?? "", /^\d+-\d+$/);
    assert.match((await cells(tools, "offset"))[name] ?? "", /^\d+_(\d+|inf)$/);
  }
  assert.equal(await part(tools, "plan").getAttribute("data-kind"), "up-to-date");
  const calm = await eventually(async () => {
    const found = await painted(tools);
    assert.deepEqual(Object.keys(found).filter((name) => name in counts).sort(), Object.keys(counts).sort());
    return found;
  });

  await demo.deploy();

  await eventually(async () => assert.equal(await part(tools, "plan").getAttribute("data-kind"), "rebuild"), 60_000);
  const fates = await tools.locator("[data-table]").evaluateAll((found) => found.map((row) => [row.dataset["table"], row.dataset["fate"]]));
  assert.deepEqual(fates.filter(([, fate]) => fate !== "same"), [["data_table_columns", "changed"]]);
  await eventually(async () => {
    const now = await painted(tools);
    assert.deepEqual(Object.keys(now).filter((name) => now[name] !== calm[name]), ["data_table_columns"]);
  });

  await part(tools, "migrate").click();

  await eventually(async () => assert.equal(await part(tools, "plan").getAttribute("data-kind"), "up-to-date"), 60_000);
  assert.match((await part(tools, "outcome").textContent()) ?? "", /^Migrated/);
  assert.equal(await part(tools, "replica-version").textContent(), demo.newest.tag);
  const told = await tools.locator("[data-event]").evaluateAll((found) => found.map((entry) => entry.dataset["event"]));
  const story = told.reverse().filter((type) => type === "migration:start" || type === "migration:complete");
  assert.deepEqual(story, ["migration:start", "migration:complete", "migration:start", "migration:complete"]);
});

test("what cannot be taken back is asked about first, and the keyboard is enough to answer", async (t) => {
  const { tools, app, demo } = await opened(t);
  await part(tools, "purge").press("Enter");
  await part(tools, "question").waitFor();
  await tools.keyboard.press("Escape");
  await part(tools, "question").waitFor({ state: "hidden" });
  await part(tools, "purge").press("Enter");
  await tools.keyboard.press("Enter"); // the first of the two is to leave it
  await part(tools, "question").waitFor({ state: "hidden" });
  assert.equal(await part(tools, "replica-version").textContent(), demo.newest.tag);

  await part(tools, "purge").press("Enter");
  await tools.keyboard.press("Tab");
  await tools.keyboard.press("Enter");

  await eventually(async () => assert.equal(await part(tools, "outcome").textContent(), "Everything was dropped."), 60_000);
  await eventually(async () => assert.equal(await part(tools, "replica-version").textContent(), "none"));
  await app.close();
});

test("a page that is opened later is found, one that ends is gone, and rows are shown where they are asked for", async (t) => {
  const world = await startWorld(t, { noticeMs: 200 });
  const tools = await world.browser.open(`${world.demo.url}/__electric-replica/`);
  await part(tools, "empty").waitFor();
  const app = await world.open();
  await upToDate(app, world.demo);
  await part(tools, "tables").waitFor();

  await tools.locator('[data-table="users"] button').click();
  assert.equal(await part(tools, "sample").count(), 0);
  await part(tools, "rows").click();
  await eventually(async () => assert.equal(await part(tools, "sample").locator("tbody tr").count(), 20));

  await endBadly(app);
  await part(tools, "empty").waitFor();
});
