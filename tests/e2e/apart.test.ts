/** Tabs that open a PGlite each, as is easily done by mistake: each has a copy of its own, and none is to say otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import { columnsOf, columnsShown, deployOnce, ENDS, eventually, part, replicaOf, sameRows, startWorld, statusOf, takeStory, upToDate, type DemoWorld } from "./support/demo.ts";

/** What the page of this test writes down. */
interface ToldWindow {
  told: { warnings: string[]; statuses: string[] };
}
declare const window: ToldWindow & typeof globalThis.window;

const told = (page: Page) => page.evaluate(() => window.told);

/** Has each page write down what its manager tells from the beginning. */
async function startApart(t: Parameters<typeof startWorld>[0], tolerated: RegExp[] = []): Promise<DemoWorld & { askers: Set<Page> }> {
  const world = await startWorld(t, { noticeMs: 200 }, tolerated);
  await world.browser.context.addInitScript(() => {
    const told: ToldWindow["told"] = { warnings: [], statuses: [] };
    let demo: unknown;
    Object.assign(window, { told });
    // Methods, because no function may have a name in here: what names functions is not in the page.
    Object.defineProperty(window, "demo", {
      get() {
        return demo;
      },
      set(made: { manager: { on(name: string, listener: (event: { code: string; status: string }) => void): void } }) {
        demo = made;
        made.manager.on("warning", ({ code }) => told.warnings.push(code));
        made.manager.on("status", ({ status }) => told.statuses.push(status));
      },
    });
  });
  const askers = new Set<Page>();
  world.browser.context.on("request", (request) => {
    if (request.url().includes("/shape?")) askers.add(request.frame().page());
  });
  return { ...world, askers };
}

for (const [how, end] of Object.entries(ENDS)) {
  test(`the second of two tabs with a PGlite each says that it shares nothing, shows no replica as kept, and takes over when the first ${how}`, async (t) => {
    const { demo, open, askers } = await startApart(t);
    const first = await open();
    await upToDate(first, demo);
    await sameRows(first, demo);
    const before = await replicaOf(first);

    const second = await open();
    await eventually(async () => assert.deepEqual((await told(second)).warnings, ["NOT_SHARED"]));
    await deployOnce(first);
    await upToDate(first, demo);
    await sameRows(first, demo);
    assert.deepEqual((await takeStory(second)).events, [], "nothing of it is in this tab's sight");
    assert.deepEqual(await replicaOf(second), before, "a copy of when it was opened");
    assert.equal(await statusOf(second), "following");
    const readable = ["ready", "outdated", "offline", "held", "migrating"];
    assert.deepEqual((await told(second)).statuses.filter((status) => readable.includes(status)), [], "it never says that it keeps one");
    assert.deepEqual([...askers], [first], "one tab writes");

    await end(first);
    await upToDate(second, demo);
    await sameRows(second, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(second), await columnsOf(demo)), 60_000);
    await part(second, "write").click();
    await sameRows(second, demo);
    assert.deepEqual((await told(second)).warnings, ["NOT_SHARED"], "told once");

    // What the next page finds in the files is whole.
    await second.close();
    const next = await open();
    await upToDate(next, demo);
    await sameRows(next, demo);
    assert.deepEqual((await told(next)).warnings, []);
  });
}

test("two tabs with a database in memory each follow the server by themselves", async (t) => {
  const { demo, open } = await startApart(t);
  const tabs = [await open("&db=memory://"), await open("&db=memory://")];
  for (const page of tabs) await upToDate(page, demo);
  await deployOnce(tabs[0] as Page);
  for (const page of tabs) {
    await upToDate(page, demo);
    await sameRows(page, demo);
    assert.deepEqual((await told(page)).warnings, []);
    assert.deepEqual((await takeStory(page)).events, ["start", "complete", "start", "complete"]);
  }
});
