/** Runs an example as it stands in its document, as Vite runs an app's modules in development. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";

import type { PGlite } from "@electric-sql/pglite";
import type { ReplicaManager } from "electric-replica";
import { runnerImport } from "vite";
import { compileScript, parse } from "vue/compiler-sfc";

import type { Demo } from "../../../www/server/demo.ts";
import type { Example } from "./documents.ts";

/** What running one example is given. */
export interface Running {
  t: TestContext;
  example: Example;
  /** A server that has all migrations of the app. */
  demo: Demo;
  /** The PGlites that the example has opened. */
  kept: readonly PGlite[];
  /** Runs the example, and gives what it has under these names. A manager among them is closed with the test. */
  run: <Names extends object>(...names: (keyof Names & string)[]) => Promise<Names>;
  /** Closes a manager with the test, before its database. */
  keep: (manager: ReplicaManager) => void;
}

export type Run = (running: Running) => Promise<void>;

/** The folder of drizzle's migrations of the app that the documents speak of. */
export const MIGRATIONS = resolve("tests/node/examples/drizzle");

/** A folder inside the repository, from where the package is found by its name; the app's migrations are in it. */
export function appFolder(t: TestContext): string {
  mkdirSync(".cache", { recursive: true });
  const folder = resolve(mkdtempSync(join(".cache", "examples-")));
  mkdirSync(join(folder, "src"));
  symlinkSync(MIGRATIONS, join(folder, "drizzle"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Its code as a module. What Nuxt imports by itself is imported. */
export function moduleOf({ name, language, code }: Example): string {
  if (language !== "vue") return code;
  const { descriptor } = parse(code);
  const { content } = compileScript(descriptor, { id: name, inlineTemplate: true });
  return `import { useReplicaQuery } from "electric-replica/vue";\n${content}`;
}

/** What runs an example in the folder of an app. */
export function runner(t: TestContext, folder: string, example: Example): Pick<Running, "run" | "keep"> {
  const managers: ReplicaManager[] = [];
  t.after(() => Promise.all(managers.map((manager) => manager.close())));
  const run = async <Names extends object>(...names: string[]): Promise<Names> => {
    const file = join(folder, "src", `${example.name.replaceAll(/\W+/g, "-")}.ts`);
    const hidden = names.filter((name) => name !== "default" && !new RegExp(`^export .*\\b${name}\\b`, "m").test(example.code));
    writeFileSync(file, `${moduleOf(example)}\nexport { ${hidden.join(", ")} };\n`);
    const { module } = await runnerImport<Names>(file, { configFile: false, root: folder, logLevel: "error" });
    managers.push(...Object.values(module).filter(isManager));
    return module;
  };
  return { run, keep: (manager) => void managers.push(manager) };
}

/** Sets what an example has from elsewhere, until the test ends. */
export function given(t: TestContext, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name) ?? { configurable: true, value: undefined };
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => Object.defineProperty(globalThis, name, before));
  }
}

const isManager = (value: unknown): value is ReplicaManager => typeof value === "object" && value !== null && "checkAndMigrate" in value && "close" in value;
