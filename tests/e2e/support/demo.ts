/** The demo in a real Chromium: its server in this process, its page in a tab, and ways to read both. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import { contents, eventually, serve } from "../../node/support/world.ts";
import type { Demo, DemoOptions } from "../../../www/server/demo.ts";
import { FIREFOX, launchBrowser, type TestBrowser } from "./browser.ts";

export { eventually };

/** What the page gives tests where its address says `?test`. */
interface TestWindow {
  demo?: { db: { query(sql: string): Promise<{ rows: unknown[] }> }; manager: { status: string } };
  /** Whether the replica's module traps at its next call. */
  traps?: boolean;
  story: { events: string[]; banner: string[]; bad: string[]; polls: number };
}
declare const window: TestWindow & typeof globalThis.window;

/** Chromium says this of every answer with an error status; a 409 is how Electric says that a shape is gone. */
const CONFLICT = /Failed to load resource: the server responded with a status of 409/;

/**
 * How a PGliteWorker's worker says that a query goes on over a new table: it is mounted again. Of an error on a worker's console
 * Firefox's protocol says only that it is one.
 */
export const MOUNTED_AGAIN = FIREFOX === undefined ? /prepared statement "live_query_\w+" does not exist/ : /^console: Error \(\S+\/database-[\w-]+\.js\)$/;
/** What PGlite's live queries throw, caught by nobody, where they were reading while the tab that runs the database ended. */
export const READER_LOST = /Leader changed, pending operation in indeterminate state/;

export interface DemoWorld {
  demo: Demo;
  browser: TestBrowser;
  /** Opens the demo in a new tab and resolves when the page has its database open. */
  open: (query?: string) => Promise<Page>;
  /** Every address of a shape that any tab asked for. */
  asked: URL[];
}

/** What can be read in any browser. */
export type Readable = Pick<Page, "evaluate">;

/** Starts the demo and a browser, both until the end of the test. */
export async function startWorld(t: TestContext, options: DemoOptions = {}, tolerated: RegExp[] = []): Promise<DemoWorld> {
  // The browser first: what begins first ends first, and a page complains of a server that ends before it.
  const browser = await launchBrowser(t, { tolerated: [CONFLICT, ...tolerated] });
  const demo = await serve(t, options);
  const asked: URL[] = [];
  browser.context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.pathname === "/api/electric/shape") asked.push(url);
  });
  await browser.context.addInitScript(recordStory);
  return {
    demo,
    browser,
    asked,
    async open(query = "") {
      const page = await browser.open(`${demo.url}/?test${query}`);
      await page.waitForFunction(() => window.demo !== undefined);
      return page;
    },
  };
}

/** Writes down, inside the page, the replica's events and what the banner said. */
export function recordStory() {
  const story = { events: [] as string[], banner: [] as string[], bad: [] as string[], polls: 0 };
  window.story = story;
  for (const name of ["start", "complete", "error"] as const) {
    window.addEventListener(`electric:migration:${name}`, () => story.events.push(name));
  }
  document.addEventListener("DOMContentLoaded", () => {
    const banner = document.querySelector<HTMLElement>('[role="status"]');
    if (!banner) return;
    new MutationObserver(() => {
      const text = banner.dataset["open"] === "true" ? (banner.querySelector('[data-testid="banner-text"]')?.textContent ?? "") : "gone";
      if (story.banner.at(-1) !== text) story.banner.push(text);
    }).observe(banner, { attributes: true, subtree: true, childList: true, characterData: true });
  });
}

const isClosed = (page: Page): Promise<void> => page.close();

async function crashes(page: Page): Promise<void> {
  const crashed = page.waitForEvent("crash");
  const devtools = await page.context().newCDPSession(page);
  devtools.send("Page.crash").catch(() => undefined); // a crashed page answers nothing
  await crashed;
  await page.close();
}

/** How a page may end without knowing. Firefox can be made to crash none. */
export const ENDS: Record<string, (page: Page) => Promise<void>> = { ...(FIREFOX === undefined ? { crashes } : {}), "is closed": isClosed };
/** The worst that the browser can be made to do to a page. */
export const endBadly = FIREFOX === undefined ? crashes : isClosed;

/** Makes the replica's module of a page that will be opened one that can be made to trap. */
export const mayTrap = (browser: TestBrowser) =>
  browser.context.addInitScript(() => {
    const original = WebAssembly.instantiate as (source: BufferSource, imports?: WebAssembly.Imports) => Promise<WebAssembly.WebAssemblyInstantiatedSource>;
    Object.assign(WebAssembly, {
      async instantiate(source: BufferSource, imports: WebAssembly.Imports = {}) {
        const made = await original(source, imports);
        if (!("./client_bg.js" in imports)) return made;
        const entries = Object.entries(made.instance.exports).map(([name, value]) => {
          if (typeof value !== "function") return [name, value];
          return [
            name,
            (...args: unknown[]): unknown => {
              if (window.traps) throw new WebAssembly.RuntimeError("unreachable");
              return (value as (...args: unknown[]) => unknown)(...args);
            },
          ];
        });
        return { module: made.module, instance: { exports: Object.fromEntries(entries) as WebAssembly.Exports } };
      },
    });
  });

