/** The Nuxt module's routes behind real servers of both versions of h3: what they answer, whose secret they keep, and that a body flows and ends as it should. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { manifestSource } from "electric-replica/server";
import * as h3 from "h3";
import { H3 } from "h3-next";
import { toNodeHandler } from "h3-next/node";

import { migrationsOf } from "../../pkg/nuxt/migrations.js";
import { replicaServer } from "../../pkg/nuxt/runtime/server/replica-server.js";
import type { Built, PrivateConfig, ReplicaServer, ReplicaServerOptions } from "../../pkg/nuxt/runtime/server/replica-server.js";
import { requestOf } from "../../pkg/nuxt/runtime/server/request.js";
import type { ServerEvent } from "../../pkg/nuxt/runtime/server/request.js";
import { listening } from "./support/listening.ts";
import { soon } from "./support/world.ts";

const FOLDER = "examples/nuxt/drizzle";
const NAMES = ["version", "schemas", "shape"] as const;

/** The routes under `/api/electric`, as Nuxt's server has them. */
const LISTENERS: Record<string, (server: ReplicaServer) => RequestListener> = {
  "h3 1": (server) => {
    const router = h3.createRouter();
    for (const name of NAMES) router.use(`/api/electric/${name}`, ((event: h3.H3Event) => server[name](event)) as h3.EventHandler);
    const app = h3.createApp();
    // Below a base, as where the app's `baseURL` is not `/`: h3 cuts it off the event's path.
    app.use("/below", router.handler);
    return h3.toNodeListener(app);
  },
  "h3 2": (server) => {
    const app = new H3();
    for (const name of NAMES) app.all(`/below/api/electric/${name}`, (event) => server[name](event as ServerEvent));
    return toNodeHandler(app);
  },
};

async function built(own: ReplicaServerOptions = {}, config: Partial<PrivateConfig> = {}): Promise<Built> {
  return { files: await migrationsOf(FOLDER).files(), own, config: () => config };
}

const code = async (answer: Response): Promise<unknown> => ((await answer.json()) as { error: { code: string } }).error.code;

for (const [version, listener] of Object.entries(LISTENERS)) {
  const served = async (t: TestContext, own?: ReplicaServerOptions, config?: Partial<PrivateConfig>): Promise<string> =>
    `${await listening(t, listener(replicaServer(await built(own, config))))}/below/api/electric`;

  /** The routes before an Electric of the test's own. */
  const proxied = async (t: TestContext, electric: (request: IncomingMessage, response: ServerResponse) => void, own: ReplicaServerOptions = {}, config: Partial<PrivateConfig> = {}): Promise<string> =>
    `${await served(t, { onError: () => undefined, ...own }, { electricUrl: await listening(t, electric), ...config })}/shape?table=tasks&offset=-1`;

  test(`${version}: version and schemas are those of the migrations, with 304 for who has them`, async (t) => {
    const url = await served(t);
    const answer = await fetch(`${url}/version`);
    const told = (await answer.json()) as { version: string; fingerprint: string };
    assert.equal(told.version, "0002_task_priority");
    const schemas = (await (await fetch(`${url}/schemas`)).json()) as { fingerprint: string; tables: { name: string }[] };
    assert.deepEqual(schemas.tables.map(({ name }) => name).sort(), ["projects", "tasks"]);
    assert.equal(schemas.fingerprint, told.fingerprint);
    const etag = answer.headers.get("etag") ?? "";
    assert.equal((await fetch(`${url}/version`, { headers: { "if-none-match": etag } })).status, 304);
    assert.equal((await fetch(`${url}/version`, { method: "HEAD" })).status, 200);
    assert.equal((await fetch(`${url}/version`, { method: "POST" })).status, 405);
  });

  test(`${version}: the app's server file says which migration the database has, or gives the schema`, async (t) => {
    let newest: string | undefined = "0000_init";
    const url = await served(t, { upTo: () => newest });
    const told = async (): Promise<string> => ((await (await fetch(`${url}/version`)).json()) as { version: string }).version;
    assert.equal(await told(), "0000_init");
    newest = "0001_first_rows";
    assert.equal(await told(), "0001_first_rows");

    const errors: unknown[] = [];
    const wrong = await served(t, { upTo: () => "0009_nothing", onError: (error) => errors.push(error) });
    assert.equal(await code(await fetch(`${wrong}/version`)), "INVALID_OPTIONS");
    assert.equal(errors.length, 1);

    const other = await served(t, { source: manifestSource(() => ({ version: "mine", tables: [] })) });
    assert.equal(((await (await fetch(`${other}/version`)).json()) as { version: string }).version, "mine");
  });

  test(`${version}: Electric is told its secret and its source, whatever the page says, and answers nothing of them`, async (t) => {
    const asked: (string | undefined)[] = [];
    const config = { secret: "s3cr3t", sourceId: "source-1" };
    const url = await proxied(t, (request, response) => (asked.push(request.url), response.end("[]")), {}, config);
    const answer = await fetch(`${url}&secret=mine&source_id=mine&more=1`);
    assert.equal(await answer.text(), "[]");
    assert.deepEqual(asked, ["/v1/shape?offset=-1&secret=s3cr3t&source_id=source-1&table=tasks"]);
    assert.equal([...answer.headers].flat().join().includes("s3cr3t"), false);
  });

  test(`${version}: no table is served but the schema's, and of those what \`allow\` gives to the event`, async (t) => {
    const asked: (string | undefined)[] = [];
    const allow: ReplicaServerOptions["allow"] = (request, { name }, event) => {
      assert.equal(request.headers.get("authorization"), "Bearer ada");
      assert.ok(event.context);
      return name === "tasks" && { where: "owner = $1", params: ["ada"] };
    };
    const url = await proxied(t, (request, response) => (asked.push(request.url), response.end("[]")), { allow });
    const headers = { authorization: "Bearer ada" };
    assert.equal((await fetch(url.replace("tasks", "pg_authid"), { headers })).status, 400);
    assert.equal((await fetch(url.replace("tasks", "projects"), { headers })).status, 403);
    const answer = await fetch(`${url}&where=true`, { headers });
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.deepEqual(asked, ["/v1/shape?offset=-1&params%5B1%5D=ada&table=tasks&where=owner+%3D+%241"]);
  });

  test(`${version}: a body arrives while it is being sent`, async (t) => {
    let finish = (): void => undefined;
    const url = await proxied(t, (_request, response) => {
      response.write("first");
      finish = () => response.end("second");
    });
    const reader = (await fetch(url)).body?.getReader();
    assert.ok(reader);
    assert.equal(new TextDecoder().decode((await reader.read()).value), "first");
    finish();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "second");
  });

  for (const [when, begin] of [
    ["before there is an answer", () => undefined],
    ["in the middle of one", (response: ServerResponse) => response.write("[")],
  ] as const) {
    test(`${version}: a reader that leaves ${when} ends its request at Electric, and nobody is told of an error`, async (t) => {
      let open = 0;
      const errors: unknown[] = [];
      const electric = (_request: IncomingMessage, response: ServerResponse): void => {
        open += 1;
        response.once("close", () => (open -= 1));
        begin(response);
      };
      const url = await proxied(t, electric, { onError: (error) => errors.push(error) });
      const leaving = new AbortController();
      const reading = fetch(`${url}&live=true`, { signal: leaving.signal }).then((answer) => answer.text());
      await soon(() => assert.equal(open, 1));
      leaving.abort();
      await assert.rejects(reading);
      await soon(() => assert.equal(open, 0));
      assert.deepEqual(errors, []);
    });
  }

  test(`${version}: a server that does not know where Electric is says so, and goes on`, async (t) => {
    const errors: unknown[] = [];
    const url = await served(t, { onError: (error) => errors.push(error) });
    for (const status of [503, 503]) assert.equal((await fetch(`${url}/shape?table=tasks&offset=-1`)).status, status);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /ELECTRIC_URL/);
    assert.equal((await fetch(`${url}/version`)).status, 200);
  });
}

