/**
 * The rows that every candidate loads: nine columns, the same in every run.
 *
 * Owns: what a row holds, as shape JSON and as COPY text. Must not know: HTTP, databases.
 */
import { mulberry } from "./random.ts";

export interface Column {
  name: string;
  type: string;
  notNull: boolean;
}

export const COLUMNS: readonly Column[] = [
  { name: "id", type: "uuid", notNull: true },
  { name: "owner_id", type: "uuid", notNull: true },
  { name: "title", type: "text", notNull: true },
  { name: "body", type: "text", notNull: false },
  { name: "position", type: "int4", notNull: true },
  { name: "amount", type: "numeric", notNull: false },
  { name: "done", type: "bool", notNull: true },
  { name: "created_at", type: "timestamptz", notNull: true },
  { name: "details", type: "jsonb", notNull: false },
];

/** What a deploy adds to one of the tables. */
export const ADDED: Column = { name: "extra", type: "text", notNull: false };

/** What Electric says of columns in `electric-schema`. */
export const schemaHeader = (columns: readonly Column[]): string =>
  JSON.stringify(
    Object.fromEntries(
      columns.map(({ name, type, notNull }) => [
        name,
        { type, ...(notNull ? { not_null: true } : {}), ...(name === "id" ? { pk_index: 0 } : {}) },
      ]),
    ),
  );

const TITLES = [
  'a "quoted" title, with commas, and a tab\there',
  "two lines\nof a title",
  "Zoë’s café – Überprüfung 東京 🚲",
  "back\\slash and 'apostrophes'",
  "a plain title",
];
const WORDS = "the replica follows the server and the server follows nobody, which is as it should be; ".split(" ");

/** Values of one row, as Postgres writes them. */
export type Values = Record<string, string | null>;

/** The row at a place, always the same one. */
export function row(at: number): Values {
  const random = mulberry(at + 1);
  const uuid = (): string => {
    const hex = [0, 0, 0, 0].map(() => (random() * 2 ** 32) >>> 0).map((part) => part.toString(16).padStart(8, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  };
  const words = Array.from({ length: 30 + Math.floor(random() * 20) }, () => WORDS[Math.floor(random() * WORDS.length)] ?? "").join(" ");
  return {
    amount: at % 17 === 0 ? null : (random() * 1e6).toFixed(2),
    body: at % 13 === 0 ? null : `${words}\n“${at}”`,
    created_at: `2026-01-01 00:${two(at % 60)}:${two(Math.floor(at / 60) % 60)}.${String(at % 1_000_000).padStart(6, "0")}+00`,
    details: at % 11 === 0 ? null : `{"kind": "note", "tags": ["a", "b\\"c"], "weight": ${at}}`,
    done: at % 2 === 0 ? "true" : "false",
    id: uuid(),
    owner_id: uuid(),
    position: String(at),
    title: `${TITLES[at % TITLES.length] ?? ""} ${at}`,
  };
}

/** The key of a row, as Electric writes one. */
export const keyOf = (table: string, values: Values): string => `"public"."${table}"/"${values["id"] ?? ""}"`;

/** A message of a snapshot, as Electric writes one. */
export function message(table: string, values: Values): string {
  return JSON.stringify({ key: keyOf(table, values), value: values, headers: { operation: "insert", relation: ["public", table] } });
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** A line of COPY text, in the order of {@link COLUMNS}. */
export function copyLine(values: Values): string {
  const cells = COLUMNS.map(({ name }) => values[name]?.replaceAll(/[\\\n\t\r]/g, (found) => ESCAPES[found] ?? found) ?? "\\N");
  return `${cells.join("\t")}\n`;
}

const two = (number: number): string => String(number).padStart(2, "0");
