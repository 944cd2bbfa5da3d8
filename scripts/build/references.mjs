/**
 * What each function and each constant of a linked module refers to. The linker says so with `--emit-relocs`: every
 * address in it by the symbol that is meant, so that none has to be guessed from numbers. An address may lie beside what
 * it is of: one past its end, or before it, where an index never is zero.
 */
import { Failure } from "../lib/failure.mjs";
import { functionNames, Reader, sections } from "./binary.mjs";

/** @typedef {import("./binary.mjs").Section} Section */

/** Sections by their numbers. */
const IMPORTS = 2;
const ELEMENTS = 9;
const CODE = 10;
const DATA = 11;

/** What is imported, and how data and lists of functions say where they lie. */
const FUNCTION = 0;
const ACTIVE = 0;
const I32_CONST = 0x41;

/** Lists in the section `linking`, and kinds and flags of symbols. */
const SEGMENTS = 5;
const SYMBOLS = 8;
const OF_DATA = 1;
const OF_SECTION = 3;
const UNDEFINED = 0x10;
const NAMED = 0x40;

/** Kinds of relocations: a place in the table, an address, and what the module's text names as well. */
const SLOTS = new Set([1, 2]);
const ADDRESSES = new Set([3, 4, 5]);
const SEEN = new Set([0, 6, 7, 20]);
/** What is moved: constants that nothing writes to. */
const CONSTANT = ".rodata";

const HASH = /_[0-9a-f]{16}$/;

/**
 * @typedef {object} Refers
 * @property {Datum[]} data the constants and variables it holds an address of
 * @property {number[]} slots where in the table the functions are that it holds an address of
 *
 * @typedef {Refers & { start: number, end: number, constant: boolean }} Datum a constant or a variable, at an address
 *
 * @typedef {object} References
 * @property {Datum[]} data
 * @property {Map<string, Refers>} functions by their names
 * @property {Map<number, string>} table the functions' names by their places
 * @property {import("./data.mjs").Image[]} image what lies in the memory
 */

/** @typedef {{ name: string, address: number, start: number, end: number }} Segment what lies at an address, and where it is in the file */
/** @typedef {{ kind: number, datum?: Datum }} Symbol */

/** @param {Buffer} module as linked with `--emit-relocs` @returns {References} */
export function references(module) {
  const all = sections(module);
  const segments = segmentsOf(module, all);
  const symbols = symbolsOf(module, all, segments);
  const data = symbols.flatMap(({ datum }) => datum ?? []);
  const bodies = bodiesOf(module, all);
  /** @type {Map<string, Refers>} */
  const functions = new Map(bodies.map(({ name }) => [name, { data: [], slots: [] }]));

  for (const { from, ...to } of relocations(module, all, CODE, symbols)) {
    const body = bodies.find(({ end }) => from < end);
    note(functions.get(body?.name ?? ""), to);
  }
  for (const { from, ...to } of relocations(module, all, DATA, symbols)) {
    const segment = segments.find(({ end }) => from < end);
    const address = from - (segment?.start ?? 0) + (segment?.address ?? 0);
    const holders = data.filter(({ start, end }) => start <= address && address < end);
    if (holders.length === 0) throw new Failure(`splitting the module: what lies at ${address} refers to something, and is of no symbol`);
    for (const holder of holders) note(holder, to);
  }
  return { data, functions, table: tableOf(module, all), image: segments.map(({ address, start, end }) => ({ address, bytes: module.subarray(start, end) })) };
}

/**
 * The references by the names that functions got since. wasm-bindgen shows them as Rust does, in the order in which they
 * are, and takes the hash from those that JavaScript calls.
 *
 * @param {References} linked @param {Buffer} plain what wasm-bindgen made without changing names @param {Buffer} shown what it made of the same
 * @returns {References}
 */
export function renamed(linked, plain, shown) {
  const names = functionNames(shown);
  const changed = new Map([...functionNames(plain)].map(([index, name]) => [name, names.get(index)]));
  const now = (/** @type {string} */ name) => changed.get(name) ?? changed.get(name.replace(HASH, "")) ?? name;
  /** @type {Map<string, Refers>} */
  const functions = new Map();
  for (const [name, { data, slots }] of linked.functions) {
    const same = functions.get(now(name));
    functions.set(now(name), { data: [...data, ...(same?.data ?? [])], slots: [...slots, ...(same?.slots ?? [])] });
  }
  return { ...linked, functions, table: new Map([...linked.table].map(([slot, name]) => [slot, now(name)])) };
}

/** @param {Refers | undefined} refers @param {{ datum?: Datum | undefined, slot?: number | undefined }} to */
function note(refers, { datum, slot }) {
  if (datum) refers?.data.push(datum);
  if (slot !== undefined) refers?.slots.push(slot);
}

