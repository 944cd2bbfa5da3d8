/** The schema out of drizzle's migrations: a folder beside the server, or its files inlined when the server was built. */
import { readDrizzle } from "./ddl-module.js";
import type { DrizzleAnswer } from "./ddl-module.js";
import { readFolder } from "./folder.js";
import type { FolderFiles } from "./folder.js";
import type { ManifestSource } from "./manifest.js";

/** A migration: its tag, its number in the journal, or its time in milliseconds as drizzle keeps it in the database. */
export type Migration = number | string;

/** What of the migrations is served. */
export interface DrizzleOptions {
  /**
   * The last migration that the database has; all have been applied where it is missing or gives `undefined`. Asked
   * once a request: a server whose migrations run later than it starts should look into
   * `drizzle.__drizzle_migrations` and give `max(created_at)`.
   */
  upTo?: () => Migration | undefined | Promise<Migration | undefined>;
  /** The tables to serve, plain or with their schema: `users`, `crm.contacts`. All where it is missing. */
  tables?: string[];
  /** Told once of everything that is wrong with the migrations but did not keep them from being read. */
  onWarning?: (warning: string) => void;
}

/**
 * The schema out of drizzle-kit's folder, read again when its files change.
 *
 * A built server mostly does not run beside its migrations: see {@link drizzleBundle}.
 *
 * @param path the folder that holds the `.sql` files and `meta/`
 */
export function drizzleFolder(path: string | URL, options: DrizzleOptions = {}): ManifestSource {
  let last: FolderFiles | undefined;
  return source(options, async () => (last = await readFolder(path, last)));
}

/**
 * The schema out of migrations that a bundler has inlined.
 *
 * ```ts
 * /// <reference types="vite/client" />
 * import { drizzleBundle } from "electric-replica/server";
 *
 * export const source = drizzleBundle(import.meta.glob("../drizzle/**\/*.{sql,json}", { query: "?raw", import: "default", eager: true }));
 * ```
 *
 * @param files their texts by their paths; a module stands for its default export
 */
export function drizzleBundle(files: Record<string, unknown>, options: DrizzleOptions = {}): ManifestSource {
  const inlined: FolderFiles = {
    state: "inlined",
    files: Object.fromEntries(Object.entries(files).map(([path, file]) => [path, text(file)])),
  };
  return source(options, () => Promise.resolve(inlined));
}

/** How many answers are remembered while the files stay as they are; the last migration alone changes between them. */
const REMEMBERED = 8;

function source({ upTo, tables, onWarning = warn }: DrizzleOptions, read: () => Promise<FolderFiles>): ManifestSource {
  const told = new Set<string>();
  const answers = new Map<string, Promise<DrizzleAnswer>>();
  return {
    async read() {
      const migration = await upTo?.();
      const { state, files } = await read();
      const key = JSON.stringify([state, migration]);
      const known = answers.get(key);
      const answer = known ?? readDrizzle({ files, upTo: migration, tables });
      if (!known) remember(answers, key, answer);
      const { manifest, warnings } = await answer;
      for (const warning of warnings) {
        if (!told.has(warning)) onWarning(warning);
        told.add(warning);
      }
      return manifest;
    },
  };
}

function remember(answers: Map<string, Promise<DrizzleAnswer>>, key: string, answer: Promise<DrizzleAnswer>): void {
  const [oldest] = answers.keys();
  if (oldest !== undefined && answers.size >= REMEMBERED) answers.delete(oldest);
  answers.set(key, answer);
  // A module that could not be loaded may load the next time.
  answer.catch(() => answers.delete(key));
}

function text(file: unknown): string {
  if (typeof file === "string") return file;
  const exported: unknown = typeof file === "object" && file !== null && "default" in file ? file.default : file;
  return typeof exported === "string" ? exported : JSON.stringify(exported);
}

function warn(warning: string): void {
  console.warn(`electric-replica: ${warning}`);
}
