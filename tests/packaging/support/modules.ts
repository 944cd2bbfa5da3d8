/** The package's WebAssembly modules, and how they are known again wherever a bundler puts them. */
import { readFileSync } from "node:fs";

/** By the names of their files. */
export const MODULES = ["client", "rebuild", "ddl"];
/** How many letters of a twin's beginning are enough to know it by. */
const KNOWN = 400;
const beginnings = new Map<string, string>();

/** How a module begins in base64, which no bundler changes. */
export function beginningOf(name: string): string {
  const beginning = beginnings.get(name) ?? readFileSync(`pkg/wasm/${name}_bg.wasm`).toString("base64").slice(0, KNOWN);
  beginnings.set(name, beginning);
  return beginning;
}
