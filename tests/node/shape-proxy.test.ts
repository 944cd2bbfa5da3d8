/** What a page may ask Electric through the server, and what stays on the server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { createShapeProxy, drizzleFolder, manifestSource, SchemaError } from "electric-replica/server";
import type { ShapeProxyOptions, ShapeTable } from "electric-replica/server";

import { contents, database, eventually, manage, serve } from "./support/world.ts";

const ID = { name: "id", type: "int4" };
const SOURCE = manifestSource(() => ({
  version: "1",
  tables: [
    { name: "users", columns: [ID], primaryKey: ["id"] },
    { schema: "app", name: "Odd \"name", columns: [ID], primaryKey: ["id"] },
  ],
}));

/** A proxy before an Electric that writes down what it is asked. */
function proxy(options: Partial<ShapeProxyOptions> = {}) {
  const asked: { url: URL; init: RequestInit }[] = [];
  const told: unknown[] = [];
  const shape = createShapeProxy({
    electricUrl: "http://electric.internal/path/",
    source: SOURCE,
    onError: (error) => told.push(error),
    fetch: (url, init) => {
      asked.push({ url, init });
      const headers = { "electric-handle": "h", "content-encoding": "gzip", "content-length": "7", "set-cookie": "a=b", "cache-control": "public, max-age=60", "access-control-allow-origin": "*", etag: '"h:-1:0_0"' };
      return Promise.resolve(new Response("[]", { headers }));
    },
    ...options,
  });
  const get = (query: Record<string, string> | [string, string][], headers: Record<string, string> = {}) => shape(new Request(`https://app/api/electric/shape?${new URLSearchParams(query).toString()}`, { headers }));
  const question = () => Object.fromEntries(asked.at(-1)?.url.searchParams ?? []);
  return { shape, get, asked, told, question };
}

test("a replica is loaded, follows and migrates through the proxy as it does without", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const shape = createShapeProxy({
    electricUrl: demo.url,
    source: drizzleFolder("www/database/drizzle", { upTo: () => demo.newest.tag }),
    fetch: (url, init) => fetch(url.href.replace("/v1/shape", "/api/electric/shape"), init),
  });
  const through = (input: string, init: RequestInit) => (input.includes("/shape?") ? shape(new Request(input, init)) : fetch(input, init));
  const { manager } = await manage(t, demo, { db, fetch: through });
  await manager.checkAndMigrate();
  await demo.deploy();
  await demo.upstream.query("update users set name = name || '!'");

  await eventually(async () => {
    await manager.checkAndMigrate();
    assert.deepEqual([manager.version, await contents(db)], [demo.newest.tag, await contents(demo.upstream)]);
  });
});

test("Electric is asked what the page asked, and given what only the server knows, whatever the page says of that", async () => {
  const { get, asked, question } = proxy({ params: { secret: "s3cret", source_id: "mine" } });
  const page = { table: "users", offset: "0_0", handle: "h", live: "true", cursor: "1", "params[1]": "a", where: "id = $1", "cache-buster": "2" };
  const answer = await get({ ...page, secret: "guess", api_secret: "guess", source_secret: "guess", source_id: "other" }, { cookie: "session", authorization: "token" });

  assert.deepEqual(question(), { ...page, secret: "s3cret", source_id: "mine" });
  assert.equal(`${asked[0]?.url.origin}${asked[0]?.url.pathname}`, "http://electric.internal/path/v1/shape");
  assert.deepEqual(Object.keys(asked[0]?.init.headers ?? {}), ["accept"]);
  assert.deepEqual([...answer.headers].map(([name]) => name), ["cache-control", "content-type", "electric-handle", "etag"]);
  assert.equal(await answer.text(), "[]");
});

test("no other table than the replica's is asked for, however its name is written", async () => {
  const { get, asked } = proxy();
  for (const table of ["users", "USERS", '"users"', "public.users", '"public"."users"', 'app."Odd ""name"']) assert.equal((await get({ table })).status, 200, table);
  const served = asked.length;
  for (const table of ["", "secrets", '"Users"', "app.users", "pg_catalog.pg_authid", "users,secrets", "users ", 'users"', "public.public.users", "users;", 'app."Odd "name"']) {
    const answer = await get({ table });
    assert.deepEqual([answer.status, Object.keys(((await answer.json()) as { errors: object }).errors)], [400, ["table"]], table);
  }
  assert.equal((await get({ offset: "-1" })).status, 400);
  assert.equal(asked.length, served);
});

