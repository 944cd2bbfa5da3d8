/** The guard that the tests in WebKit stand on: what a page or a worker complains about gets to the test. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { listening } from "../node/support/listening.ts";
import { soon } from "../node/support/world.ts";
import { openGate, TELLING } from "./support/gate.ts";
import { launchWebKit } from "./support/webkit.ts";

const COMPLAINTS = {
  'console.error("of the console")': "console: of the console",
  'setTimeout(() => { throw new Error("of nobody"); })': "uncaught: Error: of nobody",
  'void Promise.reject(new Error("of a promise"))': "unhandledrejection: Error: of a promise",
};
const HELD_BACK = 'addEventListener("unhandledrejection", (event) => event.preventDefault()); void Promise.reject("held back");';

test("what a page or its worker complains about gets to the test, and what is held back does not", async (t) => {
  const browser = await launchWebKit(t);
  const script = `${HELD_BACK} setTimeout(() => { ${Object.keys(COMPLAINTS).join("; ")} });`;
  const server = await listening(t, ({ url }, response) => {
    if (url === "/") response.setHeader("content-type", "text/html").end("<!doctype html><head></head>");
    else response.setHeader("content-type", "text/javascript").end(url === "/worker.js" ? script : "");
  });
  const gate = await openGate(t, server, TELLING);
  const page = await browser.open(gate.url);

  // Rejections are held back in the worker alone.
  await page.evaluate((complaints) => {
    for (const text of complaints) document.head.appendChild(document.createElement("script")).text = text;
  }, Object.keys(COMPLAINTS));
  await soon(() => assert.deepEqual(gate.complaints.toSorted(), Object.values(COMPLAINTS).sort()));
  gate.complaints.length = 0;
  await page.evaluate(() => void new Worker("/worker.js"));
  // What a worker does not catch is its page's as well.
  await soon(() => assert.deepEqual(new Set(gate.complaints), new Set(Object.values(COMPLAINTS).slice(0, 2))));
});

test("a request that is judged so is cut off, and what is thrown in the page is thrown in the test", async (t) => {
  const browser = await launchWebKit(t);
  const server = await listening(t, (_request, response) => response.setHeader("content-type", "text/html").end("<!doctype html><head></head>"));
  const gate = await openGate(t, server, TELLING);
  const page = await browser.open(gate.url);
  const status = () => page.evaluate(() => fetch("/there").then(({ status }) => status));

  assert.equal(await status(), 200);
  gate.judge = () => "cut";
  await assert.rejects(status, /in the page: TypeError/);
});
