/**
 * The examples of the documents: those that can be are run as they stand there, against a real PGlite and the development server, and
 * of each of the others it is said what holds it true.
 */
import { leavePage, openPage } from "./examples/page.ts";

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { parse } from "vue/compiler-sfc";

import { EXAMPLES } from "./examples/documents.ts";
import type { Example } from "./examples/documents.ts";
import { FROM_THE_FIRST, IN_PAGE } from "./examples/in-page.ts";
import { ON_SERVER } from "./examples/on-server.ts";
import { appFolder, MIGRATIONS, runner } from "./examples/running.ts";
import type { Run } from "./examples/running.ts";
import { serve } from "./support/world.ts";

const CONSUMERS = "docs.test.ts compares it with what `npm run test:packaging` builds, opens and takes through a migration";

const IN_A_WORKER = "it needs a worker of a browser's; tests/e2e/tabs.test.ts opens the demo, whose www/page/database.ts and replica.ts say the same";

/** Examples that no test here runs, and what holds them true. */
const HELD_ELSEWHERE: Record<string, string> = {
  "README.md › How fast it is (2)": IN_A_WORKER,
  "README.md › How fast it is (3)": IN_A_WORKER,
  "docs/reference/electric-replica.worker.md › serveReplica()": IN_A_WORKER,
  "docs/guide/bundlers.md › Vite": CONSUMERS,
  "docs/guide/bundlers.md › webpack": CONSUMERS,
  "docs/guide/bundlers.md › esbuild": CONSUMERS,
  "docs/guide/bundlers.md › rolldown": CONSUMERS,
  "docs/guide/bundlers.md › No bundler": CONSUMERS,
  "docs/guide/deploying.md › Content security policy": "docs.test.ts compares it with the policy under which `npm run test:packaging` opens a page",
  "docs/guide/nuxt.md › In Nuxt (3)": "it needs Nuxt, which is not installed here; `npm run test:nuxt` starts examples/nuxt with the same variable",
};

/** The rows that the app has to begin with. */
const SEED = `
  insert into users (name) values ('Ada'), ('Grace'), ('Linus');
  insert into countries values ('de', 'Germany'), ('fr', 'France');
  insert into todos values (1, 7, 'ada', 'Sow'), (2, 7, 'grace', 'Mend'), (3, 8, 'ada', 'Order');
  insert into tasks (owner, title) values ('ada', 'Sow the beans'), ('grace', 'Order bulbs');
`;

const app = (t: TestContext, startAt: number) => serve(t, { migrations: MIGRATIONS, seed: SEED, startAt });

test("of each example of the documents it is decided how it is held true, and of no other", () => {
  const decided = [IN_PAGE, FROM_THE_FIRST, ON_SERVER, HELD_ELSEWHERE].flatMap((decisions) => Object.keys(decisions));

  assert.deepEqual(decided.sort(), EXAMPLES.map(({ name }) => name).sort());
});

test("each example that can be run does what its document says", async (t) => {
  const folder = appFolder(t);
  // A server's examples look for the migrations where it was started.
  const root = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(root));
  t.after(leavePage);
  const shared = await app(t, 1);

  for (const example of EXAMPLES) {
    const { name } = example;
    const alone = FROM_THE_FIRST[name];
    const run: Run | undefined = alone ?? IN_PAGE[name] ?? ON_SERVER[name];
    if (!run) continue;
    await t.test(name, async (t) => {
      const parts = runner(t, folder, example);
      const demo = alone ? await app(t, 0) : shared;
      const kept = openPage(t, demo);
      await run({ t, example, demo, kept, ...parts });
    });
  }
});

test("the examples in TypeScript compile with the package's types", (t) => {
  const folder = appFolder(t);
  const files = EXAMPLES.flatMap((example, at) => {
    const source = typeScriptOf(example);
    if (source === undefined) return [];
    const file = join("src", `example-${at}.ts`);
    writeFileSync(join(folder, file), `${source}\nexport {};\n`);
    return file;
  });
  assert.ok(files.length > 15);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable"],
    types: [],
  };
  writeFileSync(join(folder, "app.d.ts"), "declare function showBanner(text: string): void;\ndeclare function hideBanner(): void;\n");
  // What the Nuxt module has an app use without an import.
  const own = (name: string, of: string): string => `declare const ${name}: typeof import("${resolve("pkg", of)}").${name};\n`;
  const nuxt = [own("defineReplica", "nuxt/runtime/define.js"), own("defineReplicaServer", "nuxt/runtime/server/define.js"), own("useReplicaQuery", "vue/index.js")];
  writeFileSync(join(folder, "nuxt.d.ts"), nuxt.join(""));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.d.ts", "nuxt.d.ts", ...files] }));

  execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "--project", folder], { stdio: ["ignore", "inherit", "inherit"] });
});

/** As much of an example as the compiler reads. */
function typeScriptOf({ language, code }: Example): string | undefined {
  if (language === "vue") return parse(code).descriptor.scriptSetup?.content;
  return language === "ts" ? code : undefined;
}
