/** The Nuxt module where no Nuxt is needed: what it writes while an app is built, and what its plugin does with an app. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";

import { createReplicaManager, replicaStartParams } from "electric-replica";
import type { ReplicaEvents, ReplicaManager, UpdateNeeded } from "electric-replica";
import type { exposeReplica } from "electric-replica/devtools";
import { useElectricMigrations, useReplica } from "electric-replica/vue";
import type { App } from "vue";

import { migrationsOf } from "../../pkg/nuxt/migrations.js";
import { DEFAULTS, isOwnServer, publicConfig } from "../../pkg/nuxt/options.js";
import { otherBuild } from "../../pkg/nuxt/runtime/builds.js";
import type { ReplicaHooks } from "../../pkg/nuxt/runtime/hooks.js";
import { below, managerOptions } from "../../pkg/nuxt/runtime/options.js";
import type { UpdatePolicy } from "../../pkg/nuxt/runtime/options.js";
import { startParams } from "../../pkg/nuxt/runtime/start-params.js";
import { startReplica } from "../../pkg/nuxt/runtime/start.js";
import type { StartHost } from "../../pkg/nuxt/runtime/start.js";
import { followUpdates } from "../../pkg/nuxt/runtime/update.js";
import { pageModule, serverModule } from "../../pkg/nuxt/virtual.js";
import { createApp } from "./support/renderer.ts";
import { database, serve, soon } from "./support/world.ts";

const FOLDER = "examples/nuxt/drizzle";

/** A folder that is gone with the test. */
function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-nuxt-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs a module's text, with what Nitro gives in its place. */
async function evaluated(folder: string, name: string, text: string): Promise<Record<string, unknown>> {
  writeFileSync(join(folder, "imports.mjs"), "export const useRuntimeConfig = (event) => ({ electricReplica: { electricUrl: event.url } });\n");
  writeFileSync(join(folder, name), text.replace('"#imports"', '"./imports.mjs"'));
  return (await import(pathToFileURL(join(folder, name)).href)) as Record<string, unknown>;
}

test("the server's module has the migrations' texts as they are, the app's own file, and the runtime configuration of each event", async (t) => {
  const folder = scratch(t);
  const own = join(folder, "own 'file'.mjs");
  writeFileSync(own, "export default { upTo: () => 7 };\n");
  const files = { "0000_a.sql": "select '`${x}` \\\\ \u2028 </script> \"';\r\n", "meta/_journal.json": '{"entries":[]}' };
  const module = await evaluated(folder, "server.mjs", serverModule({ own, files, folder: undefined, tables: ["users"] }));
  assert.deepEqual([module["files"], module["folder"], module["tables"]], [files, undefined, ["users"]]);
  assert.equal((module["own"] as { upTo: () => number }).upTo(), 7);
  assert.deepEqual((module["config"] as (event: object) => unknown)({ url: "http://electric" }), { electricUrl: "http://electric" });

  const plain = await evaluated(folder, "plain.mjs", serverModule({ own: undefined, files: undefined, folder: "/app/drizzle", tables: undefined }));
  assert.deepEqual([plain["own"], plain["files"], plain["folder"], plain["tables"]], [undefined, undefined, "/app/drizzle", undefined]);
});

test("the page's module loads the app's own file only when it is asked for", async (t) => {
  const folder = scratch(t);
  const own = join(folder, "own.mjs");
  writeFileSync(own, "globalThis.loadedOwnFile = true; export default () => ({ owner: 'ada' });\n");
  t.after(() => Reflect.deleteProperty(globalThis, "loadedOwnFile"));
  const devtools = join(folder, "devtools.mjs");
  writeFileSync(devtools, "export const exposeReplica = () => 'exposed';\n");
  const module = await evaluated(folder, "page.mjs", pageModule({ own, expects: { users: ["id"] }, looksForBuilds: true, devtools }));
  assert.equal("loadedOwnFile" in globalThis, false);
  const factory = await (module["own"] as () => Promise<() => object>)();
  assert.deepEqual(factory(), { owner: "ada" });
  assert.deepEqual([module["expects"], module["looksForBuilds"]], [{ users: ["id"] }, true]);
  assert.equal((await (module["expose"] as () => Promise<() => string>)())(), "exposed");
  const none = await evaluated(folder, "none.mjs", pageModule({ own: undefined, expects: undefined, looksForBuilds: false, devtools: undefined }));
  assert.deepEqual([none["own"], none["expose"]], [undefined, undefined]);
});

