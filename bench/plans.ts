/**
 * What a run measures, and where.
 *
 * Owns: which candidates are measured in which way with which loads and in which situations. Must not know: how, or in which order.
 */
import { CANDIDATES, FOLLOWERS } from "./candidates/names.ts";
import type { Candidate } from "./candidates/names.ts";
import type { Load } from "./load.ts";
import type { Kind } from "./measure.ts";
import type { Situation } from "./runs.ts";

/** One thing to measure, in each round anew. */
export interface Work {
  kind: Kind;
  candidate: Candidate;
  reader: boolean;
}

export interface Plan {
  loads: Load[];
  situations: Situation[];
  work: Work[];
}

export interface Wanted {
  kinds: readonly Kind[];
  candidates: readonly Candidate[];
  /** For which of the candidates the waits of an app's queries are measured too. */
  readers: readonly Candidate[];
}

export function workOf({ kinds, candidates, readers }: Wanted): Work[] {
  const own = (kind: Kind): Work[] => (kinds.includes(kind) ? [{ kind, candidate: "replica", reader: false }] : []);
  const of = (kind: Kind, who: readonly Candidate[], reader: boolean): Work[] =>
    kinds.includes(kind) ? who.filter((candidate) => candidates.includes(candidate)).map((candidate) => ({ kind, candidate, reader })) : [];
  return [...of("load", candidates, false), ...of("load", readers, true), ...of("live", FOLLOWERS, false), ...own("unchanged"), ...own("deploys")];
}

/** Changes come to one table; a deploy that changes one of several tables needs several. */
export function fits({ kind }: Work, { tables }: Load): boolean {
  return kind === "live" ? tables === 1 : kind === "deploys" ? tables > 1 : true;
}

const one = (rows: number): Load => ({ tables: 1, rows });
const WHERE_APPS_RUN: readonly Situation[] = [
  { where: "main", storage: "memory", settings: "recommended" },
  { where: "main", storage: "idb", settings: "recommended" },
  { where: "worker", storage: "memory", settings: "recommended" },
  { where: "worker", storage: "idb", settings: "recommended" },
  { where: "worker", storage: "opfs-ahp", settings: "recommended" },
];
const IN_NODE: readonly Situation[] = [
  { where: "node", storage: "memory", settings: "recommended" },
  { where: "node", storage: "file", settings: "recommended" },
];
/** Where pglite-sync takes minutes for changes that come live, one storage says it. */
const WHERE_CHANGES_COME = WHERE_APPS_RUN.filter(({ where, storage }) => where === "main" || storage === "memory");
/** For loads whose time and memory are compared with those of a tenth of the rows. */
const WHERE_MILLIONS_FIT = WHERE_APPS_RUN.filter(({ where, storage }) => where === "worker" && storage !== "idb");
const READERS: readonly Candidate[] = ["replica", "sync:json"];
/** Those that have a target, for loads that take long. */
const FEW: readonly Candidate[] = ["replica", "sync:insert", "sync:json", "copy", "copy:binary"];

/** All that docs/PERFORMANCE.md is about. */
export const EVERYTHING: readonly Plan[] = [
  { loads: [one(1_000), one(10_000)], situations: [...WHERE_APPS_RUN], work: workOf({ kinds: ["load"], candidates: CANDIDATES, readers: READERS }) },
  { loads: [one(100_000)], situations: [...WHERE_APPS_RUN], work: workOf({ kinds: ["load", "unchanged"], candidates: CANDIDATES, readers: READERS }) },
  { loads: [one(100_000)], situations: [...IN_NODE], work: workOf({ kinds: ["load"], candidates: CANDIDATES, readers: READERS }) },
  { loads: [one(100_000)], situations: WHERE_CHANGES_COME, work: workOf({ kinds: ["live"], candidates: FOLLOWERS, readers: [] }) },
  { loads: [one(300_000)], situations: [...WHERE_APPS_RUN], work: workOf({ kinds: ["load"], candidates: FEW, readers: [] }) },
  { loads: [one(1_000_000)], situations: WHERE_MILLIONS_FIT, work: workOf({ kinds: ["load"], candidates: ["replica"], readers: ["replica"] }) },
  { loads: [{ tables: 20, rows: 5_000 }], situations: [...WHERE_APPS_RUN], work: workOf({ kinds: ["load", "unchanged", "deploys"], candidates: FEW, readers: ["replica"] }) },
  // Without `replicaStartParams`: COPY takes time that grows with the square of the rows.
  {
    loads: [one(100_000)],
    situations: WHERE_APPS_RUN.filter(({ storage }) => storage === "memory").map((situation) => ({ ...situation, settings: "default" })),
    work: workOf({ kinds: ["load"], candidates: FEW, readers: [] }),
  },
];
