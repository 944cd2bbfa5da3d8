/** The data of a module as wasm-dis writes it: which bytes lie where in the memory. */
import { Failure } from "../lib/failure.mjs";

/** @typedef {{ address: number, bytes: Buffer }} Image */

const BYTE = /\\([0-9a-f]{2})|\\?[^]/g;
/** @type {Record<string, string>} */
const ESCAPED = { "\\t": "\t", "\\n": "\n", "\\r": "\r", "\\'": "'", '\\"': '"', "\\\\": "\\" };

/** What the forms put into the memory; nothing is zero. @param {string[]} forms @returns {Image} */
export function imageOf(forms) {
  if (forms.length === 0) return { address: 0, bytes: Buffer.alloc(0) };
  const parts = forms.map((form) => {
    const [, address, text] = /^\(data (?:\$\S+ )?\(i32\.const (\d+)\) "(.*)"\)$/.exec(form) ?? [];
    if (text === undefined) throw new Failure(`splitting the module: this is not simply data at an address: ${form.slice(0, 80)}`);
    const codes = [...text.matchAll(BYTE)].map(([char, code]) => (code ? Number.parseInt(code, 16) : (ESCAPED[char] ?? char).charCodeAt(0)));
    return { address: Number(address), bytes: Buffer.from(codes) };
  });
  const address = Math.min(...parts.map((part) => part.address));
  const bytes = Buffer.alloc(Math.max(...parts.map((part) => part.address + part.bytes.length)) - address);
  for (const part of parts) part.bytes.copy(bytes, part.address - address);
  return { address, bytes };
}

/**
 * The forms that put the chosen bytes of the image there.
 *
 * @param {Image} image @param {(address: number, byte: number) => boolean} chosen
 * @param {number} gap so many others in between are put there as well, as they are in the image
 */
export function formsOf({ address, bytes }, chosen, gap) {
  /** @type {{ from: number, to: number }[]} */
  const runs = [];
  for (let at = 0; at < bytes.length; at += 1) {
    if (!chosen(address + at, bytes[at] ?? 0)) continue;
    const last = runs.at(-1);
    if (last && at <= last.to + gap) last.to = at + 1;
    else runs.push({ from: at, to: at + 1 });
  }
  const text = (/** @type {Buffer} */ run) => run.toString("hex").replaceAll(/../g, String.raw`\$&`);
  return runs.map(({ from, to }) => `(data (i32.const ${address + from}) "${text(bytes.subarray(from, to))}")`);
}
