/**
 * Counts what a server is asked per second when a deploy reaches many clients at once, with the real core.
 *
 *     npm run scale                    100,000 clients, of which 4,000 are played and stand for 25 each
 *     npm run scale -- 100000 100000   every one of them played
 */
import { script } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { serve } from "./lib/process.mjs";

/** As fast as it gets, and apart from what the browser's module is built of: that is for size. */
const PROFILE = { OPT_LEVEL: "2", LTO: "false", CODEGEN_UNITS: "16", PANIC: "unwind" };

await script((args) => {
  const env = Object.fromEntries(Object.entries(PROFILE).map(([name, value]) => [`CARGO_PROFILE_RELEASE_${name}`, value]));
  const call = ["run", "--quiet", "--release", "--package", "electric-replica-tests", "--example", "scale", "--", ...args];
  return serve({ command: "cargo", args: call, env: { ...env, CARGO_TARGET_DIR: at("target", "scale") } });
});
