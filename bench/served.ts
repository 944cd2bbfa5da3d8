/**
 * One load as it is served: the snapshots of its tables, the log that follows once it is released, and the schema's version.
 *
 * Owns: which body belongs to which request, and what was asked. Must not know: HTTP, who asks.
 */
import { changes, type Changes, type Entry } from "./changes.ts";
import { nameOf, tablesOf } from "./load.ts";
import type { Load } from "./load.ts";
import { ADDED, COLUMNS, copyLine, message, row, schemaHeader } from "./rows.ts";
import type { Column } from "./rows.ts";

/** Where Electric cuts a snapshot. */
const CHUNK_BYTES = 10_485_760;
/**
 * Where an answer with changes ends, at the end of a transaction. Electric cuts its log where it does snapshots; but changes
 * come one transaction after another, and each live answer brings those of the moment, up to date at its time.
 */
const LOG_BYTES = 1_048_576;
const LONG_POLL_MS = 20_000;
/** How far the server had read its log when the snapshots were made. */
const SEEN = "1000";

/** `same`: a new version of the same structure; `column`: the first table has one more. */
export const DEPLOYS = ["same", "column"] as const;
export type Deploy = (typeof DEPLOYS)[number];

/** What was asked since the last reset. */
export interface Tally {
  version: number;
  schemas: number;
  shape: number;
  /** Of the bodies of shapes. */
  shapeBytes: number;
  /** In the snapshots that were sent. */
  shapeRows: number;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

interface Snapshot {
  chunks: { body: Buffer; rows: number }[];
  copy: Buffer;
}

export class Served {
  readonly load: Load;
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #waiting = new Set<() => void>();
  #changes: { count: number; made: Changes } | undefined;
  #released = false;
  #version = 1;
  #hasAdded = false;
  tally: Tally = nothing();

  constructor(load: Load) {
    this.load = load;
  }

  /** As it was at first, for the next who loads it. */
  reset(): void {
    this.#released = false;
    this.#version = 1;
    this.#hasAdded = false;
    this.tally = nothing();
  }

