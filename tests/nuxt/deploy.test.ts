/** An app of Nuxt's as it is deployed: the example, built and opened in a real browser, through a migration. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { createElectricHandlers, drizzleFolder } from "electric-replica/server";
import type { Page } from "playwright-core";

import { launchBrowser } from "../e2e/support/browser.ts";
import type { TestBrowser } from "../e2e/support/browser.ts";
import { watching } from "../e2e/support/watching.ts";
import type { WatchedWindow } from "../e2e/support/watching.ts";
import { eventually, serve, soon } from "../node/support/world.ts";
import type { Demo } from "../../www/server/demo.ts";
import { given, startBuilt } from "./support/app.ts";
import { startFront } from "./support/front.ts";
import type { Front } from "./support/front.ts";
import { columnsOf, LOST_SHAPE, look, MIGRATIONS, pictured, ready, regionOf, rowsOf, SEEDED } from "./support/page.ts";

/** What the page of this test has in its window. */
interface ExampleWindow extends WatchedWindow {
  useNuxtApp: () => { $router: { push: (to: string) => Promise<unknown> } };
}
declare const window: ExampleWindow & typeof globalThis.window;

const SECRET = "s3cr3t-of-electric";

interface World {
  demo: Demo;
  front: Front;
  browser: TestBrowser;
  page: Page;
  after: string;
}

/** The app of before the newest migration, with its database, open in a tab and up to date. */
async function opened(t: TestContext, { migrations = MIGRATIONS, settings = {}, tolerated = [] as RegExp[] } = {}): Promise<World> {
  const browser = await launchBrowser(t, { tolerated: [LOST_SHAPE, ...tolerated] });
  const demo = await serve(t, { migrations, seed: "", startAt: 1, noticeMs: 200 });
  const env = { ELECTRIC_URL: demo.url, NUXT_ELECTRIC_REPLICA_SECRET: SECRET, ...settings };
  const [before, after] = [await startBuilt(t, given("EXAMPLE_BEFORE"), env), await startBuilt(t, given("EXAMPLE_AFTER"), env)];
  const front = await startFront(t, before.url);
  const page = await browser.open(front.url);
  await ready(page);
  return { demo, front, browser, page, after: after.url };
}

test("a deploy with a migration: the banner says so, rows stay on the screen, the new column comes, and nothing is loaded anew", async (t) => {
  const { demo, front, browser, page, after } = await opened(t);
  assert.deepEqual(await columnsOf(page), ["title", "state", "created at"]);

  await demo.upstream.query(`insert into tasks (project_id, title, created_at) select id, 'Feed the hens', '2026-06-01Z' from projects where name = 'Garden'`);
  await ready(page, SEEDED + 1);
  await watching(page, '[data-testid="tasks"] tbody tr');

  await demo.deploy();
  front.deploy(after);
  const release = front.hold();
  await eventually(async () => {
    await look(page);
    assert.equal(await regionOf(page).textContent(), "Updating your data to version 0002_task_priority…");
  }, 60_000);
  await pictured(page, "SCREENSHOT", { width: 880, height: 560 });
  release();
  await eventually(async () => assert.deepEqual(await columnsOf(page), ["title", "state", "created at", "priority"]), 60_000);
  await eventually(async () => assert.equal(await regionOf(page).textContent(), "Your data is up to date."));

  const { said, fewest } = await page.evaluate(() => ({ said: window.said, fewest: window.fewest }));
  assert.ok(said.includes("Updating your data to version 0002_task_priority…"), said.join());
  assert.equal(fewest, SEEDED + 1);
  assert.equal(front.asked.filter((path) => path === "/").length, 1, "the page was loaded anew");
  assert.deepEqual(browser.complaints, []);
});

test("a visit is of the server's own making, waits for no rows, and is taken over as it is", async (t) => {
  const { browser, front, page } = await opened(t);
  const html = await (await fetch(front.url)).text();
  assert.match(html, /<h1>Tasks<\/h1>/);
  assert.match(html, /<electric-migration-banner/);
  // The next visit has its rows from the database in the browser, and no table is loaded.
  front.asked.length = 0;
  await page.reload();
  await ready(page);
  assert.deepEqual(front.asked.filter((path) => path.includes("offset=-1")), []);
  assert.deepEqual(browser.complaints, []);
});

