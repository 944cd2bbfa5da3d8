/** The example's servers, each a process of its own, as they are built or in development. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import { eventually } from "../../node/support/world.ts";
import { atEnd } from "../../node/support/ending.ts";

/** A folder or a program that `npm run test:nuxt` names. No name begins with `NUXT_`: Nuxt would take it for a part of its runtime configuration. */
export function given(name: "EXAMPLE_APP" | "EXAMPLE_BEFORE" | "EXAMPLE_AFTER" | "EXAMPLE_NODE"): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: these tests are run by npm run test:nuxt`);
  return value;
}

export interface AppServer {
  readonly url: string;
  /** Every line it printed. */
  readonly output: string[];
}

/** Starts a built server; it has ended when the test has. */
export const startBuilt = (t: TestContext, folder: string, env: Record<string, string>): Promise<AppServer> => start(t, [join(folder, "server", "index.mjs")], folder, env);

/** Starts the development server, of somebody who has never seen Nuxt DevTools. */
export async function startDev(t: TestContext, app: string, env: Record<string, string>): Promise<AppServer> {
  const config = mkdtempSync(join(tmpdir(), "electric-replica-config-"));
  const server = await start(t, [join(app, "node_modules", "nuxt", "bin", "nuxt.mjs"), "dev", "--no-fork", "--host", "127.0.0.1"], app, { XDG_CONFIG_HOME: config, ...env });
  atEnd(t, () => rmSync(config, { recursive: true }));
  return server;
}

async function start(t: TestContext, args: string[], cwd: string, env: Record<string, string>): Promise<AppServer> {
  const port = String(await freePort());
  const child = spawn(given("EXAMPLE_NODE"), args, {
    cwd,
    env: { ...process.env, PORT: port, HOST: "127.0.0.1", NUXT_TELEMETRY_DISABLED: "1", NITRO_SHUTDOWN_DISABLED: "true", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => output.push(line));
  atEnd(t, async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    assert.equal(child.exitCode, null, output.join("\n"));
    assert.equal((await fetch(url)).status, 200, output.join("\n"));
  }, 120_000);
  return { url, output };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
