/** A page that writes down how its rebuilds begin and end, and says of its room what a test does. */
import type { Page } from "playwright-core";

import type { DemoWorld } from "./demo.ts";

interface Told {
  type: string;
  strategy?: string;
  code?: string;
}
export interface StorageWindow {
  demo: {
    db: { query(sql: string): Promise<{ rows: Record<string, unknown>[] }> };
    manager: { runMigration(): Promise<boolean>; checkAndMigrate(): Promise<boolean> };
  };
  told: Told[];
  /** How much room the browser says there is, where a test says so instead. */
  saysRoom?: number;
}
declare const window: StorageWindow & typeof globalThis.window;

/** Has the page write down how rebuilds begin and end, and say of its room what the test does: no browser says a true number. */
export async function observe({ browser }: DemoWorld): Promise<void> {
  await browser.context.addInitScript(() => {
    if (!isSecureContext) return; // it has no storage: the page that a tab begins with
    const told: Told[] = [];
    for (const name of ["start", "complete", "error"] as const) {
      window.addEventListener(`electric:migration:${name}`, ({ detail }) => {
        const { type, strategy, code } = detail as Told;
        told.push({ type, ...(strategy === undefined ? {} : { strategy }), ...(code === undefined ? {} : { code }) });
      });
    }
    const estimate = navigator.storage.estimate.bind(navigator.storage);
    navigator.storage.estimate = async () => {
      const said = await estimate();
      const { saysRoom } = window;
      return saysRoom === undefined ? said : { ...said, quota: (said.usage ?? 0) + saysRoom };
    };
    Object.assign(window, { told });
  });
}

export const takeTold = (page: Page) => page.evaluate(() => window.told.splice(0));
