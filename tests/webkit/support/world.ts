/** The demo in WebKitGTK: its server in this process, a gate before it, and windows that show its page. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { recordStory } from "../../e2e/support/demo.ts";
import { eventually, serve, soon } from "../../node/support/world.ts";
import type { Demo, DemoOptions } from "../../../www/server/demo.ts";
import { type Gate, openGate, TELLING } from "./gate.ts";
import { launchWebKit, type Tab } from "./webkit.ts";
import { atEnd } from "../../node/support/ending.ts";

export interface WebKitWorld {
  demo: Demo;
  gate: Gate;
  /** Opens the demo in a new window and resolves when the page has its database open. */
  open: (query?: string) => Promise<Tab>;
  /** Opens a window that shows nothing of the demo: a browser ends with its last one. */
  openAnother: () => Promise<Tab>;
}

/** Starts the demo and a browser, both until the end of the test, which then fails if anything complained. */
export async function startWorld(t: TestContext, options: DemoOptions = {}, tolerated: readonly RegExp[] = []): Promise<WebKitWorld> {
  // The browser first: what begins first ends first, and a page complains of a server that ends before it.
  const browser = await launchWebKit(t);
  const demo = await serve(t, options);
  const gate = await openGate(t, demo.url, `${TELLING}if (typeof document === "object") (${String(recordStory)})();`);
  atEnd(t, () => assert.deepEqual(gate.complaints.filter((complaint) => !tolerated.some((pattern) => pattern.test(complaint))), [], "the browser complained"));
  return {
    demo,
    gate,
    async open(query = "") {
      const tab = await browser.open(`${gate.url}/?test${query}`);
      await eventually(async () => assert.equal(await tab.evaluate(() => "demo" in window), true), 60_000);
      return tab;
    },
    openAnother: () => browser.open(`${gate.url}/api/state`),
  };
}

export const press = (tab: Tab, name: string): Promise<void> => tab.click(`[data-testid="${name}"]`);

/** Presses the page's button, and waits until the server has the next migration. */
export async function deployOnce(tab: Tab, demo: Demo): Promise<void> {
  const before = demo.newest.tag;
  await press(tab, "deploy");
  await soon(() => assert.notEqual(demo.newest.tag, before));
}

/** The requests for rows from their beginning. */
export const loads = ({ asked }: Gate): URL[] => asked.filter(({ searchParams }) => searchParams.get("offset") === "-1");
