/**
 * A shape's initial rows, written once to files in chunks and served from there for the shape's life.
 *
 * Owns: the files and which of them are complete. Must not know: logs, handles, HTTP.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Query, Upstream } from '../upstream.ts';
import { newestChange } from './capture.ts';

/** Rows taken from the cursor at once: bounds what is in memory. */
const PAGE = 1_000;

export interface Chunk {
  path: string;
  bytes: number;
}

export class Snapshot {
  readonly #chunks: Chunk[] = [];
  readonly #directory: Promise<string>;
  /** The newest change that the snapshot already contains; infinite until that is known. */
  lastChange = Number.POSITIVE_INFINITY;
  #complete = false;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  readonly #chunkBytes: number;

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
    this.#directory = mkdtemp(join(tmpdir(), 'shape-'));
    this.#directory.catch(() => undefined);
  }

  /** Copies the rows of `sql` into chunks in one read-only transaction. */
  async write(upstream: Upstream, sql: string): Promise<void> {
    try {
      await upstream.snapshot(async (query, exec) => {
        await exec('set transaction isolation level repeatable read, read only');
        await this.#copy(query, sql);
      });
      this.#complete = true;
    } catch (cause) {
      this.#failure = cause instanceof Error ? cause : new Error('writing a snapshot', { cause });
      throw cause;
    } finally {
      this.#wake();
    }
  }

  async #copy(query: Query, sql: string): Promise<void> {
    const lastChange = await newestChange(query);
    const [horizon] = await query<{ xmin: string; xmax: string }>(
      `select pg_snapshot_xmin(s)::text as xmin, pg_snapshot_xmax(s)::text as xmax from pg_current_snapshot() s`,
    );
    const writer = new ChunkWriter(await this.#directory, this.#chunkBytes, (chunk) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    await query(`declare shape_rows no scroll cursor for ${sql}`);
    for (;;) {
      const rows = await query<Record<string, string>>(`fetch ${String(PAGE)} from shape_rows`);
      for (const row of rows) for (const message of Object.values(row)) await writer.add(message);
      if (rows.length < PAGE) break;
    }
    const end = { headers: { control: 'snapshot-end', xip_list: [], xmax: horizon?.xmax ?? '0', xmin: horizon?.xmin ?? '0' } };
    await writer.finish(JSON.stringify(end));
    this.lastChange = lastChange;
  }

  /** The chunk at `index`, once it is complete; `undefined` past the last one. */
  async chunk(index: number): Promise<Chunk | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const chunk = this.#chunks[index];
      // Until the end is known the chunk might still be growing.
      if (chunk !== undefined || this.#complete) return chunk;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when the snapshot is written or has failed. */
  async finished(): Promise<void> {
    await this.chunk(Number.MAX_SAFE_INTEGER).catch(() => undefined);
  }

  async remove(): Promise<void> {
    await rm(await this.#directory, { recursive: true, force: true });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Writes messages as JSON arrays, one a file, each a little over the wanted size. */
class ChunkWriter {
  #file: WriteStream | undefined;
  #path = '';
  #bytes = 0;
  #count = 0;

  readonly #directory: string;
  readonly #chunkBytes: number;
  readonly #onChunk: (chunk: Chunk) => void;

  constructor(directory: string, chunkBytes: number, onChunk: (chunk: Chunk) => void) {
    this.#directory = directory;
    this.#chunkBytes = chunkBytes;
    this.#onChunk = onChunk;
  }

  async add(message: string): Promise<void> {
    // A full chunk is closed by the next row, so that the end mark never stands in a chunk alone.
    if (this.#bytes >= this.#chunkBytes) await this.#close();
    await this.#put(message);
  }

  async finish(message: string): Promise<void> {
    await this.#put(message);
    await this.#close();
  }

  async #put(message: string): Promise<void> {
    if (this.#file === undefined) {
      this.#path = join(this.#directory, `${String(this.#count++)}.json`);
      this.#file = createWriteStream(this.#path);
      this.#bytes = 0;
    }
    const text = `${this.#bytes === 0 ? '[' : ','}${message}`;
    this.#bytes += Buffer.byteLength(text);
    if (!this.#file.write(text)) await once(this.#file, 'drain');
  }

  async #close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.end(']');
    await once(file, 'close');
    this.#onChunk({ path: this.#path, bytes: this.#bytes + 1 });
    this.#bytes = 0;
  }
}
