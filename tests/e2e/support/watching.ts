/** What a page shows while nobody looks at it from outside. */
import type { Page } from "playwright-core";

/** What is written down in the page's window. */
export interface WatchedWindow {
  /** What the banner has said, in order. */
  said: string[];
  /** The fewest rows that the page has shown. */
  fewest: number;
}
declare const window: WatchedWindow & typeof globalThis.window;

/** Begins to write down what the banner says, and how few `rows`, a selector, the page shows; fails what is not there by then. */
export async function watching(page: Page, rows: string): Promise<void> {
  await page.evaluate((rows) => {
    Object.assign(window, { said: [], fewest: Infinity });
    const region = document.querySelector("electric-migration-banner")?.shadowRoot?.querySelector('[role="status"]');
    if (!region) throw new Error("there is no region to speak in");
    new MutationObserver(() => window.said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
    // No function has a name in here: what names functions is not in the page.
    setInterval(() => (window.fewest = Math.min(window.fewest, document.querySelectorAll(rows).length)), 3);
  }, rows);
}
