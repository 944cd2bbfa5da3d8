/**
 * Where measurements run: a fresh Chromium or a fresh Node for each. Nothing is attached to the browser: for a debugger that
 * listens to the network, Chromium decodes every body on the page's own thread.
 *
 * Owns: processes. Must not know: what is measured, how results are told.
 */
import { fork, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Settings } from "./database.ts";
import type { Result, Task } from "./measure.ts";

export const WHERES = ["main", "worker", "node"] as const;
export type Where = (typeof WHERES)[number];

export interface Situation {
  where: Where;
  /** `memory`, `idb` and `opfs-ahp` in a browser; `memory` and `file` in Node. */
  storage: string;
  settings: Settings;
}

export type Outcome = (Result & { peakBytes?: number }) | { error: string };

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-precise-memory-info"];
const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GIVE_UP_MS = 240_000;

/** The server every measurement loads from; it ends with this process. */
export interface Server {
  origin: string;
  /** What the next page that has measured tells. */
  outcome(): Promise<Outcome>;
  stop(): void;
}

export function startServer(): Promise<Server> {
  const child = fork(HERE("server.ts"), { execArgv: ["--import", "tsx"] });
  const next = <T>(): Promise<T> => new Promise((resolve) => child.once("message", (message) => resolve(message as T)));
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    void next<string>().then((origin) => resolve({ origin, outcome: () => next<Outcome>(), stop: () => void child.kill() }));
  });
}

/** Whether a situation can be: some storage is only for a worker, or only for Node. */
export function possible({ where, storage }: Situation): boolean {
  if (where === "node") return storage === "memory" || storage === "file";
  return storage === "memory" || storage === "idb" || (storage === "opfs-ahp" && where === "worker");
}

export function run(situation: Situation, task: Task, server: Server): Promise<Outcome> {
  const { where } = situation;
  return where === "node" ? inNode(situation, task) : inChromium({ ...situation, where }, task, server);
}

function inNode({ settings, storage }: Situation, task: Task): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(HERE("node.ts"), [JSON.stringify({ ...task, settings, storage })], { execArgv: ["--import", "tsx"], silent: true });
    let said = "";
    child.stderr?.on("data", (text) => (said = String(text)));
    const timer = setTimeout(() => child.kill(), GIVE_UP_MS);
    child.once("message", (outcome) => resolve(outcome as Outcome));
    child.once("exit", () => {
      clearTimeout(timer);
      resolve({ error: said.trim().split("\n").at(-1) ?? "the process ended" });
    });
  });
}

async function inChromium({ where, storage, settings }: Situation & { where: "main" | "worker" }, task: Task, server: Server): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const dataDir = `${storage}://${storage === "memory" ? "" : "bench"}`;
  const asked = encodeURIComponent(JSON.stringify({ ...task, where, settings, dataDir }));
  const told = server.outcome();
  const browser = spawn(process.env["CHROMIUM"] ?? "/usr/bin/chromium", [...FLAGS, `--user-data-dir=${folder}`, `${task.origin}/#${asked}`], { stdio: "ignore", detached: true });
  const ended = new Promise<Outcome>((resolve) => browser.once("exit", (code) => resolve({ error: `Chromium ended with ${code}` })));
  const outcome = await Promise.race([told, ended, gaveUp()]);
  const peakBytes = await rendererPeak(folder);
  if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, "SIGKILL");
  await ended;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  return "error" in outcome || peakBytes === undefined ? outcome : { ...outcome, peakBytes };
}

const gaveUp = (): Promise<Outcome> => new Promise((resolve) => setTimeout(() => resolve({ error: "gave up" }), GIVE_UP_MS).unref());

/** The most memory that a renderer of the browser with this profile has held, on Linux. */
async function rendererPeak(profile: string): Promise<number | undefined> {
  const found: { pid: string; parent: string; command: string; peak: number }[] = [];
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    const [command, status] = await Promise.all(["cmdline", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")));
    const parent = /^PPid:\s+(\d+)/m.exec(status ?? "")?.[1] ?? "";
    found.push({ pid, parent, command: command ?? "", peak: Number(/^VmHWM:\s+(\d+)/m.exec(status ?? "")?.[1] ?? 0) * 1024 });
  }
  const family = new Set(found.filter(({ command }) => command.includes(profile)).map(({ pid }) => pid));
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of found) if (family.has(parent)) family.add(pid);
  }
  const peaks = found.filter(({ pid, command }) => family.has(pid) && command.includes("--type=renderer")).map(({ peak }) => peak);
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}
