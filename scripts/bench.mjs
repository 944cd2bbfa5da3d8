/**
 * Measures loads against pglite-sync and against what PGlite can take. Builds what is missing first.
 *
 *     npm run bench -- --help
 */
import { build } from "./build.mjs";
import { script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at, bin } from "./lib/paths.mjs";
import { run, serve } from "./lib/process.mjs";
import { once } from "./lib/stamp.mjs";
import { browser } from "./setup/browser.mjs";

/** What the page is made of. */
const PAGE = ["page", "candidates", "measures", "measure.ts", "database.ts", "load.ts", "rows.ts", "random.ts", "checksum.ts", "marker.ts"].map((path) => `bench/${path}`);

await script(async (args) => {
  await build();
  const made = { inputs: [...PAGE, "pkg", "package-lock.json"], outputs: ["bench/dist/index.html"] };
  const config = at("bench", "page", "vite.config.ts");
  const work = () => run({ command: bin("vite"), args: ["build", "--config", config, "--logLevel", "error", at("bench", "page")] });
  await step("Building the bench's page", () => once("bench page", made, work));
  const { chromium } = await browser();
  return serve({ command: process.execPath, args: ["--import", "tsx", at("bench", "main.ts"), ...args], env: { CHROMIUM: chromium } });
});
