/**
 * One measurement, the same code in a page and in Node: a fresh database, one candidate, what it took.
 *
 * Owns: what a measurement is asked and what it tells. Must not know: browsers, other measurements.
 */
import type { LimitOptions } from "electric-replica";

import type { Asked } from "./candidates/asked.ts";
import type { Candidate } from "./candidates/names.ts";
import { nameOf, tablesOf } from "./load.ts";
import type { Load } from "./load.ts";
import { deploys } from "./measures/deploys.ts";
import { live } from "./measures/live.ts";
import { load } from "./measures/load.ts";
import { unchanged } from "./measures/unchanged.ts";

/** `load`: tables fill; `live`: changes come to what is loaded; `unchanged`: a visit with nothing new; `deploys`: two new versions. */
export const KINDS = ["load", "live", "unchanged", "deploys"] as const;
export type Kind = (typeof KINDS)[number];

export interface Task {
  kind: Kind;
  candidate: Candidate;
  /** Where the server is. */
  origin: string;
  load: Load;
  /** How many come with `live`. */
  changes: number;
  /** Whether a query of the app is sent again and again, and transactions are timed. */
  reader: boolean;
  limits?: LimitOptions;
}

export interface Result {
  /** From the call until a query of the app's has read a row, in ms. */
  ms: number;
  /** Until they are on disk as well. */
  storedMs: number;
  rows: number;
  /** How often PGlite wrote files out, and the ms that took; unknown where it runs in a worker. */
  syncs?: { count: number; ms: number } | undefined;
  /** How long each of the app's queries waited, in ms, sorted. */
  waits: number[];
  /** How long such a query took before, with nothing else going on: the median of a few, in ms. */
  idleMs?: number | undefined;
  /** The most that the page's heap and this library's module have come to hold besides what was held before, in bytes. */
  heldBytes?: number | undefined;
  /** How long the transaction that puts tables in their place held the database, in ms. */
  swapMs?: number | undefined;
  /** Of `unchanged`. */
  visit?: Visit;
  /** Of `deploys`. */
  deploys?: Deployed;
}

/** A visit with nothing new, until it is known that there is nothing new. */
export interface Visit {
  /** Those that were sent. */
  requests: { version: number; schemas: number; shape: number };
  /** How many of them had an answer by then. */
  answered: number;
  /** When nobody else was waited for. */
  ownMs: number;
}

/** What was fetched at first, and for each deploy. */
export interface Deployed {
  first: Fetched;
  same: Fetched;
  column: Fetched;
}

export interface Fetched {
  bytes: number;
  rows: number;
}

/** Performs a task on a database that is fresh. */
export async function measure({ db, worker }: Pick<Asked, "db" | "worker">, task: Task): Promise<Result> {
  const base = `${task.origin}/load/${nameOf(task.load)}`;
  const asked: Asked = { db, worker, base, tables: tablesOf(task.load), limits: task.limits };
  await fetch(`${base}/reset`, { method: "POST" });
  switch (task.kind) {
    case "load":
      return load(task, asked);
    case "live":
      return live(task, asked);
    case "unchanged":
      return unchanged(asked);
    case "deploys":
      return deploys(asked);
  }
}
