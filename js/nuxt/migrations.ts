/**
 * The migrations while an app is built.
 *
 * Owns: what is read of them then. Must not know: Nuxt, or what a migration means.
 */
import { drizzleBundle } from "../server/drizzle.js";
import { expectsOf } from "../server/expectation.js";
import { readFolder } from "../server/folder.js";
import type { ManifestSource } from "../server/manifest.js";

/** A folder of migrations. */
export interface Migrations {
  readonly folder: string;
  /** Its texts by their paths. */
  files(): Promise<Record<string, string>>;
  /** What is wrong with it but does not keep it from being read. @throws SchemaError for what does */
  check(): Promise<string[]>;
  /** The tables and columns that it makes. @throws SchemaError */
  expects(): Promise<Record<string, string[]>>;
}

/** @param tables those that are served; all where it is missing */
export function migrationsOf(folder: string, tables?: string[]): Migrations {
  const files = async (): Promise<Record<string, string>> => (await readFolder(folder)).files;
  const source = async (onWarning: (warning: string) => void): Promise<ManifestSource> => drizzleBundle(await files(), { onWarning, ...(tables ? { tables } : {}) });
  return {
    folder,
    files,
    async check() {
      const warnings: string[] = [];
      await (await source((warning) => warnings.push(warning))).read();
      return warnings;
    },
    // What is wrong is told by `check()`.
    expects: async () => expectsOf(await source(() => undefined)),
  };
}
