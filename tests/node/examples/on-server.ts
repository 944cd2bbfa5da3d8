/** Examples for a server, a configuration or a shell, each with what has to be so once it has run. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { createReplicaManager } from "electric-replica";
import type { ReplicaOptions } from "electric-replica";
import type { ElectricHandlers, ManifestSource } from "electric-replica/server";
import { createServer } from "vite";
import type { UserConfig } from "vite";

import { replicaServer } from "../../../pkg/nuxt/runtime/server/replica-server.js";
import type { ReplicaServerOptions } from "../../../pkg/nuxt/runtime/server/replica-server.js";
import { contents, database } from "../support/world.ts";
import { given, MIGRATIONS } from "./running.ts";
import type { Run, Running } from "./running.ts";

type Answer = (request: Request) => Promise<Response>;

const ORIGIN = "http://app";

/** What a replica has whose server answers like this. */
async function replicated({ t, keep }: Running, answer: Answer, options: Partial<ReplicaOptions> = {}): Promise<Record<string, string[]>> {
  const db = await database(t);
  const manager = await createReplicaManager({ db, baseUrl: `${ORIGIN}/api/electric`, fetch: (input, init) => answer(new Request(input, init)), ...options });
  keep(manager);
  await manager.checkAndMigrate();
  return contents(db);
}

/** The three routes, as most servers have them. */
const routed =
  (electric: ElectricHandlers, shape: Answer): Answer =>
  (request) => {
    const route = new URL(request.url).pathname.split("/").at(-1);
    return route === "version" || route === "schemas" ? electric[route](request) : shape(request);
  };

const rowsOf = (rows: string[] | undefined, of: Record<string, string>): string[] =>
  (rows ?? []).filter((row) => Object.entries(of).every(([name, value]) => (JSON.parse(row) as Record<string, string>)[name] === value));

/** A package that is installed is this one, or one that it needs. */
function installs(line: string): void {
  const { name, peerDependencies } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { name: string; peerDependencies: object };
  const [, packages = ""] = /^npm install (.+)\n$/.exec(line) ?? [];
  for (const one of packages.split(" ")) assert.ok([name, ...Object.keys(peerDependencies)].includes(one), one);
}

export const ON_SERVER: Record<string, Run> = {
  "README.md › Install": ({ example }) => {
    installs(example.code);
    return Promise.resolve();
  },
  "docs/guide/nuxt.md › In Nuxt": ({ example }) => {
    installs(example.code);
    return Promise.resolve();
  },

  "README.md › On the server": async (world) => {
    const { handle } = await world.run<{ handle: Answer }>("handle");
    assert.deepEqual(await replicated(world, handle), await contents(world.demo.upstream));
    assert.equal((await handle(new Request(`${ORIGIN}/`))).status, 404);
  },

  "README.md › Asking before a rebuild (2)": async ({ run }) => {
    const { default: config } = await run<{ default: UserConfig }>("default");
    assert.deepEqual(JSON.parse(config.define?.["__EXPECTS__"] as string), { users: ["id", "name", "email"] });
  },

  "docs/guide/deploying.md › The server's three answers": async (world) => {
    const users: Record<string, object> = { ada: { id: "ada", admin: false }, root: { id: "root", admin: true } };
    given(world.t, {
      lastApplied: () => Promise.resolve(world.demo.newest.tag),
      userOf: (request: Request) => Promise.resolve(users[request.headers.get("x-user") ?? ""]),
    });
    const { electric, shape } = await world.run<{ electric: ElectricHandlers; shape: Answer }>("electric", "shape");
    const server = routed(electric, shape);
    const all = await contents(world.demo.upstream);
    const { countries, todos } = all;

    assert.deepEqual(await replicated(world, server, { headers: { "x-user": "root" } }), all);
    const hers = await replicated(world, server, { headers: { "x-user": "ada" }, tables: ["countries", "todos"] });
    assert.deepEqual(hers, { countries, todos: rowsOf(todos, { owner_id: "ada" }) });
    assert.equal((await shape(new Request(`${ORIGIN}/api/electric/shape?table=todos&offset=-1`))).status, 403);
  },

  "docs/guide/devtools.md › Serving the page": async ({ t, run }) => {
    const { default: config } = await run<{ default: UserConfig }>("default");
    const server = await createServer({ ...config, configFile: false, logLevel: "silent", server: { port: 0, host: "127.0.0.1", ws: false, watch: null } });
    t.after(() => server.close());
    await server.listen();
    const page = await fetch(new URL("__electric-replica/", server.resolvedUrls?.local[0]));
    assert.match(await page.text(), /<title>electric-replica DevTools/);
  },

  "docs/guide/nuxt.md › In Nuxt (2)": async ({ run }) => {
    const { default: config } = await run<{ default: { modules: string[] } }>("default");
    const app = readFileSync(new URL("../../../examples/nuxt/nuxt.config.ts", import.meta.url), "utf8");
    assert.ok(app.includes(`modules: ${JSON.stringify(config.modules)}`), "`npm run test:nuxt` builds an app with another configuration");
  },

  "docs/guide/nuxt.md › Who may read what": async (world) => {
    given(world.t, { defineReplicaServer: (options: unknown) => options });
    const { default: own } = await world.run<{ default: ReplicaServerOptions }>("default");
    const server = replicaServer({ folder: MIGRATIONS, own, config: () => ({ electricUrl: world.demo.url }) });
    const answer: Answer = (request) => {
      const route = new URL(request.url).pathname.split("/").at(-1) as keyof typeof server;
      return server[route]({ req: request });
    };
    const { tasks, countries } = await contents(world.demo.upstream);
    const hers = await replicated(world, answer, { headers: { "x-user": "ada" }, tables: ["tasks", "countries"] });
    assert.deepEqual(hers, { countries, tasks: rowsOf(tasks, { owner: "ada" }) });
    assert.equal((await answer(new Request(`${ORIGIN}/shape?table=tasks&offset=-1`))).status, 403);
  },

  "docs/reference/electric-replica.server.md › electric-replica/server": async (world) => {
    const { electric, shape } = await world.run<{ electric: ElectricHandlers; shape: Answer }>("electric", "shape");
    assert.deepEqual(await replicated(world, routed(electric, shape)), await contents(world.demo.upstream));
  },

  "docs/reference/electric-replica.server.md › expectsOf()": async ({ run, demo }) => {
    const { default: config } = await run<{ default: UserConfig }>("default");
    const expected = JSON.parse(config.define?.["__EXPECTS__"] as string) as object;
    assert.deepEqual(Object.keys(expected).sort(), Object.keys(await contents(demo.upstream)));
  },

  "docs/reference/electric-replica.server.md › drizzleBundle()": async ({ run, demo }) => {
    const { source } = await run<{ source: ManifestSource }>("source");
    assert.equal((await source.read()).version, demo.newest.tag);
  },
};
