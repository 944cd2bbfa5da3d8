/**
 * All shapes of the server: finding and making them, feeding their logs, noticing DDL.
 *
 * DDL says nothing by itself. A table that was written before ("warm") is compared at its next write;
 * everything is compared at the reconciler's tick. Owns: which shapes live. Must not know: HTTP.
 */
import type { Upstream } from '../upstream.ts';
import { captureTable, type Change, changesAfter, forgetChanges, installCapture } from './capture.ts';
import { RequestError } from './error.ts';
import { newHandle } from './handle.ts';
import { keepMatching } from './filter.ts';
import { type Definition, Shape } from './shape.ts';
import { Snapshot } from './snapshot.ts';
import { snapshotQuery } from './statement.ts';
import { readStructure, relationColumns, sameStructure, type Structure, type TableName } from './structure.ts';

export interface RegistryOptions {
  /** Bytes after which a snapshot chunk or a log answer is cut. */
  chunkBytes: number;
  /** Milliseconds between two ticks of the reconciler; infinite for never. */
  noticeMs: number;
}

/** SQLSTATEs that say the cached structure is no longer true. */
const STALE = new Set(['42703', '42P01']);

export class ShapeRegistry {
  readonly #shapes = new Map<string, Shape>();
  readonly #making = new Map<string, Promise<Shape>>();
  /** Structures as last inspected, by qualified name: true until DDL is noticed. */
  readonly #known = new Map<string, Structure>();
  /** The relation each table's last write was seen with, by oid: its presence makes a table warm. */
  readonly #relations = new Map<number, string>();
  #lastSeen = 0;
  #consumed = 0;
  #pumping: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  readonly #upstream: Upstream;
  readonly #options: RegistryOptions;

  private constructor(upstream: Upstream, options: RegistryOptions) {
    this.#upstream = upstream;
    this.#options = options;
  }

  static async start(upstream: Upstream, options: RegistryOptions): Promise<ShapeRegistry> {
    const registry = new ShapeRegistry(upstream, options);
    await installCapture(upstream);
    const [row] = await upstream.query<{ lsn: string }>(`select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint::text as lsn`);
    registry.#lastSeen = Number(row?.lsn ?? 0);
    upstream.onWrite(() => registry.pump());
    if (Number.isFinite(options.noticeMs)) {
      registry.#timer = setInterval(() => void registry.reconcile().catch(() => undefined), options.noticeMs);
      registry.#timer.unref();
    }
    return registry;
  }

