/**
 * Where measurements run: a fresh Chromium or a fresh Node for each.
 *
 * Owns: processes. Must not know: what is measured, how results are told.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

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

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GIVE_UP_MS = 240_000;

/** Starts the server every measurement loads from; it ends with this process. */
export function startServer(): Promise<{ origin: string; server: ChildProcess }> {
  const server = fork(HERE("server.ts"), { execArgv: ["--import", "tsx"] });
  return new Promise((resolve, reject) => {
    server.once("message", (origin) => resolve({ origin: origin as string, server }));
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

/** Whether a situation can be: some storage is only for a worker, or only for Node. */
export function possible({ where, storage }: Situation): boolean {
  if (where === "node") return storage === "memory" || storage === "file";
  return storage === "memory" || storage === "idb" || (storage === "opfs-ahp" && where === "worker");
}

export function run(situation: Situation, task: Task): Promise<Outcome> {
  const { where } = situation;
  return where === "node" ? inNode(situation, task) : inChromium({ ...situation, where }, task);
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

async function inChromium({ where, storage, settings }: Situation & { where: "main" | "worker" }, task: Task): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
  });
  try {
    const page = await context.newPage();
    await page.goto(task.origin);
    await page.waitForFunction("window.measure");
    const dataDir = `${storage}://${storage === "memory" ? "" : "bench"}`;
    const measured = page.evaluate((argument) => window.measure(argument), { ...task, where, settings, dataDir });
    const result = await within(measured);
    const peakBytes = await rendererPeak(folder);
    return peakBytes === undefined ? result : { ...result, peakBytes };
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    return { error: (line ?? "").replace("page.evaluate: ", "") };
  } finally {
    await context.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function within<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("gave up")), GIVE_UP_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

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
