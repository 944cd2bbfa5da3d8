/** What a migration does, in a few words for the page. */
import type { Migration } from './migrations.ts';

const KINDS: readonly [pattern: RegExp, words: (match: RegExpExecArray) => string][] = [
  [/ADD COLUMN "(\w+)" (\w+)/, ([, column = '', type = '']) => `adds the column ${column} (${type})`],
  [/DROP COLUMN "(\w+)"/, ([, column = '']) => `drops the column ${column}`],
  [/RENAME COLUMN "(\w+)" TO "(\w+)"/, ([, from = '', to = '']) => `renames ${from} to ${to}`],
  [/ALTER COLUMN "(\w+)" SET DATA TYPE (\w+)/, ([, column = '', type = '']) => `changes ${column} to ${type}`],
  [/ALTER TYPE [\w".]+ ADD VALUE '(\w+)'/, ([, label = '']) => `adds the enum label ${label}`],
  [/CREATE TABLE "(\w+)"/, ([, table = '']) => `creates the table ${table}`],
  [/CREATE (?:UNIQUE )?INDEX "(\w+)"/, ([, index = '']) => `adds the index ${index}: no change of structure that a reader sees`],
  [/UPDATE "(\w+)"/, ([, table = '']) => `changes rows of ${table}: data only`],
];

export function describeMigration(migration: Migration): string {
  const text = migration.statements.join('\n');
  for (const [pattern, words] of KINDS) {
    const match = pattern.exec(text);
    if (match !== null) return words(match);
  }
  return 'changes the database';
}
