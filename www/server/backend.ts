/**
 * The demo's database side: an upstream at some migration, and the shapes over it.
 *
 * Owns: which migrations have been applied. Must not know: HTTP.
 */
import { createExternalUpstream } from './external.ts';
import { applyMigration, countApplied, type Migration, prepareMigrations } from './migrations.ts';
import { ShapeRegistry } from './shapes/registry.ts';
import { createEmbeddedUpstream, type Upstream } from './upstream.ts';

export interface BackendOptions {
  migrations: readonly Migration[];
  /** The place in the journal of the last migration applied at the start. */
  startAt: number;
  /** Statements that fill the tables of the first migration. */
  seed: string;
  noticeMs: number;
  chunkBytes: number;
  databaseUrl?: string;
}

export class Backend {
  readonly upstream: Upstream;
  /** Absent in front of a real Electric. */
  readonly shapes: ShapeRegistry | undefined;
  readonly #migrations: readonly Migration[];
  #applied: number;
  #deploying: Promise<unknown> = Promise.resolve();

  private constructor(upstream: Upstream, shapes: ShapeRegistry | undefined, migrations: readonly Migration[], applied: number) {
    this.upstream = upstream;
    this.shapes = shapes;
    this.#migrations = migrations;
    this.#applied = applied;
  }

  /** Starts the database, migrates and fills it where it is empty. */
  static async start(options: BackendOptions): Promise<Backend> {
    const { migrations, databaseUrl } = options;
    const upstream = databaseUrl === undefined ? await createEmbeddedUpstream() : await createExternalUpstream(databaseUrl);
    await prepareMigrations(upstream);
    let applied = await countApplied(upstream, migrations);
    if (applied === 0) {
      for (const migration of migrations.slice(0, Math.max(1, options.startAt + 1))) {
        await applyMigration(upstream, migration);
        // The rows are made for the first schema; later migrations carry them along.
        if (applied === 0) await upstream.exec(options.seed);
        applied += 1;
      }
    }
    const shapes = databaseUrl === undefined ? await ShapeRegistry.start(upstream, options) : undefined;
    return new Backend(upstream, shapes, migrations, applied);
  }

  /** The newest migration the database has. */
  get newest(): Migration {
    const newest = this.#migrations[this.#applied - 1];
    if (newest === undefined) throw new Error('reading the newest migration: none is applied');
    return newest;
  }

  /** The migration that `deploy` would apply. */
  get next(): Migration | undefined {
    return this.#migrations[this.#applied];
  }

  /** Applies the next migration; resolves to it, or to nothing when there is none left. */
  deploy(): Promise<Migration | undefined> {
    const deployed = this.#deploying.then(() => this.#deployNext());
    this.#deploying = deployed.catch(() => undefined);
    return deployed;
  }

  async #deployNext(): Promise<Migration | undefined> {
    const { next } = this;
    if (next === undefined) return undefined;
    await applyMigration(this.upstream, next);
    this.#applied += 1;
    return next;
  }

  async close(): Promise<void> {
    await this.shapes?.close();
    await this.upstream.close();
  }
}