test("Electric's secret reaches Electric, and no page", async (t) => {
  const { front } = await opened(t);
  const html = await (await fetch(front.url)).text();
  assert.equal(html.includes(SECRET), false);
  assert.equal(html.includes("secret"), false);
  const answer = await fetch(`${front.url}/api/electric/shape?table=tasks&offset=-1`);
  assert.equal(answer.status, 200);
  assert.equal(JSON.stringify([...answer.headers]).includes(SECRET), false);
  assert.deepEqual(front.asked.filter((path) => path.includes(SECRET)), []);
  assert.equal((await fetch(`${front.url}/api/electric/shape?table=pg_authid&offset=-1`)).status, 400);
});

test("a tab that is closed ends the requests that it had waiting", async (t) => {
  const { demo, front, page } = await opened(t);
  await soon(() => assert.equal(demo.waiting, 2));
  await page.close();
  await soon(() => assert.deepEqual([front.live, demo.waiting], [0, 0]));
});

test("with a worker a second tab reads the same database, and goes on when the first one is closed", async (t) => {
  // PGlite's worker writes to the console that a query is mounted before its table is there, and that one is mounted again.
  const { demo, front, browser, page } = await opened(t, { settings: { NUXT_PUBLIC_ELECTRIC_REPLICA_WORKER: "true" }, tolerated: [/relation "(projects|tasks)" does not exist/, /prepared statement "live_query_\w+" does not exist/] });
  const second = await browser.open(front.url);
  await eventually(async () => assert.equal(await rowsOf(second).count(), SEEDED), 60_000);
  await page.close();
  await demo.upstream.query(`insert into tasks (project_id, title) select id, 'Feed the hens' from projects where name = 'Garden'`);
  await ready(second, SEEDED + 1);
  assert.deepEqual(browser.complaints, []);
});

test("a page that is too old keeps its rows, and is loaded anew by the next navigation once newer code is deployed", async (t) => {
  const { folder, newest } = withDrop();
  const { demo, front, page, after } = await opened(t, { migrations: folder });
  // Once nobody reads it any more: what is to be done after a test is done in order.
  t.after(() => rmSync(folder, { recursive: true }));
  await demo.deploy();
  await demo.deploy();
  assert.equal(demo.newest.tag, newest);
  // The database is migrated before the code is there.
  const electric = createElectricHandlers({ source: drizzleFolder(folder) });
  front.instead = (url, request) => (url.pathname.endsWith("/version") ? electric.version(request) : url.pathname.endsWith("/schemas") ? electric.schemas(request) : undefined);
  let loaded = 0;
  page.on("load", () => (loaded += 1));
  const sessions = (): Promise<unknown> => page.evaluate(() => (JSON.parse(sessionStorage.getItem("electric_update_reload") ?? "{}") as { times?: number }).times);
  const navigate = (to: string): Promise<void> => page.evaluate((to) => window.useNuxtApp().$router.push(to).then(() => undefined), to);

  await eventually(async () => {
    await look(page);
    assert.equal(await regionOf(page).textContent(), "This page is out of date.");
  }, 60_000);
  await soon(() => assert.equal(front.asked.some((path) => path.includes("/builds/latest.json")), true));
  await navigate("/?first");
  assert.equal(await rowsOf(page).count(), SEEDED);
  assert.equal(loaded, 0, "it was loaded anew before there was anything newer");

  front.deploy(after);
  await eventually(async () => {
    await look(page);
    await navigate(`/?again=${Date.now()}`);
    assert.equal(await sessions(), 1);
  }, 60_000);
  await soon(() => assert.equal(loaded, 1));
  await eventually(async () => assert.equal(await rowsOf(page).count(), SEEDED), 60_000);
});

/** The example's migrations, and one more that takes away a column which both builds read. */
function withDrop(): { folder: string; newest: string } {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-drizzle-"));
  cpSync(MIGRATIONS, folder, { recursive: true });
  const journal = join(folder, "meta", "_journal.json");
  const told = JSON.parse(readFileSync(journal, "utf8")) as { entries: { idx: number; when: number; tag: string }[] };
  const last = told.entries.at(-1);
  assert.ok(last);
  const newest = "0003_drop_archived";
  told.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1000, tag: newest });
  writeFileSync(journal, JSON.stringify(told));
  writeFileSync(join(folder, `${newest}.sql`), 'ALTER TABLE "projects" DROP COLUMN "archived";');
  const snapshot = JSON.parse(readFileSync(join(folder, "meta", "0002_snapshot.json"), "utf8")) as { tables: Record<string, { columns: Record<string, unknown> }> };
  delete snapshot.tables["public.projects"]?.columns["archived"];
  writeFileSync(join(folder, "meta", "0003_snapshot.json"), JSON.stringify(snapshot));
  return { folder, newest };
}
