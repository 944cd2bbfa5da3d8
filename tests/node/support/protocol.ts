/** Messages of Postgres' protocol as the host sends them: each its kind and what it holds, as text. */
export function read(bytes: Uint8Array): [kind: string, body: string][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: [string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + view.getInt32(at + 1);
    const body = new TextDecoder().decode(bytes.subarray(at + 5, end));
    found.push([String.fromCharCode(view.getUint8(at)), body.replace(/\0$/, "")]);
    at = end;
  }
  return found;
}

/** The message that runs a text. */
export function query(sql: string): Uint8Array {
  const body = new TextEncoder().encode(`${sql}\0`);
  const bytes = new Uint8Array(5 + body.length);
  bytes[0] = "Q".charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}
