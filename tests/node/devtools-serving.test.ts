/** The DevTools page as files: by whom it is served, and what is not. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { devtoolsMiddleware, devtoolsTab, replicaDevtools } from "electric-replica/devtools/vite";
import { createServer as createVite } from "vite";

/** A server with nothing but the page. */
async function served(t: TestContext, path?: string): Promise<string> {
  const handle = devtoolsMiddleware(path === undefined ? {} : { path });
  const server = createServer((request, response) => handle(request, response, () => response.writeHead(404).end("nothing of DevTools'")));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Where the page of this address has its script. */
const script = (html: string): string => /src="\.\/(assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "no script";

test("the page is served with its files, at its path and nowhere else", async (t) => {
  const url = await served(t);
  const page = await fetch(`${url}/__electric-replica`);
  const html = await page.text();

  assert.deepEqual([page.status, page.url], [200, `${url}/__electric-replica/`]);
  assert.match(html, /<title>electric-replica DevTools/);
  const asked = await fetch(new URL(script(html), page.url), { method: "HEAD" });
  assert.deepEqual([asked.status, asked.headers.get("content-type")], [200, "text/javascript; charset=utf-8"]);
  for (const path of ["/", "/__electric-replicas/", "/__electric-replica/nothing.js", "/__electric-replica/assets/", "/__electric-replica/..%2fvite.js", "/__electric-replica/%2e%2e%2findex.js", "/__electric-replica/%00", "/__electric-replica/%"]) {
    assert.equal((await fetch(url + path)).status, 404, path);
  }
  assert.equal((await fetch(`${url}/__electric-replica/`, { method: "POST" })).status, 404);
});

test("a tab of Nuxt DevTools shows what is served", async (t) => {
  const url = await served(t);
  const { view } = devtoolsTab();
  const page = await fetch(url + view.src, { redirect: "error" });

  assert.deepEqual([view.type, page.status], ["iframe", 200]);
});

test("it is served from another path, and below a base of the app's", async (t) => {
  const url = await served(t, "/tools");
  assert.equal((await fetch(`${url}/tools/`)).status, 200);
  assert.equal((await fetch(`${url}/app/tools`)).url, `${url}/app/tools/`);
  assert.equal((await fetch(`${url}/__electric-replica/`)).status, 404);
});

test("Vite serves it in development, and no build has any of it", async (t) => {
  const plugin = replicaDevtools();
  assert.equal(plugin.apply, "serve");
  const vite = await createVite({ configFile: false, root: "devtools", plugins: [plugin], server: { middlewareMode: true, ws: false }, logLevel: "silent", optimizeDeps: { noDiscovery: true } });
  t.after(() => vite.close());
  const server = createServer(vite.middlewares);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());

  const page = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/__electric-replica`);

  assert.equal(page.status, 200);
  assert.notEqual(script(await page.text()), "no script");
});
