/** What a build weighs: its scripts, the WebAssembly in it, and the twins that are loaded where a file cannot be had. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { filesOf } from "./installation.ts";
import { beginningOf, MODULES } from "./modules.ts";

/** Bytes, as they are and with brotli. */
export interface Weight {
  raw: number;
  brotli: number;
}

export interface Weighed {
  /** All JavaScript but the twins. */
  scripts: Weight;
  /** Those of them that a page or a script names: esbuild lays a chunk beside them of what it has read and not kept. */
  reached: Weight;
  /** The names of other files that stand in the scripts: of modules, and of twins. */
  named: string[];
  /** The package's modules, by their names. */
  modules: Map<string, Weight>;
  /** The scripts that are twins, and how many bytes each has besides. */
  twins: { besides: number }[];
}

/** Weighs what a bundler made. */
export async function weigh(folder: string): Promise<Weighed> {
  const files = await Promise.all((await filesOf(folder)).map(async (path) => ({ name: basename(path), bytes: await readFile(path) })));
  const originals = await Promise.all(MODULES.map(async (name) => ({ name, bytes: await readFile(`pkg/wasm/${name}_bg.wasm`) })));
  const twinIn = (bytes: Buffer) => originals.find(({ name }) => bytes.includes(beginningOf(name)));

  const scripts = files.filter(({ name }) => /\.m?js$/.test(name));
  const twins = scripts.flatMap(({ name, bytes }) => {
    const original = twinIn(bytes);
    return original ? { name, besides: bytes.length - original.bytes.toString("base64").length } : [];
  });
  const others = scripts.filter(({ name }) => !twins.some((twin) => twin.name === name));
  const modules = files.flatMap(({ name, bytes }) => {
    const original = originals.find((one) => one.bytes.equals(bytes));
    return original ? { name, module: original.name, weight: weightOf(bytes) } : [];
  });
  if (new Set(modules.map(({ module }) => module)).size !== modules.length) throw new Error(`a module is there twice: ${modules.map(({ name }) => name).join(", ")}`);

  const pages = files.filter(({ name }) => name.endsWith(".html"));
  const reached = others.filter(({ name }) => [...pages, ...others].some(({ bytes }) => bytes.includes(name)));
  return {
    scripts: together(others),
    reached: together(reached),
    named: [...modules, ...twins].map(({ name }) => name).filter((name) => others.some(({ bytes }) => bytes.includes(name))),
    modules: new Map(modules.map(({ module, weight }) => [module, weight])),
    twins,
  };
}

/** What a page of it downloads of this package, in words. */
export function shown({ scripts, modules }: Weighed): string {
  const [client = 0, rebuild = 0] = ["client", "rebuild"].map((name) => modules.get(name)?.brotli ?? 0);
  const parts = [`${number(scripts.brotli)} JavaScript`, `${number(client)} client`, `${number(rebuild)} rebuild`];
  return `${number(scripts.brotli + client + rebuild)} bytes with brotli (${parts.join(", ")})`;
}

const together = (scripts: { bytes: Buffer }[]): Weight => {
  const weights = scripts.map(({ bytes }) => weightOf(bytes));
  return { raw: sum(weights.map(({ raw }) => raw)), brotli: sum(weights.map(({ brotli }) => brotli)) };
};
const weightOf = (bytes: Buffer): Weight => ({ raw: bytes.length, brotli: brotliCompressSync(bytes).length });
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const number = (value: number): string => value.toLocaleString("en");