  /** The LSN up to which every shape has everything, as decimal text. */
  get lastSeen(): string {
    return String(this.#lastSeen);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pumping;
    await Promise.all([...this.#shapes.values()].map((shape) => this.#remove(shape)));
  }

  /** A table as it is known so far, inspected now when it was not yet. */
  async structure(name: TableName): Promise<Structure | undefined> {
    const key = nameKey(name);
    const known = this.#known.get(key) ?? (await readStructure(this.#upstream.query, name));
    if (known !== undefined) this.#known.set(key, known);
    return known;
  }

  /** The living shape of a definition, if there is one. */
  find(definition: Definition): Shape | undefined {
    return this.#shapes.get(definitionKey(definition));
  }

  /** The living shape of a definition, made now when there is none. */
  async findOrMake(definition: Definition): Promise<Shape> {
    const key = definitionKey(definition);
    const found = this.#shapes.get(key);
    if (found !== undefined) return found;
    const making = this.#making.get(key) ?? this.#make(definition).finally(() => this.#making.delete(key));
    this.#making.set(key, making);
    return making;
  }

  async #make(definition: Definition): Promise<Shape> {
    for (let retried = false; ; retried = true) {
      const structure = await this.structure(definition);
      if (structure === undefined) throw RequestError.unknownTable(definition);
      const missing = (definition.columns ?? []).filter((name) => !structure.columns.some((column) => column.name === name));
      if (missing.length > 0 && !retried) {
        this.#known.delete(nameKey(definition));
        continue;
      }
      if (missing.length > 0) throw RequestError.unknownColumns(missing);
      try {
        return await this.#snapshot(definition, structure);
      } catch (cause) {
        if (cause instanceof RequestError) throw cause;
        if (STALE.has(codeOf(cause)) && !retried) {
          this.#known.delete(nameKey(definition));
          continue;
        }
        if (definition.where !== undefined && codeOf(cause) !== '') throw RequestError.where((cause as Error).message);
        throw cause;
      }
    }
  }

  async #snapshot(definition: Definition, structure: Structure): Promise<Shape> {
    const sql = snapshotQuery(structure, definition.columns, definition.where);
    // Planning shows a wrong column or condition before anything is made.
    await this.#upstream.query(`explain ${sql}`);
    await captureTable(this.#upstream, structure);
    const shape = new Shape(newHandle(definitionKey(definition) + structure.relation + String(structure.oid)), definition, structure, new Snapshot(this.#options.chunkBytes));
    this.#shapes.set(definitionKey(definition), shape);
    void shape.snapshot.write(this.#upstream, sql).catch(() => this.#remove(shape));
    return shape;
  }

  /** Takes every committed change into the logs and wakes who waits. */
  pump(): Promise<void> {
    this.#pumping = this.#pumping.catch(() => undefined).then(() => this.#drain());
    return this.#pumping;
  }

  async #drain(): Promise<void> {
    // A snapshot in the making decides which changes it already holds: they are read when it is done.
    await Promise.all([...this.#shapes.values()].map((shape) => shape.snapshot.finished()));
    const leaving: Shape[] = [];
    let [txid, lsn, operation] = [0, 0, 0];
    const endTransaction = (): void => {
      for (const shape of this.#shapes.values()) shape.endTransaction(lsn, txid);
    };
    for await (const page of changesAfter(this.#upstream, this.#consumed)) {
      const seen = await keepMatching(this.#upstream, page, [...this.#shapes.values()]);
      await this.#removeAll(seen.failed);
      for (const [index, change] of page.entries()) {
        if (change.txid !== txid) {
          endTransaction();
          [txid, operation] = [change.txid, 0];
        }
        leaving.push(...(await this.#compare(change)));
        for (const shape of this.#shapes.values()) {
          if (shape.structure.oid !== change.oid || change.id <= shape.includedUpTo) continue;
          shape.add(seen.kept.get(shape)?.[index] ?? change, operation);
        }
        operation += 1;
        lsn = change.lsn;
        this.#consumed = change.id;
      }
    }
    if (txid === 0) return;
    // From here to the waking nothing is awaited: readers see a transaction whole, in every shape, or not at all.
    endTransaction();
    const changed = [...this.#shapes.values()].filter((shape) => shape.publish());
    this.#lastSeen = Math.max(this.#lastSeen, lsn);
    for (const shape of changed) shape.wake('changed');
    await this.#removeAll(leaving);
    await forgetChanges(this.#upstream, this.#consumed);
  }

  /**
   * Looks whether a write shows its table changed, and removes the shapes that this concerns.
   * Resolves to shapes that still get this write and go afterwards.
   */
  async #compare(change: Change): Promise<Shape[]> {
    const seen = this.#relations.get(change.oid);
    this.#relations.set(change.oid, change.relation);
    const shapes = [...this.#shapes.values()].filter(
      (shape) => shape.structure.oid === change.oid && change.id > shape.includedUpTo,
    );
    if (change.operation === 'TRUNCATE') {
      await this.#removeAll(shapes);
      return [];
    }
    await this.#removeAll(shapes.filter((shape) => shape.structure.table !== change.table));
    const differing = shapes.filter((shape) => !shape.removed && shape.structure.relation !== change.relation);
    if (seen === change.relation || differing.length === 0) return [];
    if (seen !== undefined) {
      this.#known.delete(nameKey(change));
      await this.#removeAll(differing.filter((shape) => concerns(shape, change.relation)));
      return [];
    }
    return this.#compareCold(change, differing);
  }

  /**
   * A cold table's first write is not compared by types: another number of columns ends the shape at
   * once, another name ends it after the write was delivered, another type passes (transcripts 02, 05, 26, 27).
   */
  async #compareCold(change: Change, differing: readonly Shape[]): Promise<Shape[]> {
    const columns = relationColumns(change.relation);
    const leaving: Shape[] = [];
    for (const shape of differing) {
      const known = relationColumns(shape.structure.relation);
      if (known.length !== columns.length) await this.#remove(shape);
      else if (known.some((column, index) => column.name !== columns[index]?.name)) leaving.push(shape);
      else shape.takesOver = true;
    }
    if (differing.some((shape) => !shape.takesOver)) this.#known.delete(nameKey(change));
    return leaving;
  }

  /** The reconciler's tick: compares every table that has a shape with the catalog. */
  async reconcile(): Promise<void> {
    await this.pump();
    for (const shape of [...this.#shapes.values()]) {
      const current = await readStructure(this.#upstream.query, shape.definition);
      const key = nameKey(shape.definition);
      if (current === undefined) this.#known.delete(key);
      else this.#known.set(key, current);
      if (shape.takesOver && current?.oid === shape.structure.oid) {
        shape.takesOver = false;
        shape.structure = current;
      }
      if (current === undefined || !sameStructure(current, shape.structure)) await this.#remove(shape);
      if (current !== undefined && this.#relations.has(current.oid)) this.#relations.set(current.oid, current.relation);
    }
    // What nobody reads is forgotten, so that a dropped table is looked for again.
    for (const key of [...this.#known.keys()]) {
      if (![...this.#shapes.values()].some((shape) => nameKey(shape.definition) === key)) this.#known.delete(key);
    }
  }

  async #removeAll(shapes: readonly Shape[]): Promise<void> {
    for (const shape of shapes) await this.#remove(shape);
  }

  async #remove(shape: Shape): Promise<void> {
    if (shape.removed) return;
    shape.removed = true;
    const key = definitionKey(shape.definition);
    if (this.#shapes.get(key) === shape) this.#shapes.delete(key);
    const known = this.#known.get(nameKey(shape.definition));
    if (known === shape.structure) this.#known.delete(nameKey(shape.definition));
    shape.wake('removed');
    await shape.snapshot.remove();
  }
}

/** Whether a changed relation matters to a shape: one with chosen columns cares for those only. */
function concerns(shape: Shape, relation: string): boolean {
  const { columns, where } = shape.definition;
  if (columns === undefined || where !== undefined) return true;
  const chosen = (text: string): string =>
    relationColumns(text)
      .filter((column) => columns.includes(column.name))
      .map((column) => column.text)
      .join();
  return chosen(shape.structure.relation) !== chosen(relation);
}

function nameKey({ schema, table }: TableName): string {
  return JSON.stringify([schema, table]);
}

function definitionKey({ schema, table, columns, where, replica }: Definition): string {
  return JSON.stringify([schema, table, columns ?? null, where ?? null, replica]);
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
