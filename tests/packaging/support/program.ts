/** A program of a consumer's that serves its app until it is stopped: a development server, a preview. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import { cleanEnv, programIn } from "./installation.ts";

const ADDRESS = /https?:\/\/[^\s/]+:\d+/;
/** Milliseconds until a program that has not printed its address counts as hanging. */
const PATIENCE = 120_000;
/** Milliseconds that it gets to end by itself. */
const FAREWELL = 5_000;

/** Starts a program and resolves to the first address that it prints. It is stopped at the end of the test, with what it started. */
export async function startProgram(t: TestContext, cwd: string, command: readonly [string, ...string[]], env: Record<string, string> = {}): Promise<string> {
  const [program, ...args] = command;
  // A group of its own, so that its children end with it.
  const child = spawn(programIn(cwd, program), args, { cwd, env: { ...cleanEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const ended = once(child, "close");
  const output: string[] = [];
  t.after(async () => {
    signal(child.pid, "SIGTERM");
    const late = setTimeout(() => signal(child.pid, "SIGKILL"), FAREWELL);
    await ended;
    clearTimeout(late);
  });

  return new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${command.join(" ")} ${why}\n${output.join("\n")}`));
    const timer = setTimeout(() => fail("printed no address"), PATIENCE);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        output.push(line);
        const [address] = ADDRESS.exec(line) ?? [];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    }
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      fail("ended before it printed an address");
    });
  });
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended already.
  }
}
