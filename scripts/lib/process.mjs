/** Child processes: the only place that starts one. */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

import { Failure } from "./failure.mjs";
import { elapsed, say } from "./narration.mjs";
import { ROOT } from "./paths.mjs";

/**
 * A program to start.
 * @typedef {{ command: string, args: string[], env?: Record<string, string>, cwd?: string }} Call
 */

const HEARTBEAT_MS = 20_000;
const ORPHAN_CHECK_MS = 500;
/** Lines of a quiet program's output that are shown when it fails. */
const TAIL = 25;

/** @param {string} name @returns {string | undefined} the program's path, if it is on PATH */
export function which(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (isProgram(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Asks a program something short. A program that is missing or fails answers `undefined`. @param {string} command @param {string[]} args */
export function ask(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout.trim() : undefined;
}

/** Runs a program whose output is for the person to read. @param {Call} call */
export async function run(call) {
  const code = await exit(call, start(call, ["inherit", 2, 2]));
  if (code !== 0) throw new Failure(`${shown(call)} ended with exit code ${code}: see its output above`);
}

/**
 * Runs a long program quietly: a sign of life now and then, its last lines if it fails.
 *
 * @param {string} what what is being done, for the sign of life
 * @param {Call} call
 */
export async function runQuietly(what, call) {
  const began = performance.now();
  /** @type {string[]} */
  const tail = [];
  const heartbeat = setInterval(() => say(`… ${what}, ${elapsed(began)}${tail.length ? `: ${tail.at(-1)?.trim()}` : ""}`), HEARTBEAT_MS);
  try {
    const code = await watch(call, (line) => {
      if (line.trim() !== "") tail.push(line);
      if (tail.length > TAIL) tail.shift();
    });
    if (code !== 0) throw new Failure(`${what}: ${shown(call)} ended with exit code ${code}\n${tail.map((line) => `    ${line}`).join("\n")}`);
  } finally {
    clearInterval(heartbeat);
  }
}

/**
 * Runs a program and hands over each line it prints, of either stream.
 *
 * @param {Call} call
 * @param {(line: string) => void} onLine
 * @returns {Promise<number>} its exit code
 */
export async function watch(call, onLine) {
  const child = start(call, ["ignore", "pipe", "pipe"]);
  const code = exit(call, child);
  const streams = [child.stdout, child.stderr].map(async (stream) => {
    if (stream) for await (const line of createInterface({ input: stream })) onLine(line);
  });
  const result = await code;
  await Promise.all(streams);
  return result;
}

/**
 * Runs a program that goes on until it is stopped; what stops us stops it.
 *
 * @param {Call} call
 * @returns {Promise<number>} its exit code
 */
export async function serve(call) {
  const child = start(call, ["inherit", "inherit", "inherit"]);
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => child.kill(signal));

  // npm starts us through a shell that passes no signal on: when npm is killed, all we see is another parent.
  const parent = process.ppid;
  const orphaned = process.env.npm_lifecycle_event && setInterval(() => process.ppid !== parent && child.kill(), ORPHAN_CHECK_MS);
  return exit(call, child).finally(() => clearInterval(orphaned || undefined));
}

/** @param {Call} call @param {import("node:child_process").StdioOptions} stdio */
const start = ({ command, args, env, cwd }, stdio) => spawn(command, args, { cwd: cwd ?? ROOT, env: { ...process.env, ...env }, stdio });

/** @param {Call} call @param {import("node:child_process").ChildProcess} child @returns {Promise<number>} */
function exit(call, child) {
  return new Promise((resolve, reject) => {
    child.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      const missing = error.code === "ENOENT";
      reject(new Failure(missing ? `${call.command} is not on this machine, or not on its PATH` : `starting ${call.command}: ${error.message}`));
    });
    child.once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}

/** @param {Call} call */
const shown = ({ command, args }) => `\`${[command.replace(`${ROOT}/`, ""), ...args].join(" ").replaceAll(`${ROOT}/`, "")}\``;
