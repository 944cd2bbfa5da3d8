/**
 * One shape: its definition, its snapshot, its log, and who waits for it.
 *
 * Owns: the log's order. Must not know: the catalog, other shapes, HTTP.
 */
import { type Message, messagesOf, messageText, type Replica, type SeenChange } from './message.ts';
import { formatOffset, isAfter } from './offset.ts';
import type { Snapshot } from './snapshot.ts';
import type { Structure, TableName } from './structure.ts';

/** What a request asks for; equal definitions share one shape. */
export interface Definition extends TableName {
  columns?: readonly string[];
  where?: string;
  replica: Replica;
}

export interface LogEntry {
  lsn: number;
  position: number;
  text: string;
}

export interface LogPage {
  entries: LogEntry[];
  /** Whether nothing is left after these entries. */
  complete: boolean;
}

/** Why a waiting request was woken. */
export type Wake = 'changed' | 'removed' | 'idle';

/** A message of a transaction that is still being read. */
interface Pending {
  message: Message;
  change: SeenChange;
  position: number;
}

export class Shape {
  readonly log: LogEntry[] = [];
  removed = false;
  /** Set when a write showed a change of type that Electric lets pass: the next tick takes it over. */
  takesOver = false;
  #staged: LogEntry[] = [];
  #open: Pending[] = [];
  readonly #waiting = new Set<(wake: Wake) => void>();

  readonly handle: string;
  readonly definition: Definition;
  /** What the table looked like when the shape was made, or what was silently taken over since. */
  structure: Structure;
  readonly snapshot: Snapshot;

  constructor(handle: string, definition: Definition, structure: Structure, snapshot: Snapshot) {
    this.handle = handle;
    this.definition = definition;
    this.structure = structure;
    this.snapshot = snapshot;
  }

  /** Changes up to this id are in the snapshot already; infinite while it is being written. */
  get includedUpTo(): number {
    return this.snapshot.lastChange;
  }

  /** Adds what this shape sees of a change, the `operation`th of its transaction. */
  add(change: SeenChange, operation: number): void {
    const view = { structure: this.structure, replica: this.definition.replica, ...columnsOf(this.definition) };
    for (const message of messagesOf(change, view)) {
      // Two places an operation: a changed key becomes a delete and an insert.
      this.#open.push({ message, change, position: operation * 2 + message.step });
    }
  }

  /** Ends a transaction: all its messages carry its LSN, the newest is marked as the last. */
  endTransaction(lsn: number, txid: number): void {
    const newest = this.#open.length - 1;
    for (const [index, { message, change, position }] of this.#open.entries()) {
      const text = messageText(message, { lsn, position, txid, last: index === newest }, change);
      this.#staged.push({ lsn, position, text });
    }
    this.#open = [];
  }

  /** Makes everything added readable at once; says whether there was anything. */
  publish(): boolean {
    const staged = this.#staged;
    this.#staged = [];
    for (const entry of staged) this.log.push(entry);
    return staged.length > 0;
  }

  /** The log after a place, cut where it grows past `maxBytes`. */
  after(lsn: number, position: number, maxBytes: number): LogPage {
    const start = this.log.findIndex((entry) => isAfter(entry, lsn, position));
    if (start < 0) return { entries: [], complete: true };
    let end = start;
    for (let bytes = 0; end < this.log.length && bytes < maxBytes; end++) bytes += this.log[end]?.text.length ?? 0;
    return { entries: this.log.slice(start, end), complete: end === this.log.length };
  }

  /** The newest place this shape knows. */
  get end(): string {
    const last = this.log[this.log.length - 1];
    return last === undefined ? '0_inf' : formatOffset(last.lsn, last.position);
  }

  /** Resolves at the next change, at removal, or as idle after `ms`. */
  async wait(ms: number, signal: AbortSignal): Promise<Wake> {
    return new Promise((resolve) => {
      const done = (wake: Wake): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', idle);
        resolve(wake);
      };
      const idle = (): void => done('idle');
      const timer = setTimeout(idle, ms);
      this.#waiting.add(done);
      if (signal.aborted) idle();
      else signal.addEventListener('abort', idle);
    });
  }

  wake(wake: Wake): void {
    for (const done of [...this.#waiting]) done(wake);
  }
}

function columnsOf(definition: Definition): { columns?: readonly string[] } {
  return definition.columns === undefined ? {} : { columns: definition.columns };
}
