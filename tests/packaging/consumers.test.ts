/**
 * The packed package where apps install it. `CONSUMERS` says which of tests/packaging/consumers, separated by commas; all are,
 * where it is missing.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { CHROMIUM, FLAGS } from "../e2e/support/browser.ts";
import { serve, soon } from "../node/support/world.ts";
import type { Consumer } from "./support/consumer.ts";
import { build, install, pack, run, scratch } from "./support/installation.ts";
import { followOneMigration, seeRefused } from "./support/journey.ts";
import { startProgram } from "./support/program.ts";
import { serveFolder } from "./support/site.ts";
import { shown, weigh } from "./support/weight.ts";

/** Bytes of a script that has one small thing of the package, and what a bundler adds to every script. */
const SMALL = 2_500;
const FOLDER = "tests/packaging/consumers";
const chosen = process.env["CONSUMERS"]?.split(",") ?? readdirSync(FOLDER).flatMap((file) => /^(.+)\.ts$/.exec(file)?.[1] ?? []);
const consumers = await Promise.all(chosen.map(async (name) => [name, ((await import(`./consumers/${name}.ts`)) as { default: Consumer }).default] as const));

let root: Awaited<ReturnType<typeof scratch>>;
let tarball: string;
before(async () => {
  root = await scratch();
  tarball = await pack(root.folder);
});
after(() => root.remove());

for (const [name, consumer] of consumers) {
  describe(consumer.title, () => {
    let installed: Promise<string> | undefined;
    const folder = () => (installed ??= install(name, consumer, tarball, root.folder));
    const make = async () => (consumer.build ? build(await folder(), consumer.build) : folder());
    let app: Promise<string> | undefined;
    const made = () => (app ??= make());

    for (const way of consumer.ways) {
      test(`${way.title}: ${way.kind === "refused" ? "is told of" : "follows a migration"}`, async (t) => {
        switch (way.kind) {
          case "built": {
            const site = await serveFolder(t, await made(), way.site);
            await followOneMigration(t, site.url, way);
            assert.deepEqual(site.reports, []);
            return;
          }
          case "refused": {
            const site = await serveFolder(t, await made(), way.site);
            await seeRefused(t, site.url + way.path, way);
            await soon(() => assert.notEqual(site.reports.length, 0));
            assert.deepEqual([...new Set(site.reports.map((report) => report["blocked-uri"]))], [way.blocked]);
            return;
          }
          case "served":
            return followOneMigration(t, await startProgram(t, await folder(), way.command), way);
          case "tested": {
            const demo = await serve(t);
            const output = await run(await folder(), way.command, { VITE_SERVER: demo.url, CHROMIUM, CHROMIUM_FLAGS: FLAGS.join(" ") });
            assert.match(output, /Tests\s+1 passed \(1\)/);
            return;
          }
        }
      });
    }

    if (consumer.build) {
      test("a build of the manager has each module once, and its twin apart", async (t) => {
        const found = await weigh(await rebuilt('import { createReplicaManager } from "electric-replica"; Object.assign(window, { createReplicaManager });'));

        t.diagnostic(`${consumer.title}: ${shown(found)}`);
        assert.deepEqual([...found.modules.keys()].sort(), ["client", "ddl", "rebuild"]);
        assert.equal(found.twins.length, 3);
        assert.ok(found.twins.every(({ besides }) => besides < 2_000), "a twin is in what a page loads at once");
      });

      test("a build of one small thing has nothing of the manager", async () => {
        const found = await weigh(await rebuilt('import { replicaStartParams } from "electric-replica"; document.title = replicaStartParams.join();'));

        // Vite and esbuild lay files beside the scripts for what they have read, whether or not it is kept.
        assert.deepEqual(found.named, []);
        assert.ok(found.reached.raw > 0 && found.reached.raw < SMALL, `${found.reached.raw} bytes`);
      });
    }

    /** Another main module, built with the same configuration, in the place of the app. */
    async function rebuilt(main: string): Promise<string> {
      await writeFile(join(await folder(), "main.js"), main);
      return make();
    }
  });
}
