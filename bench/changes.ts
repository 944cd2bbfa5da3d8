/**
 * What happens to a table after its snapshot: so many changes, the same in every run, as Electric's log has them.
 *
 * Owns: which rows change, and how the table ends. Must not know: HTTP, databases, who reads the log.
 */
import { createHash } from "node:crypto";

import { hashed } from "./checksum.ts";
import type { Content } from "./checksum.ts";
import { MARKER } from "./marker.ts";
import { mulberry } from "./random.ts";
import { keyOf, row } from "./rows.ts";
import type { Values } from "./rows.ts";

/** One message of a log. */
export interface Entry {
  lsn: number;
  position: number;
  /** Whether its transaction ends with it. */
  last: boolean;
  text: string;
}

export interface Changes {
  log: Entry[];
  /** The table once all of them are made. */
  end: Content;
}

type Operation = "insert" | "update" | "delete";
interface Change {
  operation: Operation;
  key: string;
  value: Values;
}

const FIRST_LSN = 49_042_376;
const MOST_IN_A_TRANSACTION = 20;

export function changes(table: string, rows: number, count: number): Changes {
  const random = mulberry(count);
  const contents = new Contents(table, rows, random);
  const log: Entry[] = [];
  for (let transaction = 0; log.length < count; transaction += 1) {
    const size = Math.min(1 + Math.floor(random() * MOST_IN_A_TRANSACTION), count - log.length - 1);
    // Apps insert or update several rows at once as often as they do this and that: every other transaction does one thing alone.
    const only = transaction % 2 === 0 ? operation(random()) : undefined;
    const made = size === 0 ? [contents.mark()] : Array.from({ length: size }, () => contents.change(only ?? operation(random())));
    for (const [at, { operation, key, value }] of made.entries()) {
      const [lsn, position, last] = [FIRST_LSN + transaction * 440, at * 2, at === made.length - 1];
      const headers = { ...(last ? { last: true } : {}), relation: ["public", table], operation, lsn: String(lsn), op_position: position, txids: [731 + transaction] };
      log.push({ lsn, position, last, text: JSON.stringify({ value, key, headers }) });
    }
  }
  return { log, end: contents.end() };
}

const operation = (drawn: number): Operation => (drawn < 0.5 ? "update" : drawn < 0.75 ? "insert" : "delete");

/** A table while it is changed: by their places, which rows are there, and those that are no more what {@link row} says. */
class Contents {
  readonly #there: number[];
  readonly #changed = new Map<number, Values>();
  readonly #table: string;
  readonly #random: () => number;
  #next: number;

  constructor(table: string, rows: number, random: () => number) {
    this.#table = table;
    this.#random = random;
    this.#there = Array.from({ length: rows }, (_, at) => at);
    this.#next = rows;
  }

  change(operation: Operation): Change {
    if (operation === "insert" || this.#there.length === 0) return this.#insert(row(this.#next));
    const at = Math.floor(this.#random() * this.#there.length);
    const place = this.#there[at] ?? 0;
    const values = this.#values(place);
    return operation === "delete" ? this.#delete(at, values) : this.#update(place, values);
  }

  mark(): Change {
    return this.#insert({ ...row(this.#next), id: MARKER });
  }

  #insert(value: Values): Change {
    this.#there.push(this.#next);
    this.#changed.set(this.#next, value);
    this.#next += 1;
    return { operation: "insert", key: keyOf(this.#table, value), value };
  }

  #update(place: number, values: Values): Change {
    const drawn = this.#random();
    const other = row(1_000_000 + Math.floor(drawn * 1_000_000));
    const names = drawn < 0.4 ? ["done", "title"] : drawn < 0.8 ? ["amount", "position"] : ["body", "details"];
    const set = Object.fromEntries(names.map((name) => [name, other[name] ?? null]));
    this.#changed.set(place, { ...values, ...set });
    return { operation: "update", key: keyOf(this.#table, values), value: { id: values["id"] ?? null, ...set } };
  }

  #delete(at: number, values: Values): Change {
    const last = this.#there.pop() ?? 0;
    if (at < this.#there.length) this.#there[at] = last;
    return { operation: "delete", key: keyOf(this.#table, values), value: { id: values["id"] ?? null } };
  }

  #values(place: number): Values {
    return this.#changed.get(place) ?? row(place);
  }

  end(): Content {
    let sum = 0;
    for (const place of this.#there) {
      sum += Number.parseInt(createHash("md5").update(hashed(this.#values(place))).digest("hex").slice(0, 8), 16);
    }
    return { rows: this.#there.length, sum: String(sum) };
  }
}
