/**
 * A consumer's page through one migration, in Chromium.
 *
 * Owns: what has to hold of any page. Must not know: how the page was made.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";

import type { Page, Response } from "playwright-core";

import { launchBrowser } from "../../e2e/support/browser.ts";
import type { TestBrowser } from "../../e2e/support/browser.ts";
import { contents, eventually, serve } from "../../node/support/world.ts";
import type { Demo } from "../../../www/server/demo.ts";
import type { Built, Refused, Served } from "./consumer.ts";
import { beginningOf, MODULES } from "./modules.ts";

/** What `main.js` puts into the window. */
interface AppWindow {
  refused?: string;
  app?: Awaited<ReturnType<typeof import("../app/app.js").startApp>>;
}
declare const window: AppWindow & typeof globalThis.window;

/** Milliseconds that a page gets to open its database and its replica. */
const PATIENCE = 120_000;
/** Chromium says this of every answer with an error status; a 409 is how Electric says that a shape is gone. */
const CONFLICT = /Failed to load resource: the server responded with a status of 409/;

/** Opens what is served at an address without a slash at its end, has it set up its replica, deploys a migration, and asserts that the page followed with its rows in sight. */
export async function followOneMigration(t: TestContext, url: string, { path = "/", wasm = "files", tolerated = [] }: Built | Served): Promise<void> {
  const browser = await launchBrowser(t, { tolerated: [CONFLICT, ...tolerated] });
  const demo = await serve(t);
  const page = await openApp(browser, demo, url);
  const responses = listen(page);
  await page.goto(url + path);
  await page.waitForFunction(() => window.app !== undefined, undefined, { timeout: PATIENCE });
  assert.equal(await page.evaluate(() => window.app?.columns().includes("description")), false);
  const before = await page.evaluate(() => window.app?.reads() ?? 0);

  await demo.deploy();
  assert.equal(await page.evaluate(() => window.app?.manager.checkAndMigrate()), true);

  await eventually(async () => assert.equal(await page.evaluate(() => window.app?.columns().includes("description")), true));
  await eventually(async () => assert.equal((await page.locator("table").textContent())?.includes("description"), true));
  await eventually(async () => assert.equal((await page.evaluate(() => window.app?.reads() ?? 0)) > before + 20, true, "the reader hardly read"));
  assert.deepEqual(await page.evaluate(() => window.app?.bad), []);
  assert.deepEqual(await page.evaluate(() => window.app?.events), ["migration:start", "migration:complete", "migration:start", "migration:complete"]);
  await eventually(async () => assert.deepEqual(await replicaOf(page), await contents(demo.upstream)));
  assert.deepEqual(await wasmSeen(page, await responses()), wasm === "files" ? { failed: [], twins: [], files: MODULES } : { failed: [], twins: ["client", "rebuild"], files: [] });
  await page.evaluate(() => window.app?.end());
}

/** Opens a page that is refused something, and asserts what it says of that. */
export async function seeRefused(t: TestContext, url: string, { refused, tolerated }: Refused): Promise<void> {
  const browser = await launchBrowser(t, { tolerated });
  const page = await browser.open(url);
  const said = await page.waitForFunction(() => window.refused, undefined, { timeout: PATIENCE });
  assert.match(String(await said.jsonValue()), refused);
}

/** A tab whose requests to `/api` reach the development server, as they do where an app's own server stands before both. */
async function openApp(browser: TestBrowser, demo: Demo, url: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.route(`${url}/api/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    await route.continue({ url: `${demo.url}${pathname}${search}` });
  });
  return page;
}

/** Every answer that the page is given, but for the replica's own, until it is asked for. */
function listen(page: Page): () => Promise<Seen[]> {
  const seen: Promise<Seen>[] = [];
  page.on("response", (response) => {
    if (!new URL(response.url()).pathname.startsWith("/api/")) seen.push(look(response));
  });
  return () => Promise.all(seen);
}

interface Seen {
  url: string;
  status: number;
  /** The twin that it is, where it is one. */
  twin: string | undefined;
}

async function look(response: Response): Promise<Seen> {
  const isScript = response.request().resourceType() === "script";
  const text = isScript && response.status() === 200 ? await response.text() : "";
  return { url: response.url(), status: response.status(), twin: MODULES.find((name) => text.includes(beginningOf(name))) };
}

/** What became of the WebAssembly: which requests of it failed, which twins were loaded, and which files are where the package says. */
async function wasmSeen(page: Page, responses: Seen[]): Promise<{ failed: string[]; twins: string[]; files: string[] }> {
  const failed = responses.filter(({ url, status }) => new URL(url).pathname.endsWith(".wasm") && status !== 200 && status !== 304);
  const twins = responses.flatMap(({ twin }) => twin ?? []);
  // Also the one that this page has not needed: a page whose server says SQL will.
  const served = await page.evaluate(async () =>
    Promise.all((window.app?.files() ?? []).map(async (file) => Array.from(new Uint8Array(await (await fetch(file)).arrayBuffer())))),
  );
  const files = MODULES.filter((name) => served.some((bytes) => readFileSync(`pkg/wasm/${name}_bg.wasm`).equals(Buffer.from(bytes))));
  return { failed: failed.map(({ url }) => url), twins: twins.sort(), files };
}

/** Every row of the page's replica, as the database in the page says. */
const replicaOf = (page: Page) =>
  contents({
    query: (sql) => page.evaluate((sql) => window.app?.db.query(sql).then(({ rows }) => ({ rows })) ?? { rows: [] }, sql),
  });
