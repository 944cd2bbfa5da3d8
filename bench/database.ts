/**
 * The databases that are measured, each as an app would make it.
 *
 * Owns: PGlite's options. Must not know: candidates.
 */
import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import { electricSync } from "@electric-sql/pglite-sync";
import { replicaStartParams } from "electric-replica";

/** `recommended`: with this library's `replicaStartParams`; `default`: as PGlite is without options. */
export type Settings = "recommended" | "default";

export const startParams = (settings: Settings): string[] =>
  settings === "default" ? [...PGlite.defaultStartParams] : [...PGlite.defaultStartParams, ...replicaStartParams];

export const extensions = () => ({ live, sync: electricSync() });

export const open = (dataDir: string, settings: Settings) =>
  PGlite.create({ dataDir, extensions: extensions(), startParams: startParams(settings) });