test("Electric's address, secret and source are the environment's where the runtime configuration says none", async (t) => {
  const asked: (string | undefined)[] = [];
  const electric = await listening(t, (request, response) => (asked.push(request.url), response.end("[]")));
  const set = { ELECTRIC_URL: electric, ELECTRIC_SECRET: "of the environment", ELECTRIC_SOURCE_ID: "s" };
  Object.assign(process.env, set);
  t.after(() => Object.keys(set).forEach((name) => Reflect.deleteProperty(process.env, name)));
  const shape = async (config: Partial<PrivateConfig>): Promise<number> => (await replicaServer(await built({}, config)).shape({ req: new Request("http://app/api/electric/shape?table=tasks") })).status;

  assert.equal(await shape({ electricUrl: "", secret: "", sourceId: "" }), 200);
  assert.equal(await shape({ secret: "of the configuration" }), 200);
  assert.deepEqual(asked.map((url) => new URL(url ?? "", electric).searchParams.get("secret")), ["of the environment", "of the configuration"]);
});

test("in development the folder is read again whenever its files change", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-drizzle-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const server = replicaServer({ folder, own: { onError: () => undefined }, config: () => ({}) });
  const version = (): Promise<Response> => server.version({ req: new Request("http://app/api/electric/version") });
  assert.equal(await code(await version()), "INVALID_MANIFEST");

  cpSync(FOLDER, folder, { recursive: true });
  assert.equal(((await (await version()).json()) as { version: string }).version, "0002_task_priority");
  writeFileSync(join(folder, "0002_task_priority.sql"), "nothing that is SQL of a kind that is known;");
  assert.notEqual((await version()).status, 304);
});

test("a request is taken from the event of either version, with its address and headers, and from nothing else", () => {
  const res = { writableFinished: false, once: () => undefined };
  const req = { url: "/version?a=1", originalUrl: "/below/version?a=1", method: "GET", headers: { host: "app:1", ":path": "/", cookie: ["a=1", "b=2"], nothing: undefined } };
  const request = requestOf({ req, node: { req, res } });
  assert.equal(request.url, "http://app:1/below/version?a=1");
  assert.equal(request.headers.get("cookie"), "a=1; b=2");

  const own = new Request("http://app/");
  assert.equal(requestOf({ req: own }), own);
  assert.equal(requestOf({ web: { request: own } }), own);
  assert.throws(() => requestOf({}), TypeError);
});
