/** The outer form of a WebAssembly module: its sections, and the numbers and names in them. */

/** @typedef {{ id: number, name: string, head: number, start: number, end: number }} Section where it begins, where what it holds does, and where it ends */

const CUSTOM = 0;
/** Of the names in the section `name`: those of functions. */
const OF_FUNCTIONS = 1;
/** How many bits of a number a byte has. */
const BITS = 7;
const MORE = 1 << BITS;

/** Reads from `at` on, which moves along. */
export class Reader {
  /** @param {Buffer} bytes */
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    this.at += 1;
    return this.bytes.readUInt8(this.at - 1);
  }

  /** A number without a sign, in LEB128. */
  count() {
    return this.#number().value;
  }

  /** A number with a sign, in LEB128. */
  signed() {
    const { value, bits } = this.#number();
    return value < 2 ** (bits - 1) ? value : value - 2 ** bits;
  }

  text() {
    const length = this.count();
    this.at += length;
    return this.bytes.toString("utf8", this.at - length, this.at);
  }

  /** A list, each of whose elements `read` reads. @template T @param {() => T} read @returns {T[]} */
  list(read) {
    return Array.from({ length: this.count() }, () => read());
  }

  #number() {
    let value = 0;
    for (let bits = 0; ; ) {
      const byte = this.byte();
      value += (byte % MORE) * 2 ** bits;
      bits += BITS;
      if (byte < MORE) return { value, bits };
    }
  }
}

/** @param {Buffer} module @returns {Section[]} */
export function sections(module) {
  const reader = new Reader(module, "\0asm".length + Uint32Array.BYTES_PER_ELEMENT);
  const found = [];
  while (reader.at < module.length) {
    const head = reader.at;
    const id = reader.byte();
    const size = reader.count();
    const end = reader.at + size;
    const name = id === CUSTOM ? reader.text() : "";
    found.push({ id, name, head, start: reader.at, end });
    reader.at = end;
  }
  return found;
}

/** The names of the functions by their index, imports included. @param {Buffer} module @returns {Map<number, string>} */
export function functionNames(module) {
  const section = sections(module).find(({ name }) => name === "name");
  const reader = new Reader(module, section?.start);
  while (section && reader.at < section.end) {
    const kind = reader.byte();
    const end = reader.count() + reader.at;
    if (kind === OF_FUNCTIONS) return new Map(reader.list(() => [reader.count(), reader.text()]));
    reader.at = end;
  }
  return new Map();
}

/** The module without some of its sections. @param {Buffer} module @param {RegExp} name */
export function without(module, name) {
  const left = [module.subarray(0, sections(module)[0]?.head)];
  for (const section of sections(module)) {
    if (section.id !== CUSTOM || !name.test(section.name)) left.push(module.subarray(section.head, section.end));
  }
  return Buffer.concat(left);
}
