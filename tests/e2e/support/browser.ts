/**
 * A real browser for one test: Chromium, or the Firefox that `TEST_FIREFOX` names. Whatever a page, a tab or a worker complains about fails the test: an error on the console,
 * an exception nobody caught, a promise whose rejection nobody handled.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { chromium, firefox } from "playwright-core";
import type { BrowserContext, Page } from "playwright-core";
import { atEnd } from "../../node/support/ending.ts";

/** What Chromium is told, so that it runs as root, without a graphics card, and asks nobody anything by itself. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** The browser in its place. */
export const FIREFOX = process.env.TEST_FIREFOX;

export interface BrowserOptions {
  /** Complaints that belong to the test, such as Chromium's own line about each answer with an error status. */
  tolerated?: readonly RegExp[];
  /** The folder the browser keeps its storage in, for tests that close it and come back. Default: a new one, removed at the end. */
  profile?: string;
}

export interface TestBrowser {
  readonly context: BrowserContext;
  /** Everything complained about until now and not tolerated. */
  readonly complaints: readonly string[];
  /** Opens a tab and waits until its document is loaded. */
  open(url: string): Promise<Page>;
  /** Closes the browser now instead of at the end of the test. */
  close(): Promise<void>;
}

/** Launches the browser until the end of the test, which then fails if anything complained. */
export async function launchBrowser(test: TestContext, { tolerated = [], profile }: BrowserOptions = {}): Promise<TestBrowser> {
  const folder = profile ?? (await mkdtemp(join(tmpdir(), "electric-replica-")));
  const context =
    FIREFOX === undefined
      ? await chromium.launchPersistentContext(folder, { executablePath: CHROMIUM, headless: true, args: FLAGS })
      : // The channel has Playwright speak WebDriver BiDi: its own protocol is only in its own builds of Firefox.
        await firefox.launchPersistentContext(folder, { executablePath: FIREFOX, channel: "moz-firefox", headless: true });

  const complaints: string[] = [];
  const complain = (text: string) => {
    if (!tolerated.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  context.on("console", (message) => {
    if (message.type() === "error") complain(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => {
    complain(`uncaught: ${error.error().stack ?? error.error().message}`);
  });
  // A rejection whose reason is no Error may reach us in no other way.
  await context.addInitScript(() => {
    addEventListener("unhandledrejection", (event) => {
      // After all that listen: whoever holds it back has it reported later, or never.
      setTimeout(() => {
        if (!event.defaultPrevented) console.error("unhandledrejection:", String(event.reason));
      });
    });
  });

  const close = () => context.close();
  atEnd(test, async () => {
    await close();
    if (profile === undefined) await rm(folder, { recursive: true, force: true });
    assert.deepEqual(complaints, [], "the browser complained");
  });

  return {
    context,
    complaints,
    close,
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
  };
}
