/** Reads a migrations folder from disk. Node alone has one, so its modules are imported when they are needed. */
import { SchemaError } from "./schema-error.js";

/** The files of a folder. */
export interface FolderFiles {
  /** Changes whenever a file does. */
  state: string;
  /** Their texts by their paths, with `/` between the parts. */
  files: Record<string, string>;
}

/** How many files are opened at once. */
const AT_ONCE = 32;

/**
 * Reads the `.sql` and `.json` files of a folder and of the folders in it.
 *
 * @param last what was read before: given back if no file has changed since
 * @throws {@link SchemaError} `SCHEMAS_UNAVAILABLE`
 */
export async function readFolder(folder: string | URL, last?: FolderFiles): Promise<FolderFiles> {
  try {
    return await read(folder, last);
  } catch (cause) {
    const message =
      "the migrations folder could not be read; a built server does not run beside it and takes it from `drizzleBundle`";
    throw new SchemaError("SCHEMAS_UNAVAILABLE", message, { cause });
  }
}

async function read(folder: string | URL, last: FolderFiles | undefined): Promise<FolderFiles> {
  const [{ readdir, readFile, stat }, path, { fileURLToPath }] = await Promise.all([
    import("node:fs/promises"),
    import("node:path"),
    import("node:url"),
  ]);
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const inFolder = (name: string): string => path.join(root, name);
  const names: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (isMigration(entry.name)) names.push(entry.name);
    if (!entry.isDirectory()) continue;
    const inside = await readdir(inFolder(entry.name));
    names.push(...inside.filter(isMigration).map((name) => `${entry.name}/${name}`));
  }
  names.sort();

  const stats = await each(names, async (name) => {
    const { mtimeMs, size } = await stat(inFolder(name));
    return [name, mtimeMs, size];
  });
  const state = JSON.stringify(stats);
  if (last?.state === state) return last;
  const texts = await each(names, async (name) => [name, await readFile(inFolder(name), "utf8")] as const);
  return { state, files: Object.fromEntries(texts) };
}

const isMigration = (name: string): boolean => name.endsWith(".sql") || name.endsWith(".json");

/** As `Promise.all` over `map`, a few at a time. */
async function each<T, R>(items: T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(act))));
  }
  return results;
}