test("what an app expects is what its migrations make when it is built, and a folder that cannot be read stops the build", async (t) => {
  const tasks = ["id", "project_id", "title", "state", "created_at", "priority"];
  assert.deepEqual(await migrationsOf(FOLDER).expects(), { projects: ["id", "name", "archived"], tasks });
  assert.deepEqual(await migrationsOf(FOLDER, ["tasks"]).expects(), { tasks });
  assert.deepEqual(await migrationsOf(FOLDER).check(), []);

  const folder = scratch(t);
  await assert.rejects(migrationsOf(join(folder, "nothing")).check(), { code: "SCHEMAS_UNAVAILABLE" });
  cpSync(FOLDER, folder, { recursive: true });
  writeFileSync(join(folder, "0009_forgotten.sql"), "select 1;");
  assert.equal((await migrationsOf(folder).check()).length, 1);
});

test("options of the app's own file come before the module's, and paths are below the app's own", () => {
  const db = {} as never;
  const config = publicConfig({ ...DEFAULTS, replica: { policy: "prompt", schema: "app" } });
  assert.deepEqual(managerOptions(config, "/", undefined, { db }), { policy: "prompt", schema: "app", baseUrl: "/api/electric", db });
  assert.deepEqual(managerOptions(config, "/sub/", { a: ["b"] }, { db, owner: "ada", policy: "auto", baseUrl: "/mine" }), { policy: "auto", schema: "app", baseUrl: "/mine", expects: { a: ["b"] }, owner: "ada", db });
  assert.deepEqual(["/sub/", "/sub", "/"].map((base) => below(base, "/api")), ["/sub/api", "/sub/api", "/api"]);
  for (const address of ["https://api.example.com/electric", "//cdn.example.com/x"]) {
    assert.equal(below("/sub/", address), address);
    assert.equal(isOwnServer(address), false);
  }
  assert.equal(isOwnServer(DEFAULTS.baseUrl), true);
});

/** An app of Nuxt's, as far as the plugin sees it: what its hooks are told is written down. */
function appOfNuxt(hook: (name: string) => unknown = () => undefined) {
  const told: string[] = [];
  const vueApp = createApp({ render: () => null }) as unknown as App;
  vueApp.mount({});
  const callHook = (name: keyof ReplicaHooks): unknown => {
    told.push(name);
    return hook(name);
  };
  return { told, vueApp, callHook };
}

/** A page whose replica is of a real server, and which does with an update nothing. */
async function page(t: TestContext, options: Partial<StartHost> = {}, config: Partial<StartHost["config"]> = {}) {
  const demo = await serve(t);
  const db = await database(t);
  const managers: ReplicaManager[] = [];
  const closed: string[] = [];
  const host: StartHost = {
    config: { ...publicConfig(DEFAULTS), baseUrl: `${demo.url}/api/electric`, ...config },
    appBase: "/",
    expects: undefined,
    own: undefined,
    expose: undefined,
    openDatabase: () => Promise.resolve({ db: Object.assign(Object.create(db) as typeof db, { close: () => Promise.resolve(void closed.push("db")) }) }),
    createManager: async (options) => {
      const manager = await createReplicaManager({ ...options, db });
      t.after(() => manager.close());
      managers.push(manager);
      return manager;
    },
    hydrated: undefined,
    update: { policy: "banner", onNewBuild: () => undefined, lookForBuild: () => undefined, onNavigation: () => undefined, reload: () => false },
    ...options,
  };
  return { demo, db, host, managers, closed };
}

test("PGlite is started with its own parameters and this package's, also where it has none", () => {
  assert.deepEqual(startParams({ defaultStartParams: ["-F"] }), ["-F", ...replicaStartParams]);
  assert.deepEqual(startParams({}), [...replicaStartParams]);
});

test("DevTools are shown the replica with the options it was made with, until the app ends", async (t) => {
  const seen: unknown[] = [];
  const expose = () => Promise.resolve(((exposed) => (seen.push(exposed.manager, exposed.baseUrl), () => void seen.push("ended"))) satisfies typeof exposeReplica);
  const { demo, host, managers } = await page(t, { expose }, { await: true });
  const app = appOfNuxt();
  await startReplica(app, host);
  assert.deepEqual(seen, [managers[0], `${demo.url}/api/electric`]);
  app.vueApp.unmount();
  assert.equal(seen.at(-1), "ended");
});

