/** Places in a shape: before everything, after a snapshot chunk, after the snapshot, after a log entry. */

export type Offset =
  | { at: 'start' }
  | { at: 'now' }
  | { at: 'chunk'; index: number }
  | { at: 'log'; lsn: number; position: number };

/** The place right after the whole snapshot, before the first log entry. */
export const SNAPSHOT_END: Offset = { at: 'log', lsn: 0, position: Number.POSITIVE_INFINITY };

/** Reads an offset from a request; `undefined` when it is none. */
export function parseOffset(text: string): Offset | undefined {
  if (text === '-1') return { at: 'start' };
  if (text === 'now') return { at: 'now' };
  if (text === '0_inf') return SNAPSHOT_END;
  const match = /^(\d{1,15})_(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  const [lsn, position] = [Number(match[1]), Number(match[2])];
  return lsn === 0 ? { at: 'chunk', index: position } : { at: 'log', lsn, position };
}

export function formatOffset(lsn: number, position: number): string {
  return `${String(lsn)}_${position === Number.POSITIVE_INFINITY ? 'inf' : String(position)}`;
}

/** Whether (lsn, position) lies strictly after the offset. */
export function isAfter(entry: { lsn: number; position: number }, lsn: number, position: number): boolean {
  return entry.lsn > lsn || (entry.lsn === lsn && entry.position > position);
}
