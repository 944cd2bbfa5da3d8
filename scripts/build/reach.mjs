/** What of a module is needed by what: from a function to what it calls, and to the constants whose address it holds. */
import { Failure } from "../lib/failure.mjs";
import { formsOf } from "./data.mjs";

/** @typedef {import("./references.mjs").Refers} Refers */
/** @typedef {import("./references.mjs").Datum} Datum */
/** @typedef {import("./references.mjs").References} References */
/** @typedef {import("./split.mjs").Func} Func */
/** @typedef {import("./data.mjs").Image} Image */
/** @typedef {string | Datum} Thing a function of the module, by its name, or something in its data */
/** @typedef {{ base: number, entries: string[] }} Table from which place on it holds which functions */

/** Where the linker told nothing. @type {References} */
const UNTOLD = { data: [], functions: new Map(), table: new Map(), image: [] };
/** Zeros among the first module's data cost less than beginning anew, up to so many. */
const GAP = 128;
const CONSTANT = /i32\.const (-?\d+)|offset=(\d+)/g;
const VALUE = /^( *)\(i32\.const (-?\d+)\)$/;
/** What is done with numbers, and never with a place in the table. */
const COMPUTING = /^ *\(i32\.(?:add|sub|mul|div_[su]|rem_[su]|and|or|xor|shl|shr_[su]|rotl|rotr|eqz?|ne|[lg][te]_[su])$/;
/** What wasm-bindgen puts around an export takes nothing from the table but by what it calls. */
const SHIM = / (externref|multivalue) shim$/;
/** A function's name without what the text form adds. */
const bare = (/** @type {string} */ name) => name.replace(/^\$"?|"$/g, "");

/**
 * Tells what stays in the first module, and what leaves it for the second. What nobody needs does neither.
 *
 * @param {Map<string, Func>} functions @param {string[]} roots @param {(name: string) => boolean} isGate
 * @param {{ table: Table, image: Image, linked: References | undefined }} told without what the linker told, whatever
 * the table holds is needed, and all data stays
 */
export function parted(functions, roots, isGate, { table, image, linked = UNTOLD }) {
  compare(linked, image, functions, table);
  const unknown = table.entries.filter((name) => !linked.functions.has(bare(name)));
  const needed = needs(functions, table, linked);
  const origins = [...roots, ...unknown, ...linked.data.filter(({ constant }) => !constant)];
  const staying = reached(origins, needed, isGate);
  const leaving = new Set([...reached(origins, needed, () => false)].filter((thing) => !staying.has(thing)));
  return { staying, leaving, data: halves(image, linked.data, staying, leaving) };
}

/**
 * The data of both modules. A byte that two things share stays if one of them does, and so does one of which nothing is known.
 *
 * @param {Image} image @param {Datum[]} data @param {Set<Thing>} staying @param {Set<Thing>} leaving
 */
function halves(image, data, staying, leaving) {
  const addresses = (/** @type {Datum[]} */ things) => new Set(things.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index)));
  const known = addresses(data);
  const kept = addresses(data.filter((datum) => staying.has(datum)));
  const left = addresses(data.filter((datum) => leaving.has(datum)));
  const rest = image.bytes.map((byte, index) => (known.has(image.address + index) && !kept.has(image.address + index) ? 0 : byte));
  return {
    first: formsOf({ ...image, bytes: Buffer.from(rest) }, (_address, byte) => byte !== 0, GAP),
    second: formsOf(image, (address) => left.has(address) && !kept.has(address), 0),
  };
}

/**
 * What each thing needs. In a function, every number that may be an address of something is taken for one, so that nothing is
 * lost if another was made part of it. Of a function that the linker does not know, because something made it since, every number may be
 * an address or a place in the table; but what is computed with, or added to the address of a load or a store, is never a place.
 *
 * @param {Map<string, Func>} functions @param {Table} table @param {References} linked
 * @returns {(thing: Thing) => Thing[]}
 */
function needs(functions, { base, entries }, linked) {
  const held = (/** @type {Refers} */ { data, slots }) => [...data, ...slots.flatMap((slot) => entries[slot - base] ?? [])];
  const constants = linked.data.filter(({ start, end }) => start < end);
  const lowest = Math.min(...constants.map(({ start }) => start));
  return (thing) => {
    if (typeof thing !== "string") return held(thing);
    const made = functions.get(thing);
    if (!made) return [];
    const numbers = [...new Set([...made.text.matchAll(CONSTANT)].map(([, number, offset]) => Number(number ?? offset)))];
    const seen = numbers.filter((number) => number >= lowest).flatMap((number) => constants.filter(({ start, end }) => start <= number && number < end));
    const told = linked.functions.get(bare(thing)) ?? { data: [], slots: SHIM.test(bare(thing)) ? [] : places(made.text) };
    return [...made.calls.filter((name) => functions.has(name)), ...held(told), ...seen];
  };
}

/** The numbers in a function that may be places in the table. @param {string} text one form a line, each further in than what it is a part of */
function places(text) {
  const lines = text.split("\n");
  const depth = (/** @type {string} */ line) => line.search(/\S/);
  return lines.flatMap((line, at) => {
    const [, indent, number] = VALUE.exec(line) ?? [];
    if (indent === undefined) return [];
    const whole = lines.slice(0, at).findLast((before) => depth(before) < indent.length) ?? "";
    return COMPUTING.test(whole) ? [] : [Number(number)];
  });
}

/** What the roots need, directly or not, without passing a gate. @param {Thing[]} roots @param {(thing: Thing) => Thing[]} needed @param {(name: string) => boolean} isGate */
function reached(roots, needed, isGate) {
  /** @type {Set<Thing>} */
  const seen = new Set();
  const waiting = [...roots];
  for (let thing = waiting.pop(); thing !== undefined; thing = waiting.pop()) {
    if (seen.has(thing) || (typeof thing === "string" && isGate(thing))) continue;
    seen.add(thing);
    waiting.push(...needed(thing));
  }
  return seen;
}

/**
 * Stops where the module is not the one that the linker told of: something lies elsewhere, or calls elsewhere.
 *
 * @param {References} linked @param {Image} image @param {Map<string, Func>} functions @param {Table} table
 */
function compare(linked, image, functions, { base, entries }) {
  for (const { address, bytes } of linked.image) {
    const moved = bytes.findIndex((byte, index) => byte !== (image.bytes[address + index - image.address] ?? 0));
    if (moved >= 0) throw new Failure(`splitting the module: at ${address + moved} lies something else than what was linked`);
  }
  const present = new Set([...functions.keys()].map(bare));
  for (const [slot, name] of linked.table) {
    // Of functions that are the same, wasm-opt leaves one.
    if (present.has(name) && bare(entries[slot - base] ?? "") !== name) throw new Failure(`splitting the module: ${name} is not at place ${slot} of the table, where it was linked`);
  }
}
