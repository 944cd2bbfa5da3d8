/** What every candidate is asked, and how it is told that it is over. */
import type { PGliteInterface } from "@electric-sql/pglite";
import type { LimitOptions } from "electric-replica";

export interface Asked {
  db: PGliteInterface;
  /** The worker it runs in, if it does. */
  worker: Worker | undefined;
  /** Where the load is served. */
  base: string;
  tables: string[];
  /** This library's. */
  limits: LimitOptions | undefined;
}

export type End = () => Promise<void> | void;
