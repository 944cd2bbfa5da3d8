/** The server half of the package, asked as a replica asks it, on folders that drizzle-kit wrote. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";

import { createElectricHandlers, drizzleBundle, drizzleFolder, expectsOf, manifestSource, SchemaError } from "electric-replica/server";
import type { DrizzleOptions, ElectricHandlers, ServerManifest, VersionAnswer } from "electric-replica/server";

const GOLDEN = "tests/golden/drizzle/workspace";

void test("a drizzle folder answers with its version and its tables", async () => {
  const handlers = handlersOf(GOLDEN);

  const version = await body<VersionAnswer>(handlers.version(get()));
  const schemas = await body<ServerManifest>(handlers.schemas(get()));

  const { when } = journal(GOLDEN).entries[9] ?? {};
  const { fingerprint } = version;
  assert.match(fingerprint ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(version, { version: "0009_no_projects", index: 9, timestamp: when, dialect: "postgresql", fingerprint });
  const { tables, enums, ...rest } = schemas;
  assert.deepEqual(rest, { version: "0009_no_projects", index: 9, timestamp: when, fingerprint });
  assert.deepEqual(tables.map(({ name }) => name), ["companies", "team_members", "users"]);
  assert.deepEqual(tables[0]?.columns[3], { name: "balance", type: "numeric(14,4)", notNull: false });
  assert.deepEqual(enums, [{ name: "role", labels: ["owner", "admin", "member"] }]);
});

void test("the last migration of the database decides what is served, at each request", async () => {
  let applied: number | string | undefined = 0;
  const handlers = handlersOf(pathToFileURL(GOLDEN), { upTo: () => Promise.resolve(applied) });
  const tag = async () => (await body<VersionAnswer>(handlers.version(get()))).version;

  assert.equal(await tag(), "0000_init");
  applied = "0006_admins";
  assert.equal(await tag(), "0006_admins");
  // As a driver gives `max(created_at)`.
  applied = String(journal(GOLDEN).entries[2]?.when);
  assert.equal(await tag(), "0002_full_name");
  applied = undefined;
  assert.equal(await tag(), "0009_no_projects");
});

void test("an answer that has not changed is not sent again", async () => {
  let applied = 1;
  const handlers = handlersOf(GOLDEN, { upTo: () => applied });

  for (const endpoint of ["version", "schemas"] as const) {
    applied = 1;
    const first = await handlers[endpoint](get());
    const etag = first.headers.get("etag") ?? "";
    assert.match(etag, /^"[0-9a-f]{32}"$/);
    assert.equal(first.headers.get("cache-control"), "no-cache");
    assert.equal(first.headers.get("content-type"), "application/json");

    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await handlers[endpoint](get({ "if-none-match": known }));
      assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag], known);
    }
    // An index alone: the fingerprint is the same, the version is not.
    applied = 2;
    const changed = await handlers[endpoint](get({ "if-none-match": etag }));
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get("etag"), etag);
  }
});

void test("HEAD has the headers of GET and no body, and no other method is answered", async () => {
  const handlers = handlersOf(GOLDEN);
  const whole = await handlers.schemas(get());

  const head = await handlers.schemas(new Request("http://server/schemas", { method: "HEAD" }));
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.deepEqual([...head.headers], [...whole.headers]);

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    for (const endpoint of ["version", "schemas"] as const) {
      const refused = await handlers[endpoint](new Request("http://server/", { method }));
      assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"], method);
    }
  }
});

void test("with an envelope, answers and errors stand in it", async () => {
  const bare = createElectricHandlers({ source: drizzleFolder(GOLDEN) });
  const wrapped = createElectricHandlers({ source: drizzleFolder(GOLDEN), envelope: true, cacheControl: "max-age=5" });

  const response = await wrapped.version(get());
  assert.equal(response.headers.get("cache-control"), "max-age=5");
  assert.deepEqual(await response.json(), { success: true, data: await body(bare.version(get())) });

  const failing = createElectricHandlers({ source: drizzleFolder("nowhere"), envelope: true, onError: () => undefined });
  const failed = (await (await failing.version(get())).json()) as { success: boolean; error: { code: string } };
  assert.deepEqual([failed.success, failed.error.code], [false, "SCHEMAS_UNAVAILABLE"]);
});

void test("a folder is read again when a file in it changes", async (t) => {
  const folder = copied(t);
  const handlers = handlersOf(folder, { onWarning: () => undefined });
  const before = await body<VersionAnswer>(handlers.version(get()));

  const path = join(folder, "meta", "_journal.json");
  const entries = journal(folder).entries.slice(0, 4);
  writeFileSync(path, JSON.stringify({ ...journal(folder), entries }));
  const after = await body<VersionAnswer>(handlers.version(get()));
  assert.deepEqual([before.version, after.version], ["0009_no_projects", "0003_backfill"]);
});

void test("a messy folder is served, and its owner is told once what is wrong with it", async (t) => {
  const folder = copied(t);
  writeFileSync(join(folder, "0003_old_attempt.sql"), "DROP TABLE users;");
  for (const name of readdirSync(join(folder, "meta"))) {
    if (name.startsWith("0009") || name.startsWith("0008")) rmSync(join(folder, "meta", name));
  }
  writeFileSync(join(folder, "0008_team_members.sql"), `${readFileSync(join(folder, "0008_team_members.sql"), "utf8")};\nFROBNICATE 'secret';`);
  const warnings: string[] = [];
  const handlers = handlersOf(folder, { onWarning: (warning) => warnings.push(warning) });

  const answer = await body<ServerManifest>(handlers.schemas(get()));
  await handlers.schemas(get());

  const clean = await body<ServerManifest>(handlersOf(GOLDEN).schemas(get()));
  assert.equal(answer.fingerprint, clean.fingerprint);
  assert.deepEqual(warnings, [
    "0003_old_attempt.sql is not in the journal and is left out",
    "0008_team_members.sql, statement 8 at line 10 (no statement this library knows) could not be read and is left out",
  ]);
});

void test("inlined migrations say what the folder says, however they were inlined", async () => {
  const expected = await body(handlersOf(GOLDEN).schemas(get()));
  const paths = readdirSync(GOLDEN, { recursive: true, encoding: "utf8" }).filter((path) => /\.(sql|json)$/.test(path));
  const texts = paths.map((path) => [`../../drizzle/${path}`, readFileSync(join(GOLDEN, path), "utf8")] as const);

  const raw = Object.fromEntries(texts);
  const modules = Object.fromEntries(
    texts.map(([path, text]) => [path, { default: path.endsWith(".json") ? (JSON.parse(text) as unknown) : text }]),
  );
  for (const files of [raw, modules]) {
    const handlers = createElectricHandlers({ source: drizzleBundle(files) });
    assert.deepEqual(await body(handlers.schemas(get())), expected);
  }
});

void test("only the named tables are served", async () => {
  const handlers = handlersOf(GOLDEN, { tables: ["users"] });
  const { tables, enums } = await body<ServerManifest>(handlers.schemas(get()));
  assert.deepEqual([tables.map(({ name }) => name), enums], [["users"], []]);
});

void test("what code may read of a schema are its tables' columns, or those of the tables it carries", async () => {
  const source = drizzleFolder(GOLDEN);
  const { tables } = await source.read();

  const all = await expectsOf(source);
  assert.deepEqual(all, Object.fromEntries(tables.map(({ name, columns }) => [name, columns.map((column) => column.name)])));
  assert.deepEqual(await expectsOf(source, ["users"]), { users: all["users"] });
  for (const missing of ["projects", "constructor"]) await assert.rejects(expectsOf(source, ["users", missing]), RangeError);
});

void test("a manifest of the app's own is served as it is", async () => {
  const manifest: ServerManifest = { version: "7", tables: [{ name: "t", columns: [{ name: "id", type: "int4" }], primaryKey: ["id"] }] };
  const handlers = createElectricHandlers({ source: manifestSource(() => manifest) });
  assert.deepEqual(await body(handlers.schemas(get())), manifest);
  assert.deepEqual(await body(handlers.version(get())), { version: "7", dialect: "postgresql" });
});

void test("an error is a 500 with a code and without paths or SQL, and the server is told all of it", async (t) => {
  const keyless = copied(t);
  writeFileSync(join(keyless, "0009_no_projects.sql"), "CREATE TABLE links (a int, secret text DEFAULT 'secret');");
  rmSync(join(keyless, "meta", "0009_snapshot.json"));
  const broken = copied(t);
  writeFileSync(join(broken, "meta", "_journal.json"), "<<<<<<< HEAD secret");
  const sources = [
    [drizzleFolder(keyless), "MISSING_PRIMARY_KEY"],
    [drizzleFolder(broken), "INVALID_MANIFEST"],
    [drizzleFolder(join(keyless, "secret")), "SCHEMAS_UNAVAILABLE"],
    [drizzleFolder(keyless, { upTo: () => "secret" }), "INVALID_OPTIONS"],
    [drizzleBundle({}), "INVALID_MANIFEST"],
    [manifestSource(() => Promise.reject(new Error("secret"))), "INTERNAL"],
  ] as const;

  for (const [source, code] of sources) {
    const errors: unknown[] = [];
    const handlers = createElectricHandlers({ source, onError: (error) => errors.push(error) });
    for (const endpoint of ["version", "schemas"] as const) {
      const response = await handlers[endpoint](get());
      const text = await response.text();
      const { error } = JSON.parse(text) as { error: { code: string; message: string } };
      assert.deepEqual([response.status, error.code, response.headers.get("cache-control")], [500, code, "no-store"]);
      for (const private_ of ["secret", tmpdir(), "CREATE"]) assert.ok(!text.includes(private_), text);
    }
    assert.equal(errors.length, 2);
    assert.ok(code === "INTERNAL" || errors[0] instanceof SchemaError);
  }
});

void test("a source that failed once is asked again", async () => {
  let up = false;
  const handlers = createElectricHandlers({
    source: drizzleFolder(GOLDEN, { upTo: () => (up ? 0 : Promise.reject(new Error("no database"))) }),
    onError: () => undefined,
  });
  assert.equal((await handlers.version(get())).status, 500);
  up = true;
  assert.equal((await handlers.version(get())).status, 200);
});

// ------------------------------------------------------------------------------------------------------------ helpers

const handlersOf = (folder: string | URL, options?: DrizzleOptions): ElectricHandlers =>
  createElectricHandlers({ source: drizzleFolder(folder, options) });

const get = (headers: Record<string, string> = {}): Request => new Request("http://server/api/electric", { headers });

async function body<T>(response: Promise<Response>): Promise<T> {
  const { status, text } = await response.then(async (found) => ({ status: found.status, text: await found.text() }));
  assert.equal(status, 200, text);
  return JSON.parse(text) as T;
}

interface Journal {
  entries: { tag: string; when: number }[];
}

const journal = (folder: string): Journal => JSON.parse(readFileSync(join(folder, "meta", "_journal.json"), "utf8")) as Journal;

/** The golden folder, to be spoiled. */
function copied(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-drizzle-"));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(GOLDEN, folder, { recursive: true });
  return folder;
}
