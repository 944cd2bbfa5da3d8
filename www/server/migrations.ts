/**
 * The drizzle folder, applied one migration at a time and booked the way drizzle's own migrator books it.
 *
 * Owns: the order of migrations and `drizzle.__drizzle_migrations`. Must not know: HTTP, shapes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Upstream } from './upstream.ts';

export interface Migration {
  /** Place in the journal, from 0. */
  index: number;
  tag: string;
  /** Milliseconds since 1970, as the journal says. */
  when: number;
  statements: string[];
  /** SHA-256 of the file, in hex. */
  hash: string;
}

interface Journal {
  entries: { idx: number; when: number; tag: string }[];
}

/** Reads the journal and its files, in the journal's order. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const journal = JSON.parse(await readFile(join(folder, 'meta', '_journal.json'), 'utf8')) as Journal;
  return Promise.all(
    journal.entries.map(async ({ tag, when }, index) => {
      const text = await readFile(join(folder, `${tag}.sql`), 'utf8');
      return {
        index,
        tag,
        when,
        statements: text.split('--> statement-breakpoint'),
        hash: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
}

/** Runs one migration and books it, in one transaction. */
export async function applyMigration(upstream: Upstream, migration: Migration): Promise<void> {
  await upstream.transaction(async (query, exec) => {
    for (const statement of migration.statements) await exec(statement);
    await query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [migration.hash, migration.when]);
  });
}

/** Makes drizzle's own table where it is missing. */
export async function prepareMigrations(upstream: Upstream): Promise<void> {
  await upstream.exec(`create schema if not exists drizzle;
    create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`);
}

/** The number of migrations the database has, by drizzle's rule: all that are not younger than the newest booked. */
export async function countApplied(upstream: Upstream, migrations: readonly Migration[]): Promise<number> {
  const [row] = await upstream.query<{ newest: string | null }>(
    'select max(created_at)::text as newest from drizzle.__drizzle_migrations',
  );
  const newest = Number(row?.newest ?? Number.NEGATIVE_INFINITY);
  return row?.newest == null ? 0 : migrations.filter((migration) => migration.when <= newest).length;
}
