/**
 * A page for examples that are written for one: a document of happy-dom's, and an origin whose server is the development server.
 *
 * What has to be there before Vue looks for it is there once this is imported: import it first.
 */
import type { TestContext } from "node:test";

import { PGlite } from "@electric-sql/pglite";
import type { PGliteOptions } from "@electric-sql/pglite";
import { Window } from "happy-dom";

import type { Demo } from "../../../www/server/demo.ts";
import { emptyDirectory } from "../../../www/server/empty.ts";

/** Where the documents have their Electric. */
const ELECTRIC = "http://localhost:3000";

const page = new Window();
// Node has events of its own, which this window's elements do not send.
const ITS_OWN = ["Event", "CustomEvent"];
for (const name of Object.getOwnPropertyNames(page)) {
  if (name in globalThis && !ITS_OWN.includes(name)) continue;
  Object.defineProperty(globalThis, name, { configurable: true, get: (): unknown => Reflect.get(page, name) });
}
// The banner names its parts for style sheets, of which happy-dom knows nothing.
Object.defineProperty(page.Element.prototype, "part", { value: { add: () => undefined } });

const EMPTY = await emptyDirectory();

/** Ends the page, with its timers. */
export const leavePage = (): Promise<void> => page.happyDOM.close();

/**
 * Opens an empty page of the server's origin, until the test ends. A PGlite that the page would keep in the browser is opened in memory,
 * and closed with the test.
 *
 * @returns those PGlites
 */
export function openPage(t: TestContext, demo: Demo): readonly PGlite[] {
  page.happyDOM.setURL(`${demo.url}/`);
  document.body.innerHTML = '<div id="app"></div>';
  const { fetch } = globalThis;
  t.mock.method(globalThis, "fetch", (input: string | URL, init?: RequestInit) => {
    const { href } = new URL(input, demo.url);
    return fetch(href.replace(ELECTRIC, demo.url), init);
  });
  const kept: PGlite[] = [];
  t.mock.method(PGlite, "create", async (where: string | PGliteOptions = {}, more: PGliteOptions = {}) => {
    const { dataDir, ...options } = typeof where === "string" ? { ...more, dataDir: where } : where;
    const db = new PGlite({ loadDataDir: EMPTY, ...options });
    if (dataDir !== undefined) kept.push(db);
    await db.waitReady;
    return db;
  });
  t.after(() => Promise.all(kept.map((db) => db.close())));
  return kept;
}