test("an app is not waited for, its components see the replica, and its hooks are told each event of the first check", async (t) => {
  const { host, managers } = await page(t);
  const app = appOfNuxt();
  assert.equal(startReplica(app, host), undefined);
  const [replica, status] = app.vueApp.runWithContext(() => [useReplica(), useElectricMigrations().status] as const);
  assert.deepEqual([replica.value, status.value], [undefined, "idle"]);
  await soon(() => assert.equal(status.value, "ready"));
  assert.equal(replica.value?.manager, managers[0]);
  for (const name of ["status", "migration:start", "migration:progress", "migration:complete"]) assert.ok(app.told.includes(`electric:${name}`), name);
});

test("an app that wants to wait is waited for until the rows are there; one that does not want to be started is not", async (t) => {
  const waiting = await page(t, {}, { await: true });
  const app = appOfNuxt();
  await startReplica(app, waiting.host);
  assert.equal(waiting.managers[0]?.status, "ready");

  const still = await page(t, {}, { await: true, start: false });
  await startReplica(appOfNuxt(), still.host);
  assert.equal(still.managers[0]?.status, "idle");
});

test("a page that a server made stays as it was made until it is taken over, whatever the replica does meanwhile", async (t) => {
  let hydrate = (): void => undefined;
  const hydrated = new Promise<void>((resolve) => (hydrate = resolve));
  const { host, managers } = await page(t, { hydrated }, { await: true });
  const app = appOfNuxt();
  const started = startReplica(app, host);
  const { status, state } = app.vueApp.runWithContext(() => useElectricMigrations());
  await started;
  assert.deepEqual([managers[0]?.status, status.value, state.value.complete], ["ready", "idle", undefined]);
  hydrate();
  await soon(() => assert.equal(status.value, "ready"));
  assert.equal(state.value.complete?.type, "migration:complete");
});

test("a replica that cannot be opened is told to the hooks, the components and the console, and keeps no app from starting", async (t) => {
  const printed = t.mock.method(console, "error", () => undefined);
  const { host } = await page(t, { openDatabase: () => Promise.reject(new Error("no storage")) }, { await: true });
  const app = appOfNuxt(() => Promise.reject(new Error("a hook that fails")));
  await startReplica(app, host);
  assert.deepEqual(app.told, ["electric:migration:error"]);
  await soon(() => assert.ok(app.vueApp.runWithContext(() => useElectricMigrations()).error.value));
  assert.equal(printed.mock.callCount(), 2);
});

test("a first check that fails rejects nowhere, and a hook that throws stops no other", async (t) => {
  const printed = t.mock.method(console, "error", () => undefined);
  const { host } = await page(t, {}, { await: true, baseUrl: "http://127.0.0.1:9/api/electric" });
  const app = appOfNuxt((name) => {
    if (name === "electric:status") throw new Error("a hook that fails");
  });
  await startReplica(app, host);
  assert.ok(app.told.includes("electric:migration:error"));
  assert.ok(printed.mock.calls.every(({ arguments: [text] }) => String(text).includes("electric:status")));
});

test("with the app the manager ends, and the database that was opened for it; the app's own database does not", async (t) => {
  const first = await page(t, {}, { await: true });
  const app = appOfNuxt();
  await startReplica(app, first.host);
  app.vueApp.unmount();
  await soon(() => assert.deepEqual([first.managers[0]?.status, first.closed], ["closed", ["db"]]));

  const second = await page(t, {}, { await: true });
  const own = { ...second.host, own: () => Promise.resolve(() => ({ db: second.db, owner: "ada" })), openDatabase: () => Promise.reject(new Error("there is one already")) };
  const other = appOfNuxt();
  await startReplica(other, own);
  assert.equal(second.managers[0]?.status, "ready");
  other.vueApp.unmount();
  await soon(() => assert.equal(second.managers[0]?.status, "closed"));
  assert.equal((await second.db.query("select 1 as one")).rows.length, 1);
});

/** A manager that tells what a test says. */
function telling() {
  const listeners = new Map<string, Set<(event: unknown) => void>>();
  const checks: unknown[] = [];
  const on: ReplicaManager["on"] = (name, listener) => {
    const all = listeners.get(name) ?? new Set();
    listeners.set(name, all.add(listener as (event: unknown) => void));
    return () => all.delete(listener as (event: unknown) => void);
  };
  const checkAndMigrate = (options: unknown): Promise<boolean> => (checks.push(options), Promise.reject(new Error("offline")));
  const tell = <Name extends keyof ReplicaEvents>(event: Partial<ReplicaEvents[Name]> & { type: Name }): void => listeners.get(event.type)?.forEach((listener) => listener(event));
  return { manager: { on, checkAndMigrate }, tell, checks };
}

