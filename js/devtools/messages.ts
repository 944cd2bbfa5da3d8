/**
 * What the DevTools page and an app's page say to each other, over a BroadcastChannel of their origin. A PGlite belongs to one
 * page, so that the DevTools page asks that one for all it shows. A row goes over it only where somebody asked to see it.
 *
 * Owns: the messages. Must not know: how anything in them is found out.
 */
import type { ReplicaEvent } from "../events.js";
import type { ReplicaStatus } from "../types.js";
import type { Inspection, Problem } from "./inspection.js";

/** The channel's name. Another release with other messages gives it another number. */
export const CHANNEL = "electric-replica:devtools:1";

/** The Web Lock that an app's page holds for as long as it can be asked: whoever gets it knows that the page is gone. */
export const lockOf = (app: string): string => `${CHANNEL}:${app}`;

/** A name that nobody else has. `crypto.randomUUID()` is there only where a page came by https or from this machine. */
export const newId = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");

/** An app's page that can be asked. */
export interface AppPage {
  /** Another one with each page that is loaded. */
  id: string;
  title: string;
  /** Its path, without what stands behind a `?`. */
  path: string;
  /** When it began to answer, in milliseconds since 1970. */
  sinceMs: number;
}

/** What an app's page can be asked for, by name: what it takes, and what it answers. */
export interface Calls {
  /** Where the replica stands, what is in it, and what a check would do. */
  inspect: { takes: object; answers: Look };
  /** What the replica has told, oldest first. */
  timeline: { takes: object; answers: TimelineEntry[] };
  /** The first rows of a table. */
  sample: { takes: { table: string; columns: string[] }; answers: Sample };
  /** The manager's `checkAndMigrate()`. */
  check: { takes: object; answers: boolean };
  /** The manager's `runMigration()`. */
  migrate: { takes: object; answers: boolean };
  /** The manager's `rollback()`. */
  rollback: { takes: object; answers: boolean };
  /** The manager's `verify()`. */
  verify: { takes: { server: boolean }; answers: boolean };
  /** The manager's `purge()`. */
  purge: { takes: object; answers: boolean };
}

/** A call and what it takes. */
export type Call = { [Name in keyof Calls]: { name: Name } & Calls[Name]["takes"] }[keyof Calls];

/** What `inspect` answers. */
export interface Look {
  status: ReplicaStatus;
  /** The version as the manager of that page knows it. */
  version: string | null;
  inspection: Inspection;
}

/** What `sample` answers: rows of texts, cut off where they are long. */
export interface Sample {
  columns: string[];
  rows: (string | null)[][];
}

/** Something the replica has told. */
export interface TimelineEntry {
  /** Counts up, in one page of the app. */
  number: number;
  /** In milliseconds since 1970. */
  atMs: number;
  event: PlainEvent;
}

/** An event without its functions and its error, which no message can carry. */
export interface PlainEvent {
  type: ReplicaEvent["type"];
  [field: string]: unknown;
}

/** From the DevTools page. */
export type ToApp = { kind: "who" } | { kind: "ask"; app: string; ask: string; call: Call };

/** From an app's page. */
export type ToDevtools =
  | { kind: "here"; app: AppPage }
  | { kind: "gone"; app: string }
  | { kind: "answer"; ask: string; value: unknown }
  | { kind: "refused"; ask: string; problem: Problem }
  | { kind: "event"; app: string; entry: TimelineEntry };

/** Whether a message is one of these. All who may speak on the channel are of this origin, and may be of another release. */
export function isMessage(data: unknown): data is ToApp | ToDevtools {
  return typeof data === "object" && data !== null && "kind" in data && typeof data.kind === "string";
}