test("no parameter stands twice: Electric would read another one than was looked at", async () => {
  const { get, asked } = proxy({ allow: (_, { name }) => name === "users" });
  for (const twice of [["table", "secrets"], ["table", "users"], ["where", "true"], ["params[1]", "2"]] as const) {
    const answer = await get([["table", "users"], ["where", "id = $1"], ["params[1]", "1"], [twice[0], twice[1]]]);
    assert.equal(answer.status, 400, twice.join());
  }
  assert.equal(asked.length, 0);
});

test("a condition of the page's looks at no other table, and at no column that it does not get", async () => {
  for (const allow of [undefined, () => true]) {
    const { get, asked } = proxy(allow ? { allow } : {});
    for (const where of ["id IN (SELECT id FROM secrets)", "id = (table secrets)", "id in (VALUES (1))", "exists(with a as (select 1) select)"]) {
      assert.equal((await get({ table: "users", where })).status, 403, where);
    }
    assert.equal(asked.length, 0);
    assert.equal((await get({ table: "users", where: "selected = true" })).status, 200);
  }
  const { get, question } = proxy({ allow: () => ({ columns: ["id"] }) });
  await get({ table: "users", where: "password LIKE $1", "params[1]": "a%" });
  assert.deepEqual(question(), { table: "users", columns: "id" });
});

test("who may read only a part is given that part, and not what was asked for", async () => {
  const seen: ShapeTable[] = [];
  const { get, question } = proxy({
    allow: (request, table) => {
      seen.push(table);
      return request.headers.get("authorization") === "admin" || { where: "owner = $1", params: ["7"], columns: ["id", "owner"] };
    },
  });
  const wide = { table: "users", where: "true) OR (true", "params[1]": "8", "params[2]": "9", columns: "password" };
  const narrow = await get(wide);
  assert.deepEqual(question(), { table: "users", where: "owner = $1", "params[1]": "7", columns: "id,owner" });
  const whole = await get(wide, { authorization: "admin" });
  assert.deepEqual(question(), wide);
  assert.deepEqual(seen, [{ schema: "public", name: "users" }, { schema: "public", name: "users" }]);
  for (const answer of [narrow, whole]) assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("who may not read a table is told so, and Electric is not asked", async () => {
  const { get, asked } = proxy({ allow: () => Promise.resolve(false) });
  assert.deepEqual([(await get({ table: "users" })).status, asked.length], [403, 0]);
});

test("a cache between may ask whether its answer is still good, but for answers that are one reader's", async () => {
  const known = { "if-none-match": '"h:-1:0_0"' };
  const open = proxy();
  await open.get({ table: "users" }, known);
  assert.deepEqual(open.asked[0]?.init.headers, { accept: "application/json", ...known });
  const own = proxy({ allow: () => true });
  await own.get({ table: "users" }, known);
  assert.deepEqual(own.asked[0]?.init.headers, { accept: "application/json" });
});

test("an answer that is cut is cut for the page too, and a page that goes away is no longer asked for", async () => {
  const cut = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("[")), pull: (stream) => stream.error(new Error("cut")) });
  const broken = proxy({ fetch: () => Promise.resolve(new Response(cut)) });
  await assert.rejects((await broken.get({ table: "users" })).text());

  let ended = false;
  const endless = new ReadableStream({ cancel: () => void (ended = true) });
  const waiting = proxy({ fetch: () => Promise.resolve(new Response(endless)) });
  await (await waiting.get({ table: "users" })).body?.cancel();
  assert.equal(ended, true);

  const page = new AbortController();
  const slow = proxy({ fetch: (_, { signal }) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error))) });
  const answer = slow.shape(new Request("https://app/shape?table=users", { signal: page.signal }));
  setTimeout(() => page.abort());
  assert.ok((await answer).status >= 400);
  assert.deepEqual(slow.told, []);
});

test("what fails on the server is told there, and to the page without an address or a secret", async () => {
  const dead = proxy({ params: { secret: "s3cret" }, fetch: (url) => Promise.reject(new Error(`connect ${url.href}`)) });
  const broken = proxy({ source: { read: () => Promise.reject(new SchemaError("SCHEMAS_UNAVAILABLE", "no folder")) } });
  for (const [{ get, told }, status] of [[dead, 502], [broken, 500]] as const) {
    const answer = await get({ table: "users" });
    assert.deepEqual([answer.status, answer.headers.get("cache-control"), told.length], [status, "no-store", 1]);
    assert.doesNotMatch(await answer.text(), /s3cret|electric\.internal|folder/);
  }
});

test("nothing but reading is passed on", async () => {
  const { shape, asked } = proxy();
  for (const method of ["POST", "DELETE", "PUT", "OPTIONS"]) {
    const answer = await shape(new Request("https://app/shape?table=users", { method }));
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET"]);
  }
  assert.equal(asked.length, 0);
});