  /** Makes all that can be asked for, so that nobody waits for it later. */
  prepare(count: number): { shapeBytes: number; copyBytes: number } {
    const made = tablesOf(this.load).map((table) => this.#snapshot(table));
    if (count > 0 && this.#changes?.count !== count) this.#changes = { count, made: changes(tablesOf(this.load)[0] ?? "", this.load.rows, count) };
    const shapeBytes = made.flatMap(({ chunks }) => chunks).reduce((sum, { body }) => sum + body.length, 0);
    return { shapeBytes, copyBytes: made.reduce((sum, { copy }) => sum + copy.length, 0) };
  }

  /** Commits the changes: whoever waits for something new is answered. Says what the table is to be in the end. */
  release(): Changes["end"] {
    if (!this.#changes) throw new Error("no changes were prepared");
    this.#released = true;
    for (const wake of [...this.#waiting]) wake();
    return this.#changes.made.end;
  }

  /** Electric notices a deploy at a table's next write or within a minute: requests that wait already go on waiting. */
  deploy(deploy: Deploy): void {
    // Before the deploy is told, as an old snapshot is: making one takes longer than serving it.
    if (deploy === "column") this.#snapshot(tablesOf(this.load)[0] ?? "", true);
    this.#version += 1;
    this.#hasAdded ||= deploy === "column";
  }

  copyOf(table: string): Buffer {
    return this.#snapshot(table).copy;
  }

  version(): string {
    this.tally.version += 1;
    return JSON.stringify({ version: this.#versionName(), index: this.#version, timestamp: this.#version });
  }

  schemas(): string {
    this.tally.schemas += 1;
    const tables = tablesOf(this.load).map((name) => ({ schema: "public", name, primaryKey: ["id"], columns: this.#columns(name), indexes: [] }));
    return JSON.stringify({ version: this.#versionName(), tables, enums: [] });
  }

  async shape(query: URLSearchParams, gone: AbortSignal): Promise<Answer> {
    this.tally.shape += 1;
    const answer = await this.#answer(query, gone);
    this.tally.shapeBytes += answer.body.length;
    return answer;
  }

  async #answer(query: URLSearchParams, gone: AbortSignal): Promise<Answer> {
    const table = (query.get("table") ?? "").replaceAll(/"|public\./g, "");
    const offset = query.get("offset") ?? "-1";
    const live = query.has("live") && query.get("live") !== "false";
    const handle = `${table}-${this.#isAdded(table) ? "1795155462267976" : "1795155462267975"}`;
    if (offset !== "-1" && query.get("handle") !== handle) {
      return { status: 409, headers: { "electric-handle": handle }, body: '[{"headers":{"control":"must-refetch"}}]' };
    }
    const head = (end: string, hasData: boolean): Record<string, string> => ({
      etag: `"${handle}:${offset}:${end}"`,
      "electric-handle": handle,
      "electric-offset": end,
      "electric-has-data": String(hasData),
      ...(live ? { "electric-cursor": "60000000" } : { "electric-schema": schemaHeader(this.#columns(table)) }),
    });
    const { chunks } = this.#snapshot(table, this.#isAdded(table));
    const at = offset === "-1" ? 0 : /^0_\d+$/.test(offset) ? Number(offset.slice(2)) + 1 : chunks.length;
    const chunk = chunks[at];
    if (chunk) {
      this.tally.shapeRows += chunk.rows;
      return { status: 200, headers: head(`0_${at}`, true), body: chunk.body };
    }
    if (live && this.#after(table, offset).length === 0) await this.#news(gone);
    const entries = this.#after(table, offset);
    const last = entries.at(-1);
    const end = last ? `${last.lsn}_${last.position}` : offset.startsWith("0_") ? "0_inf" : offset;
    const seen = last ? String(last.lsn) : end === "0_inf" ? SEEN : (end.split("_")[0] ?? SEEN);
    const upToDate = JSON.stringify({ headers: { control: "up-to-date", global_last_seen_lsn: seen } });
    const body = `[${[...entries.map(({ text }) => text), upToDate].join(",")}]`;
    return { status: 200, headers: { ...head(end, last !== undefined || !live), "electric-up-to-date": "" }, body };
  }

  /** What an answer brings of the log after a place. */
  #after(table: string, offset: string): Entry[] {
    if (!this.#released || table !== tablesOf(this.load)[0]) return [];
    const [lsn, position] = offset.startsWith("0_") ? [0, 0] : offset.split("_").map(Number);
    const log = this.#changes?.made.log ?? [];
    const start = log.findIndex((entry) => entry.lsn > (lsn ?? 0) || (entry.lsn === lsn && entry.position > (position ?? 0)));
    if (start < 0) return [];
    let end = start;
    for (let bytes = 0; end < log.length; end += 1) {
      if (bytes >= LOG_BYTES && log[end - 1]?.last === true) break;
      bytes += log[end]?.text.length ?? 0;
    }
    return log.slice(start, end);
  }

  #news(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, LONG_POLL_MS);
      this.#waiting.add(done);
      gone.addEventListener("abort", done);
    });
  }

  #versionName(): string {
    return `${String(this.#version).padStart(4, "0")}_bench`;
  }

  #isAdded(table: string): boolean {
    return this.#hasAdded && table === tablesOf(this.load)[0];
  }

  #columns(table: string): readonly Column[] {
    return this.#isAdded(table) ? [...COLUMNS, ADDED] : COLUMNS;
  }

  #snapshot(table: string, added = false): Snapshot {
    const name = added ? `${table}+` : table;
    const found = this.#snapshots.get(name);
    if (found) return found;
    const made = snapshot(table, Number(table.slice("items_".length)) * this.load.rows, this.load.rows, added);
    this.#snapshots.set(name, made);
    return made;
  }
}

const nothing = (): Tally => ({ version: 0, schemas: 0, shape: 0, shapeBytes: 0, shapeRows: 0 });

function snapshot(table: string, first: number, rows: number, added: boolean): Snapshot {
  const chunks: Snapshot["chunks"] = [];
  const copy: Buffer[] = [];
  let parts: string[] = [];
  let bytes = 0;
  const close = (end: readonly string[]): void => {
    chunks.push({ body: Buffer.from(`[${[...parts, ...end].join(",")}]`), rows: parts.length });
    parts = [];
    bytes = 0;
  };
  for (let at = first; at < first + rows; at += 1) {
    const values = row(at);
    const text = message(table, added ? { ...values, [ADDED.name]: at % 3 === 0 ? null : `added ${at}` } : values);
    if (bytes >= CHUNK_BYTES) close([]);
    parts.push(text);
    bytes += Buffer.byteLength(text) + 1;
    if (!added) copy.push(Buffer.from(copyLine(values)));
  }
  close([JSON.stringify({ headers: { control: "snapshot-end", xip_list: [], xmax: "900", xmin: "900" } })]);
  return { chunks, copy: Buffer.concat(copy) };
}

/** The newest load; an older one's memory is let go of. */
let newest: Served | undefined;

export function served(load: Load): Served {
  if (!newest || nameOf(newest.load) !== nameOf(load)) newest = new Served(load);
  return newest;
}
