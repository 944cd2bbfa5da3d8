/** The guards every browser test stands on: a complaint of a page, a worker or a server must fail the test it belongs to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { launchBrowser } from "./support/browser.ts";
import { startServer } from "./support/server.ts";

const COMPLAINTS: [string, string][] = [
  ["an error on the console", 'console.error("no")'],
  ["an exception nobody caught", 'setTimeout(() => { throw new Error("no"); })'],
  ["a rejection nobody handled", 'void Promise.reject(new Error("no"))'],
  ["a rejection without an error", 'void Promise.reject("no")'],
  ["a rejection in a worker", 'new Worker(URL.createObjectURL(new Blob(["Promise.reject(new Error(\'no\'))"])))'],
  ["an error on a worker's console", 'new Worker(URL.createObjectURL(new Blob(["console.error(\'no\')"])))'],
];

for (const [name, script] of COMPLAINTS) {
  test(`${name} fails the test`, async (t) => {
    const { url } = await startServer(t, "tests/e2e/support/files.ts");
    const { inner, end } = innerTest();
    const browser = await launchBrowser(inner);
    const page = await browser.open(`${url}/blank.html`);
    await page.addScriptTag({ content: script });
    while (browser.complaints.length === 0) await page.evaluate(() => new Promise(requestAnimationFrame));

    await assert.rejects(end, /the browser complained/);
  });
}

test("a complaint that the test tolerates does not fail it", async (t) => {
  const { url } = await startServer(t, "tests/e2e/support/files.ts");
  const { inner, end } = innerTest();
  const browser = await launchBrowser(inner, { tolerated: [/it is there/] });
  const page = await browser.open(`${url}/blank.html`);
  const logged = page.waitForEvent("console");
  await page.evaluate(() => console.error("it is there"));
  await logged;

  await end();
});

test("a server that ends by itself fails the test", async () => {
  const { inner, end } = innerTest();
  const server = await startServer(inner, "tests/e2e/support/files.ts");
  process.kill(server.pid, "SIGKILL");
  await server.ended;

  await assert.rejects(end, /ended by itself/);
});

/** A test inside the test: what was left for its end is done by `end`. */
function innerTest(): { inner: TestContext; end: () => Promise<void> } {
  const last: (() => unknown)[] = [];
  const inner = { after: (work: () => unknown) => last.push(work) } as unknown as TestContext;
  return {
    inner,
    async end() {
      for (const work of last) await work();
    },
  };
}
