/**
 * Changes as Electric's log messages, with what a shape leaves out left out.
 *
 * Pure. Owns: operations, keys and headers of a message. Must not know: where changes come from.
 */
import type { Image } from './capture.ts';
import { keyPart, keyPrefix, quoteName } from './statement.ts';
import { keyColumns, type Structure } from './structure.ts';

export type Replica = 'default' | 'full';

export interface View {
  structure: Structure;
  /** The columns the shape asked for; all when absent. */
  columns?: readonly string[];
  replica: Replica;
}

/** A change as one shape sees it: an image is absent where the row is outside the shape. */
export interface SeenChange {
  before?: Image;
  after?: Image;
  /** The table's name at the time of the change. */
  schema: string;
  table: string;
}

export interface Message {
  operation: 'insert' | 'update' | 'delete';
  key: string;
  value: Image;
  oldValue?: Image;
  headers?: Record<string, string>;
  /** 0 for the first message of a change, 1 for the second. */
  step: 0 | 1;
}

/** The messages of one change: none, one, or two where the key changed. */
export function messagesOf(change: SeenChange, view: View): Message[] {
  const { before, after } = change;
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [inserted(after ?? {}, view, 0)];
  if (after === undefined) return [deleted(before, view)];
  const [oldKey, newKey] = [keyOf(before, view), keyOf(after, view)];
  if (oldKey !== newKey) {
    return [
      { ...deleted(before, view), headers: { key_change_to: newKey } },
      { ...inserted(after, view, 1), headers: { key_change_from: oldKey } },
    ];
  }
  return updated(before, after, view);
}

function inserted(after: Image, view: View, step: 0 | 1): Message {
  return { operation: 'insert', key: keyOf(after, view), value: pick(after, view.columns), step };
}

function deleted(before: Image, view: View): Message {
  const names = keyColumns(view.structure).map((column) => column.name);
  const value = view.replica === 'full' ? pick(before, view.columns) : pick(before, names);
  return { operation: 'delete', key: keyOf(before, view), value, step: 0 };
}

function updated(before: Image, after: Image, view: View): Message[] {
  const shown = pick(after, view.columns);
  const changed = Object.keys(shown).filter((name) => shown[name] !== before[name]);
  if (changed.length === 0) return [];
  const key = keyOf(after, view);
  if (view.replica === 'full') {
    return [{ operation: 'update', key, value: shown, oldValue: pick(before, changed), step: 0 }];
  }
  const names = keyColumns(view.structure).map((column) => column.name);
  return [{ operation: 'update', key, value: pick(after, [...names, ...changed]), step: 0 }];
}

function keyOf(image: Image, { structure }: View): string {
  const parts = keyColumns(structure).map((column) => keyPart(image[column.name] ?? null));
  return keyPrefix(structure) + parts.join('');
}

/** The named columns of an image, by name; all of them when no names are given. */
function pick(image: Image, names?: readonly string[]): Image {
  const kept = Object.entries(image).filter(([name]) => names === undefined || names.includes(name));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The JSON text of a log message. */
export function messageText(message: Message, place: { lsn: number; position: number; last: boolean; txid: number }, change: SeenChange): string {
  return JSON.stringify({
    value: message.value,
    ...(message.oldValue === undefined ? {} : { old_value: message.oldValue }),
    key: message.key,
    headers: {
      ...(place.last ? { last: true } : {}),
      relation: [change.schema, change.table],
      operation: message.operation,
      ...message.headers,
      lsn: String(place.lsn),
      op_position: place.position,
      txids: [place.txid],
    },
  });
}

/** How a table is named in an error text. */
export function shownName(schema: string, table: string): string {
  return `${quoteName(schema)}.${quoteName(table)}`;
}