/** A page under a policy, and what became of it. */
function updating(policy: UpdatePolicy) {
  const { manager, tell, checks } = telling();
  const reloads: string[] = [];
  const seen = { looks: 0 };
  let deploy = (): void => undefined;
  let navigate = (): void => undefined;
  const end = followUpdates(manager, {
    policy,
    onNewBuild: (listener) => (deploy = listener),
    lookForBuild: () => (seen.looks += 1),
    onNavigation: (listener) => (navigate = listener),
    reload: ({ to }) => reloads.push(to) > 0,
  });
  const need = (event: Partial<UpdateNeeded> = {}): void => tell({ type: "update-needed", direction: "app-too-old", to: "2", kept: true, ...event });
  return { tell, need, reloads, checks, seen, end, deploy: () => deploy(), navigate: () => navigate() };
}

test("a page that is too old is loaded anew only once newer code is there: by the next navigation, at once, or by a person alone", () => {
  for (const [policy, atOnce, afterwards] of [["navigation", [], ["2"]], ["at-once", ["2"], ["2"]], ["banner", [], []]] as const) {
    for (const order of ["needed, then deployed", "deployed, then needed"]) {
      const { need, deploy, navigate, reloads } = updating(policy);
      if (order.startsWith("needed")) {
        need();
        navigate();
        assert.deepEqual(reloads, [], `${policy}, ${order}: before there was newer code`);
        deploy();
      } else {
        deploy();
        navigate();
        assert.deepEqual(reloads, [], `${policy}, ${order}: before it was needed`);
        need();
      }
      assert.deepEqual(reloads, atOnce, `${policy}, ${order}`);
      if (policy !== "at-once") navigate();
      assert.deepEqual(reloads, afterwards, `${policy}, ${order}: after a navigation`);
    }
  }
});

test("newer code is looked for when it is needed, again with each navigation, and a check is made when it is there", () => {
  const { need, deploy, navigate, seen, checks } = updating("navigation");
  navigate();
  need({ direction: "server-behind" });
  assert.equal(seen.looks, 0);
  need();
  assert.equal(seen.looks, 1);
  navigate();
  assert.equal(seen.looks, 2);
  deploy();
  assert.deepEqual(checks, [{ background: true }]);
  need();
  assert.equal(seen.looks, 2);
  const left = updating("banner");
  left.need();
  left.navigate();
  assert.equal(left.seen.looks, 0);
});

test("what was needed for a version that is not the server's any more loads nothing anew, nor does an app that has ended", () => {
  const { need, tell, deploy, navigate, reloads } = updating("navigation");
  need();
  tell({ type: "migration:complete", to: "3" });
  deploy();
  navigate();
  assert.deepEqual(reloads, []);

  const ended = updating("at-once");
  ended.need();
  ended.end();
  ended.deploy();
  assert.deepEqual([ended.reloads, ended.checks], [[], []]);
});

test("another build is one that is named where Nuxt names it, and nothing else that is answered there", async () => {
  const app = { baseURL: "/", buildAssetsDir: "/_nuxt/", cdnURL: "", buildId: "one" };
  const asked: string[] = [];
  const answering = (answer: () => Response, of: Partial<typeof app> = {}) => otherBuild({ ...app, ...of }, (url) => (asked.push(url.replace(/\d+$/, "")), Promise.resolve().then(answer)));

  assert.deepEqual(await answering(() => Response.json({ id: "two", timestamp: 7 })), { id: "two", timestamp: 7 });
  assert.equal(await answering(() => Response.json({ id: "one", timestamp: 7 }), { baseURL: "/sub/" }), undefined);
  assert.equal(await answering(() => Response.json({ id: "two" }, { status: 404 }), { cdnURL: "https://cdn.example.com/" }), undefined);
  for (const answer of [() => Response.json({ statusCode: 404 }), () => Response.json(null), () => new Response("<!doctype html>"), () => Promise.reject(new Error("offline")) as never]) {
    assert.equal(await answering(answer), undefined);
  }
  assert.deepEqual(asked.slice(0, 3), ["/_nuxt/builds/latest.json?", "/sub/_nuxt/builds/latest.json?", "https://cdn.example.com/_nuxt/builds/latest.json?"]);
});
