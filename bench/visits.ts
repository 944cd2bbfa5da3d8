/**
 * What a run of the bench found of this library alone: visits with nothing new, and new versions of the schema.
 *
 * Owns: arithmetic over outcomes. Must not know: how they were measured or are shown.
 */
import type { Load } from "./load.ts";
import type { Fetched, Visit } from "./measure.ts";
import { grouped, median, swapOf } from "./results.ts";
import type { Sample, Swap } from "./results.ts";
import type { Outcome, Situation } from "./runs.ts";

/** In one situation, over all rounds. */
export interface VisitFound {
  load: Load;
  situation: Situation;
  /** Of the round with the most. */
  requests: Visit["requests"];
  /** How many had an answer by then, in the round with the most. */
  answered: number;
  ownMs: number;
  ms: number;
  /** Where any round failed. */
  error: string | undefined;
}

export interface DeployFound {
  load: Load;
  situation: Situation;
  first: Fetched;
  /** Of the round that fetched the most. */
  column: Fetched;
  /** The bytes fetched for one more column over those of the first load: the worst round's. */
  ratio: number;
  /** The rows fetched for a version of the same structure: the worst round's. */
  sameRows: number;
  ms: number;
  swap: Swap | undefined;
  error: string | undefined;
}

const errorOf = (samples: readonly Sample[]): string | undefined => samples.flatMap(({ outcome }) => ("error" in outcome ? [outcome.error] : []))[0];
const good = (samples: readonly Sample[]): Exclude<Outcome, { error: string }>[] => samples.flatMap(({ outcome }) => ("error" in outcome ? [] : [outcome]));
const situated = (samples: readonly Sample[], kind: Sample["kind"]): [Sample, ...Sample[]][] =>
  grouped(samples.filter((sample) => sample.kind === kind), ({ load, situation }) => [load, situation]);

const requestsOf = ({ version, schemas, shape }: Visit["requests"]): number => version + schemas + shape;

export const visits = (samples: readonly Sample[]): VisitFound[] =>
  situated(samples, "unchanged").map((of) => {
    const found = good(of).flatMap(({ visit }) => (visit ? [visit] : []));
    const most = found.map(({ requests }) => requests).sort((a, b) => requestsOf(b) - requestsOf(a))[0];
    return {
      load: of[0].load,
      situation: of[0].situation,
      requests: most ?? { version: NaN, schemas: NaN, shape: NaN },
      answered: found.length > 0 ? Math.max(...found.map(({ answered }) => answered)) : NaN,
      ownMs: median(found.map(({ ownMs }) => ownMs)),
      ms: median(good(of).map(({ ms }) => ms)),
      error: errorOf(of),
    };
  });

export const deploys = (samples: readonly Sample[]): DeployFound[] =>
  situated(samples, "deploys").map((of) => {
    const found = good(of).flatMap(({ deploys }) => (deploys ? [deploys] : []));
    const worst = [...found].sort((a, b) => b.column.bytes / b.first.bytes - a.column.bytes / a.first.bytes)[0];
    const none = { bytes: NaN, rows: NaN };
    return {
      load: of[0].load,
      situation: of[0].situation,
      first: worst?.first ?? none,
      column: worst?.column ?? none,
      ratio: worst ? worst.column.bytes / worst.first.bytes : NaN,
      sameRows: found.length > 0 ? Math.max(...found.map(({ same }) => same.rows)) : NaN,
      ms: median(good(of).map(({ ms }) => ms)),
      swap: swapOf(of),
      error: errorOf(of),
    };
  });
