/** The banner's element in a page without a framework, which hears what the window is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { launchBrowser } from "./support/browser.ts";
import { eventually } from "./support/demo.ts";
import { startServer } from "./support/server.ts";

/** What the page of this test has. */
interface BannerWindow {
  tell: (type: string, detail?: object) => void;
  ask: () => void;
  accepted: number;
}
declare const window: BannerWindow & typeof globalThis.window;

/** As text: what names functions is not in the page. */
const SCRIPT = `
window.tell = (type, detail = {}) => window.dispatchEvent(new CustomEvent("electric:" + type, { detail: { type, ...detail } }));
window.accepted = 0;
window.ask = () => window.tell("migration:pending", { to: "2", accept: async () => ++window.accepted > 1, later() {} });
`;
const START = { reason: "changed", from: "1", to: "2" };

async function opened(t: TestContext) {
  const server = await startServer(t, "tests/e2e/support/files.ts", { FOLDER: "pkg" });
  const browser = await launchBrowser(t);
  const page = await browser.open(`${server.url}/blank.html`);
  await page.addScriptTag({ content: SCRIPT });
  await page.evaluate(async () => {
    document.body.innerHTML = "<electric-migration-banner accept=\"Go\"></electric-migration-banner>";
    const { defineMigrationBanner } = (await import(`${location.origin}/index.js`)) as { defineMigrationBanner: () => void };
    defineMigrationBanner();
    defineMigrationBanner();
  });
  const tell = (type: string, detail: object = {}) => page.evaluate(([type, detail]) => window.tell(type, detail), [type, detail] as const);
  const banner = page.locator("electric-migration-banner");
  const says = (text: string) => eventually(async () => assert.equal(await banner.getByRole("status").textContent(), text));
  return { page, tell, banner, says };
}

test("the element says what the window is told of a rebuild, how far it is, and for a while that it is finished", async (t) => {
  const { tell, banner, says } = await opened(t);
  await says("");
  await tell("migration:start", START);
  await says("Updating your data to version 2…");
  const bar = banner.getByRole("progressbar");
  assert.equal(await bar.getAttribute("aria-valuenow"), null);
  await tell("migration:progress", { step: "loading", rows: 5, expectedRows: 20, tablesDone: 0, tablesTotal: 1 });
  assert.equal(await bar.getAttribute("aria-valuenow"), "25");
  await tell("migration:complete", START);
  await says("Your data is up to date.");
  assert.equal(await bar.isVisible(), false);
  await says("");
  assert.equal((await banner.boundingBox())?.height, 0);
});

test("what is no longer so is no longer said: what waited, failed or was purged", async (t) => {
  const { page, tell, banner, says } = await opened(t);
  const ask = () => page.evaluate(() => window.ask());
  for (const [type, detail] of [["status", { status: "ready" }], ["adopted", { to: "2" }], ["purged", {}]] as const) {
    await ask();
    await says("An update of your data is ready.");
    await tell(type, detail);
    await says("");
  }

  await ask();
  await banner.getByRole("button", { name: "Go" }).click();
  // Nothing came of the first time: the question stands.
  await eventually(async () => assert.equal(await page.evaluate(() => window.accepted), 1));
  await banner.getByRole("button", { name: "Go" }).click();
  await eventually(async () => assert.equal(await page.evaluate(() => window.accepted), 2));
  await says("");

  await tell("migration:error", { code: "STORAGE_FULL", closesMigration: true, missing: [] });
  await says("Your data could not be updated (STORAGE_FULL).");
  await tell("update-needed", { direction: "app-too-old", to: "3", kept: true });
  await banner.getByRole("button", { name: "Dismiss" }).click();
  await says("This page is out of date.");
  await page.evaluate(() => document.addEventListener("reload", (event) => event.preventDefault()));
  await banner.getByRole("button", { name: "Reload the page" }).click();
  await says("This page is out of date.");
});

test("an element that is taken out and put back says nothing of what it did not hear the end of, and a state that was set early is shown", async (t) => {
  const { page, tell, says } = await opened(t);
  await tell("migration:start", START);
  await says("Updating your data to version 2…");
  await page.evaluate(() => {
    const banner = document.querySelector("electric-migration-banner") as Element;
    banner.remove();
    window.tell("migration:complete", { reason: "changed", to: "2" });
    document.body.append(banner);
  });
  await says("");

  const shown = await page.evaluate(async () => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    const banner = (frame.contentDocument as Document).createElement("electric-migration-banner");
    banner.state = { running: "unannounced", progress: undefined, pending: undefined, error: undefined, updateNeeded: undefined, complete: undefined };
    document.body.append(document.adoptNode(banner));
    await customElements.whenDefined("electric-migration-banner");
    return banner.shadowRoot?.querySelector('[role="status"]')?.textContent;
  });
  assert.equal(shown, "Loading your data anew…");
});