/** Migrations of the demo's folder after which the structure is as before: adopted, without a rebuild. */
export const ADOPTED = ["0006_index_kind", "0007_fill_descriptions"];

/** The status of the page's own manager, whatever the page shows of another's. */
export const statusOf = (page: Readable) => page.evaluate(() => window.demo?.manager.status);

/** Has the replica's module of the page trap, in a call that the page makes. */
export const trap = (page: Page) =>
  page.evaluate(() => {
    window.traps = true;
    try {
      return window.demo?.manager.status;
    } catch (thrown) {
      return String(thrown);
    }
  });

export const part = (page: Page, name: string) => page.locator(`[data-testid="${name}"]`);

/** Every row of the page's replica, as the database in the page says. */
export const replicaOf = (page: Readable) =>
  contents({
    query: (sql) => page.evaluate((sql) => window.demo?.db.query(sql).then(({ rows }) => ({ rows })) ?? { rows: [] }, sql),
  });

/** Waits until the replica's rows are the server's, all of them. */
export function sameRows(page: Readable, demo: Demo): Promise<void> {
  return eventually(async () => assert.deepEqual(await replicaOf(page), await contents(demo.upstream)), 60_000);
}

/** What the page shows in one of its parts. */
export const shown = (page: Readable, name: string) => page.evaluate((name) => document.querySelector(`[data-testid="${name}"]`)?.textContent, name);

/** Waits until the page says it is up to date with the server. */
export async function upToDate(page: Readable, demo: Demo): Promise<void> {
  await eventually(async () => {
    assert.equal(await shown(page, "replica-version"), demo.newest.tag);
    assert.equal(await page.evaluate(() => document.querySelector<HTMLElement>('[data-testid="replica-state"]')?.dataset["state"]), "ready");
  }, 60_000);
}

/** What the page has seen until now; forgotten then. */
export function takeStory(page: Readable): Promise<Pick<TestWindow["story"], "events" | "banner">> {
  return page.evaluate(() => ({ events: window.story.events.splice(0), banner: window.story.banner.splice(0) }));
}

/** Waits until the page has been told of a rebuild and of its end. Resolves to all that it was told. */
export async function toldToTheEnd(page: Readable): Promise<string[]> {
  const told: string[] = [];
  await eventually(async () => {
    told.push(...(await takeStory(page)).events);
    assert.equal(told.at(-1), "complete");
  }, 60_000);
  return told;
}

/**
 * Reads the widest table again and again, as an app does, and looks at the table on the page. Call once rows are there, and
 * where the server takes none away: a reader that has seen a row never sees fewer.
 */
export async function startReading(page: Readable): Promise<void> {
  // The page's query is mounted once the replica is up to date: its first rows come a moment later.
  await eventually(async () => assert.equal(await page.evaluate(() => document.querySelector(`[data-testid="rows"] tbody tr`) !== null), true), 60_000);
  await page.evaluate(() => {
    const { story } = window;
    // No function has a name in here: what names functions is not in the page.
    void (async () => {
      let most = 1;
      for (;;) {
        try {
          const result = await window.demo?.db.query("select count(*)::int as n from data_table_columns");
          const { n } = result?.rows[0] as { n: number };
          if (n < most) story.bad.push(`the replica's table has ${String(n)} rows, and had ${String(most)}`);
          most = Math.max(most, n);
        } catch (thrown) {
          story.bad.push(String(thrown));
        }
        if (document.querySelectorAll('[data-testid="rows"] tbody tr').length === 0) story.bad.push("the page's table is empty");
        story.polls += 1;
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
  });
}

/** What readers saw that they never should see, once they have read at least so often. */
export async function badReads(page: Readable): Promise<string[]> {
  return eventually(async () => {
    const { bad, polls } = await page.evaluate(() => window.story);
    assert.ok(polls > 20, "readers hardly read");
    return bad;
  });
}

/** The columns that the page's table shows. */
export const columnsShown = async (page: Readable) =>
  (await page.evaluate(() => [...document.querySelectorAll('[data-testid="rows"] thead th')].map((head) => head.textContent))).sort();

/** The columns of the widest table on the server. */
export async function columnsOf(demo: Demo): Promise<string[]> {
  const rows = await demo.upstream.query<{ name: string }>(
    "select attname as name from pg_attribute where attrelid = 'data_table_columns'::regclass and attnum > 0 and not attisdropped",
  );
  return rows.map((row) => row.name).sort();
}

/** Presses the page's button until the server has no migration left. Resolves to the tags deployed. */
export async function deployOnce(page: Page): Promise<void> {
  const deployed = page.waitForResponse((response) => response.url().endsWith("/api/deploy"));
  await part(page, "deploy").click();
  await deployed;
}
