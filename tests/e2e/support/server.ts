/** A server of our own for one test, as a process of its own: what it prints, where it listens, that it does not fall over. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { atEnd } from "../../node/support/ending.ts";

const ADDRESS = /https?:\/\/[^\s/]+:\d+/;

export interface TestServer {
  /** The first address it printed, without a path: `http://localhost:4321`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves when its process has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Every line it printed until now. */
  readonly output: readonly string[];
  /** Stops it now instead of at the end of the test. */
  stop(): Promise<void>;
}

/**
 * Runs a TypeScript or JavaScript file with Node and waits until it prints its address. `PORT` is 0: any free one.
 * The test fails if the server ends by itself.
 *
 * @param script its path, from the root of the repository
 */
export async function startServer(test: TestContext, script: string, env: Record<string, string> = {}): Promise<TestServer> {
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close").then(() => undefined);
  const output: string[] = [];
  let stopping = false;

  const stop = async () => {
    stopping = true;
    child.kill("SIGTERM");
    await ended;
  };
  atEnd(test, async () => {
    if (child.exitCode === null && child.signalCode === null) await stop();
    assert.ok(stopping, `${script} ended by itself:\n${output.join("\n")}`);
  });

  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output.push(line);
        const address = stream === child.stdout ? ADDRESS.exec(line) : null;
        if (address) resolve(address[0]);
      });
    }
    child.once("error", reject);
    child.once("close", () => {
      reject(new Error(`${script} ended before it printed an address:\n${output.join("\n")}`));
    });
  });
  return { url, pid: child.pid ?? 0, ended, output, stop };
}
