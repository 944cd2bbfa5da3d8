/**
 * What a run of the bench found of candidates that are measured against each other: medians, spread, ratios.
 *
 * Owns: arithmetic over outcomes. Must not know: how they were measured or are shown.
 */
import { nameOf } from "./load.ts";
import type { Load } from "./load.ts";
import type { Candidate } from "./candidates/names.ts";
import type { Kind } from "./measure.ts";
import type { Outcome, Situation } from "./runs.ts";

/** One measurement. */
export interface Sample {
  round: number;
  kind: Kind;
  load: Load;
  situation: Situation;
  candidate: Candidate;
  /** How many came live. */
  changes: number;
  reader: boolean;
  outcome: Outcome;
}

/** One candidate in one situation, over all rounds. */
export interface Cell {
  candidate: Candidate;
  /** Each round's ms; rounds that failed are left out. */
  ms: number[];
  median: number;
  storedMedian: number;
  /** How often PGlite wrote files out, and the ms that took, of the median round. */
  syncs: { count: number; ms: number };
  peakBytes: number;
  /** Of the app's queries, where they were measured: with nothing else going on, the 99th percentile and the longest of all rounds, in ms. */
  wait: { idle: number; p99: number; longest: number } | undefined;
  /** The most that the page's heap and this library's module have come to hold; unknown where the database runs in the page. */
  heldBytes: number;
  /** This library's time over this candidate's: the median of the rounds' ratios, and the worst. */
  ratio: { median: number; worst: number } | undefined;
  /** How long the swap held the database, in the rounds that measured it: the median and the longest, in ms. */
  swap: Swap | undefined;
  error: string | undefined;
}

export interface Swap {
  median: number;
  longest: number;
}

export interface Group {
  kind: "load" | "live";
  load: Load;
  /** How many came live; 0 for a load. */
  changes: number;
  situation: Situation;
  cells: Cell[];
}

export const placeOf = ({ where, storage, settings }: Situation): string =>
  `${where === "node" ? "Node" : where === "main" ? "Chromium, main thread" : "Chromium, PGliteWorker"}, ${storage}, ${settings} settings`;

export const titleOf = ({ kind, load, changes, situation }: Group): string =>
  `${kind === "live" ? `${changes} changes to ` : ""}${nameOf(load)} rows, ${placeOf(situation)}`;

/** Another group of samples for each key. */
export function grouped<T>(samples: readonly T[], keyOf: (sample: T) => unknown): [T, ...T[]][] {
  const found = new Map<string, [T, ...T[]]>();
  for (const sample of samples) {
    const key = JSON.stringify(keyOf(sample));
    found.set(key, [...(found.get(key) ?? []), sample] as [T, ...T[]]);
  }
  return [...found.values()];
}

export function groups(samples: readonly Sample[]): Group[] {
  return (["load", "live"] as const).flatMap((kind) =>
    grouped(samples.filter((sample) => sample.kind === kind), ({ load, situation }) => [load, situation]).map((of) => {
      const [{ load, situation, changes }] = of;
      const candidates = [...new Set(of.map(({ candidate }) => candidate))];
      return { kind, load, changes: kind === "live" ? changes : 0, situation, cells: candidates.map((candidate) => cell(candidate, of)) };
    }),
  );
}

/** Whose page held another PGlite before, so that its peak is not its own. */
const DISTURBED: readonly Candidate[] = ["copy:binary"];

function cell(candidate: Candidate, samples: readonly Sample[]): Cell {
  const own = samples.filter((sample) => sample.candidate === candidate);
  const quiet = own.filter(({ reader }) => !reader);
  const good = quiet.flatMap(({ round, outcome }) => ("error" in outcome ? [] : [{ round, ...outcome }]));
  const ratios = good.flatMap(({ round, ms }) => {
    const ours = samples.find((sample) => sample.candidate === "replica" && !sample.reader && sample.round === round)?.outcome;
    return ours && !("error" in ours) ? [ours.ms / ms] : [];
  });
  const told = own.flatMap(({ outcome }) => ("error" in outcome ? [] : [outcome]));
  const waits = told.flatMap(({ waits }) => waits).sort((a, b) => a - b);
  const failure = quiet.map(({ outcome }) => outcome).find((outcome) => "error" in outcome);
  return {
    candidate,
    ms: good.map(({ ms }) => ms),
    median: median(good.map(({ ms }) => ms)),
    storedMedian: median(good.map(({ storedMs }) => storedMs)),
    syncs: { count: median(good.map(({ syncs }) => syncs?.count ?? NaN)), ms: median(good.map(({ syncs }) => syncs?.ms ?? NaN)) },
    peakBytes: DISTURBED.includes(candidate) ? NaN : median(good.map(({ peakBytes }) => peakBytes ?? NaN)),
    wait: waits.length > 0 ? { idle: median(known(told.map(({ idleMs }) => idleMs))), p99: waits[Math.floor(waits.length * 0.99)] ?? NaN, longest: waits.at(-1) ?? NaN } : undefined,
    heldBytes: median(known(told.map(({ heldBytes }) => heldBytes))),
    ratio: ratios.length > 0 && candidate !== "replica" ? { median: median(ratios), worst: Math.max(...ratios) } : undefined,
    swap: swapOf(own),
    error: failure && "error" in failure ? failure.error : undefined,
  };
}

export function swapOf(samples: readonly Sample[]): Swap | undefined {
  const found = samples.flatMap(({ outcome }) => ("error" in outcome || outcome.swapMs === undefined ? [] : [outcome.swapMs]));
  return found.length > 0 ? { median: median(found), longest: Math.max(...found) } : undefined;
}

const known = (numbers: readonly (number | undefined)[]): number[] => numbers.filter((number) => number !== undefined);

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}
