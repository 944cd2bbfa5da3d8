/** Shape handles: a hash of what the shape is, and the microsecond it was made. */
import { createHash } from 'node:crypto';

let latest = 0;

export function newHandle(identity: string): string {
  const hash = createHash('sha256').update(identity).digest().readUInt32BE(0) >>> 5;
  // Two shapes of one microsecond must differ, and a handle never comes twice.
  latest = Math.max(latest + 1, Date.now() * 1_000);
  return `${String(hash)}-${String(latest)}`;
}
