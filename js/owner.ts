/**
 * Whose rows a replica has, as it is stored: 32 hexadecimal digits of a SHA-256, because a name may be an e-mail address.
 * `crypto.subtle` would do the same, but is not there where a page does not come by HTTPS; and the core's own is in the
 * half of the module that a page may have to do without.
 */
const CONTEXT = "electric-replica owner: ";

/** The first bits of the primes' roots behind the point: what the algorithm begins with. */
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !Array.from({ length: n }, (_, d) => d).some((d) => d > 1 && n % d === 0));
const bits = (root: number): number => Math.floor((root % 1) * 2 ** 32) | 0;
const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** What the record holds of an owner. */
export function ownerKey(owner: string): string {
  const text = new TextEncoder().encode(CONTEXT + owner);
  const message = new DataView(new ArrayBuffer((((text.length + 8) >> 6) + 1) << 6));
  text.forEach((byte, at) => message.setUint8(at, byte));
  message.setUint8(text.length, 0x80);
  message.setUint32(message.byteLength - 4, text.length * 8);
  let hash = PRIMES.slice(0, 8).map((prime) => bits(Math.sqrt(prime)));
  for (let at = 0; at < message.byteLength; at += 64) hash = mixed(hash, message, at);
  return hash.slice(0, 4).map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** One block of the message mixed in. */
function mixed(hash: number[], message: DataView, from: number): number[] {
  const words = new DataView(new ArrayBuffer(256));
  const word = (at: number): number => words.getInt32(at * 4);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash;
  for (const [round, prime] of PRIMES.entries()) {
    const [old, near] = round < 16 ? [0, 0] : [word(round - 15), word(round - 2)];
    const spread = rotated(old, 7) ^ rotated(old, 18) ^ (old >>> 3);
    const close = rotated(near, 17) ^ rotated(near, 19) ^ (near >>> 10);
    words.setInt32(round * 4, round < 16 ? message.getInt32(from + round * 4) : word(round - 16) + spread + word(round - 7) + close);
    const first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + bits(Math.cbrt(prime)) + word(round);
    const second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  return [a, b, c, d, e, f, g, h].map((word, at) => (word + (hash[at] ?? 0)) | 0);
}
