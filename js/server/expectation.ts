/** What an app's code reads, taken down while it is built. */
import type { ManifestSource } from "./manifest.js";

/**
 * The tables and columns of a schema, as the option `expects` takes them. A bundler's configuration puts them into the
 * code that is built for that schema:
 *
 * ```ts
 * // vite.config.ts
 * import { drizzleFolder, expectsOf } from "electric-replica/server";
 * import { defineConfig } from "vite";
 *
 * const expects = await expectsOf(drizzleFolder("./drizzle"));
 *
 * export default defineConfig({ define: { __EXPECTS__: JSON.stringify(expects) } });
 * ```
 *
 * A schema that only grows goes on to fit the code; one that lacks any of them does not. The manifest's own
 * `fingerprint` is for code that any change would break.
 *
 * @param source the schema that the code is built for
 * @param tables those that the app carries; all where it is missing
 * @throws {@link SchemaError}
 * @throws RangeError for a table that the schema does not have
 */
export async function expectsOf(source: ManifestSource, tables?: readonly string[]): Promise<Record<string, string[]>> {
  const manifest = await source.read();
  const expected = Object.fromEntries(manifest.tables.map((table) => [table.name, table.columns.map((column) => column.name)]));
  return tables ? Object.fromEntries(tables.map((name) => [name, columnsOf(expected, name)])) : expected;
}

function columnsOf(expected: Record<string, string[]>, name: string): string[] {
  if (!Object.hasOwn(expected, name)) throw new RangeError(`the schema has no table ${JSON.stringify(name)}`);
  return expected[name] ?? [];
}