/** @param {Buffer} module @param {Section[]} all @returns {Segment[]} */
function segmentsOf(module, all) {
  const reader = new Reader(module, section(all, DATA).start);
  const segments = reader.list(() => {
    const address = at(reader);
    const size = reader.count();
    reader.at += size;
    return { name: "", address, start: reader.at - size, end: reader.at };
  });
  const names = subsection(module, all, SEGMENTS, (told) => {
    const name = told.text();
    told.count(); // its alignment
    told.count(); // its flags
    return name;
  });
  return segments.map((segment, index) => ({ ...segment, name: names[index] ?? "" }));
}

/** @param {Buffer} module @param {Section[]} all @param {Segment[]} segments @returns {Symbol[]} */
function symbolsOf(module, all, segments) {
  return subsection(module, all, SYMBOLS, (reader) => {
    const kind = reader.byte();
    const flags = reader.count();
    if (kind === OF_DATA) {
      reader.text();
      if (flags & UNDEFINED) return { kind };
      const segment = segments[reader.count()];
      if (!segment) throw new Failure("splitting the module: a symbol is of no part of the data");
      const start = segment.address + reader.count();
      return { kind, datum: { start, end: start + reader.count(), constant: segment.name.startsWith(CONSTANT), data: [], slots: [] } };
    }
    reader.count(); // which of its kind it is
    if (kind !== OF_SECTION && (!(flags & UNDEFINED) || flags & NAMED)) reader.text();
    return { kind };
  });
}

/** Where each function ends in the file, in order. @param {Buffer} module @param {Section[]} all */
function bodiesOf(module, all) {
  const names = functionNames(module);
  const imported = imports(module, all);
  const reader = new Reader(module, section(all, CODE).start);
  const ends = reader.list(() => {
    const size = reader.count();
    reader.at += size;
    return reader.at;
  });
  return ends.map((end, index) => ({ end, name: names.get(imported + index) ?? "" }));
}

/** @param {Buffer} module @param {Section[]} all @returns {Map<number, string>} */
function tableOf(module, all) {
  const names = functionNames(module);
  const reader = new Reader(module, section(all, ELEMENTS).start);
  const lists = reader.list(() => {
    const base = at(reader);
    return reader.list(() => names.get(reader.count()) ?? "").map((name, index) => /** @type {const} */ ([base + index, name]));
  });
  return new Map(lists.flat());
}

/** Where a segment of data or a list of functions begins. @param {Reader} reader */
function at(reader) {
  if (reader.byte() !== ACTIVE || reader.byte() !== I32_CONST) throw new Failure("splitting the module: data or functions are not simply at a place");
  const place = reader.signed();
  reader.byte(); // the end of the expression
  return place;
}

/** How many functions are imported. @param {Buffer} module @param {Section[]} all */
function imports(module, all) {
  const reader = new Reader(module, section(all, IMPORTS).start);
  const kinds = reader.list(() => {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind !== FUNCTION) throw new Failure("splitting the module: it imports more than functions");
    reader.count(); // its type
    return kind;
  });
  return kinds.length;
}

/**
 * What the code or the data refers to, and from where in the file.
 *
 * @param {Buffer} module @param {Section[]} all @param {number} of a section's number @param {Symbol[]} symbols
 */
function relocations(module, all, of, symbols) {
  const { start } = section(all, of);
  const told = all.find(({ name }) => name === (of === CODE ? "reloc.CODE" : "reloc.DATA"));
  if (!told) return [];
  const reader = new Reader(module, told.start);
  reader.count(); // the section
  return reader.list(() => {
    const kind = reader.byte();
    const from = start + reader.count();
    const symbol = symbols[reader.count()];
    if (ADDRESSES.has(kind)) reader.signed(); // how far from where the symbol begins
    else if (!SLOTS.has(kind) && !SEEN.has(kind)) throw new Failure(`splitting the module: a reference is of the kind ${kind}, which is not known`);
    const slot = SLOTS.has(kind) ? (of === DATA ? module.readInt32LE(from) : new Reader(module, from).signed()) : undefined;
    return { from, datum: symbol?.datum, slot };
  });
}

/** A list that the linker's own section has. @template T @param {Buffer} module @param {Section[]} all @param {number} which @param {(reader: Reader) => T} read @returns {T[]} */
function subsection(module, all, which, read) {
  const linking = all.find(({ name }) => name === "linking");
  if (!linking) throw new Failure("splitting the module: the linker does not say what refers to what; it has to be called with --emit-relocs");
  const reader = new Reader(module, linking.start);
  reader.count(); // the version
  while (reader.at < linking.end) {
    const kind = reader.byte();
    const end = reader.count() + reader.at;
    if (kind === which) return reader.list(() => read(reader));
    reader.at = end;
  }
  throw new Failure("splitting the module: the linker's own section lacks what is needed");
}

/** @param {Section[]} all @param {number} of */
function section(all, of) {
  const found = all.find(({ id }) => id === of);
  if (!found) throw new Failure(`splitting the module: it has no section ${of}`);
  return found;
}
