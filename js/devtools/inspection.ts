/** What src/inspect writes, by hand. Numbers of 64 bits are texts; times are milliseconds since 1970. */
import type { MigrationReason, UpdateNeeded } from "../events.js";

/** What was found. */
export interface Inspection {
  /** The record; `null` where there is none, or none that can be read. */
  replica: InspectedReplica | null;
  /** What the server has; `null` where it could not be asked: `problems` says why. */
  server: InspectedServer | null;
  /** What a check would do now; `null` where the server could not be asked. */
  plan: InspectedPlan | null;
  /** What the app's code reads (`expects`) and the server has not. */
  gap: Pick<UpdateNeeded, "direction" | "missing"> | null;
  /** Every table that is recorded or wanted, in order of names. */
  tables: InspectedTable[];
  /** The tables as an ER diagram, as text for Mermaid; empty where there are none. */
  diagram: string;
  /** What could not be looked at. */
  problems: Problem[];
}

/** Why something could not be done. */
export interface Problem {
  code: string;
  message: string;
}

interface InspectedVersion {
  version: string;
  index: string | null;
  timestamp: string | null;
  /** Of the structure of all tables together. */
  fingerprint: string;
}

/** The replica's record. */
export interface InspectedReplica extends InspectedVersion {
  state: "whole" | "rebuilding";
  /** Counts the rebuilds. */
  epoch: string;
  /** The version it was rolled back from: it stays as it is until the server has another. */
  held: string | null;
  /** Until when the tables before are kept for `rollback()`. */
  keptUntil: string | null;
}

/** What the server has, of what the app carries. */
export type InspectedServer = InspectedVersion;

/** An index that would be created. */
export interface InspectedIndex {
  table: string;
  name: string;
}

/** What a check would do. */
export type InspectedPlan =
  | { kind: "up-to-date" }
  | { kind: "adopt"; createIndexes: InspectedIndex[]; dropIndexes: string[] }
  | {
      kind: "rebuild";
      reason: MigrationReason;
      /** As far as can be known before the browser is asked how much room there is. */
      strategy: "swap" | "in-place";
      /** The tables to build. */
      tables: string[];
      /** Those of them that the record names. */
      replace: string[];
      /** Those of them that are there and that no record names. */
      claim: string[];
      remove: string[];
      keep: string[];
      newEnums: string[];
      oldEnums: string[];
      createIndexes: InspectedIndex[];
      dropIndexes: string[];
    };

/** One table. */
export interface InspectedTable {
  name: string;
  /** What a check would make of it. `refetched`: built anew with the structure it has. */
  fate: "same" | "new" | "changed" | "refetched" | "removed";
  /** Whether what is there is what was put in place. `altered`: other code has changed, emptied or made it. */
  standing: "sealed" | "altered" | "missing" | "unrecorded";
  /** The fingerprint it was recorded with. */
  recorded: string | null;
  /** That of what is there; `null` also where no manifest could describe it. */
  found: string | null;
  /** The server's. */
  wanted: string | null;
  /** What is asked of Electric for it. */
  definition: string | null;
  handle: string | null;
  offset: string | null;
  /** Up to which place of the server's log its rows are complete. */
  lsn: string | null;
  rows: number | null;
  /** How many it has by the record. */
  expectedRows: number | null;
  /** With indexes and all. */
  bytes: number | null;
  columns: InspectedColumn[];
  indexes: string[];
}

/** One column. */
export type InspectedColumn = {
  name: string;
  type: string;
  notNull: boolean;
  key: boolean;
  labels: string[] | null;
  ofEnum: string | null;
} & ({ change: "same" | "added" | "removed" } | { change: "changed"; /** What it is in the replica. */ was: string });
