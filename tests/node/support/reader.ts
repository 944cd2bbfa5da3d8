/** A strict reader of one shape: whatever overlaps or is missing between snapshot and log is an error. */
import assert from 'node:assert/strict';
import type { Demo } from '../../../www/server/demo.ts';
import { ask } from './replay.ts';

export type Row = Record<string, string | null>;

interface Message {
  key?: string;
  value?: Row;
  old_value?: Row;
  headers: {
    operation?: 'insert' | 'update' | 'delete';
    control?: string;
    lsn?: string;
    op_position?: number;
    last?: boolean;
    global_last_seen_lsn?: string;
    key_change_to?: string;
    key_change_from?: string;
  };
}

export class Reader {
  readonly rows = new Map<string, Row>();
  readonly messages: Message[] = [];
  offset = '-1';
  handle = '';
  schema = '';
  #demo: Demo;
  #query: string;

  constructor(demo: Demo, query: string) {
    this.#demo = demo;
    this.#query = query;
  }

  /** Reads once; resolves to whether the answer said up to date. */
  async step(live = false): Promise<boolean> {
    const handle = this.handle === '' ? '' : `&handle=${this.handle}`;
    const answer = await ask(this.#demo, `?${this.#query}&offset=${this.offset}${handle}${live ? '&live=true' : ''}`);
    assert.equal(answer.status, 200, answer.body);
    this.handle = answer.headers.get('electric-handle') ?? '';
    this.offset = answer.headers.get('electric-offset') ?? '';
    this.schema = answer.headers.get('electric-schema') ?? this.schema;
    for (const message of JSON.parse(answer.body) as Message[]) this.#apply(message);
    return answer.headers.has('electric-up-to-date');
  }

  /** Reads until up to date. */
  async sync(): Promise<this> {
    while (!(await this.step()));
    return this;
  }

  #apply(message: Message): void {
    this.messages.push(message);
    const { key, value = {}, headers } = message;
    if (key === undefined) return;
    if (headers.operation === 'insert') assert.ok(!this.rows.has(key), `${key} comes twice`);
    else assert.ok(this.rows.has(key), `${String(headers.operation)} of ${key}, which never came`);
    if (headers.operation === 'delete') this.rows.delete(key);
    else this.rows.set(key, { ...this.rows.get(key), ...value });
  }

  /** What was read, in the order of the ids. */
  get sorted(): Row[] {
    return [...this.rows.values()].sort((a, b) => Number(a['id']) - Number(b['id']));
  }
}
