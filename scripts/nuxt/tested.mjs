/** `examples/nuxt` with one Nuxt and one Node: installed, built and in development, opened in Chromium and taken through migrations. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { step } from "../lib/narration.mjs";
import { nuxt } from "../test/layers.mjs";
import { builtTwice, installed } from "./example.mjs";

/**
 * @param {string} chromium
 * @param {object} chosen
 * @param {string | undefined} chosen.nuxt another Nuxt than the example's own
 * @param {string} chosen.node what builds and runs it
 * @param {string | undefined} chosen.in a folder in which everything is kept
 * @returns {Promise<import("../test.mjs").Tally>}
 */
export async function tested(chromium, chosen) {
  const folder = chosen.in ?? mkdtempSync(join(tmpdir(), "electric-replica-nuxt-"));
  try {
    const app = await step("Installing the example", () => installed(folder, chosen.nuxt));
    const { before, after } = await step("Building the example", () => builtTwice(app, chosen.node));
    const env = { CHROMIUM: chromium, EXAMPLE_NODE: chosen.node, EXAMPLE_APP: app, EXAMPLE_BEFORE: before, EXAMPLE_AFTER: after };
    return await step("Testing: the Nuxt module, in Chromium", () => nuxt(env));
  } finally {
    if (chosen.in === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
