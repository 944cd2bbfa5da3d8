/**
 * What a run of the bench found: medians, spread, ratios, and how they stand to the targets.
 *
 * Owns: arithmetic over outcomes. Must not know: how they were measured or are shown.
 */
import { nameOf } from "./load.ts";
import type { Load } from "./load.ts";
import type { Candidate } from "./measure.ts";
import type { Outcome, Situation } from "./runs.ts";

/** One measurement. */
export interface Sample {
  round: number;
  load: Load;
  situation: Situation;
  candidate: Candidate;
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
  /** Of the app's queries, where they were measured: the 99th percentile and the longest of all rounds, in ms. */
  wait: { p99: number; longest: number } | undefined;
  /** This library's time over this candidate's: the median of the rounds' ratios, and the worst. */
  ratio: { median: number; worst: number } | undefined;
  error: string | undefined;
}

export interface Group {
  load: Load;
  situation: Situation;
  cells: Cell[];
}

export const titleOf = ({ load, situation: { where, storage, settings } }: Group): string => {
  const [rows, place] = [nameOf(load), where === "node" ? "Node" : where === "main" ? "Chromium, main thread" : "Chromium, PGliteWorker"];
  return `${rows} rows, ${place}, ${storage}, ${settings} settings`;
};

export function groups(samples: readonly Sample[]): Group[] {
  const keys = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([sample.load, sample.situation]);
    keys.set(key, [...(keys.get(key) ?? []), sample]);
  }
  return [...keys.values()].flatMap((of) => {
    const [first] = of;
    if (!first) return [];
    const candidates = [...new Set(of.map(({ candidate }) => candidate))];
    return [{ load: first.load, situation: first.situation, cells: candidates.map((candidate) => cell(candidate, of)) }];
  });
}

function cell(candidate: Candidate, samples: readonly Sample[]): Cell {
  const own = samples.filter((sample) => sample.candidate === candidate);
  const quiet = own.filter(({ reader }) => !reader);
  const good = quiet.flatMap(({ round, outcome }) => ("error" in outcome ? [] : [{ round, ...outcome }]));
  const ratios = good.flatMap(({ round, ms }) => {
    const ours = samples.find((sample) => sample.candidate === "replica" && !sample.reader && sample.round === round)?.outcome;
    return ours && !("error" in ours) ? [ours.ms / ms] : [];
  });
  const waits = own.flatMap(({ reader, outcome }) => (reader && !("error" in outcome) ? outcome.waits : [])).sort((a, b) => a - b);
  const failure = quiet.map(({ outcome }) => outcome).find((outcome) => "error" in outcome);
  return {
    candidate,
    ms: good.map(({ ms }) => ms),
    median: median(good.map(({ ms }) => ms)),
    storedMedian: median(good.map(({ storedMs }) => storedMs)),
    syncs: { count: median(good.map(({ syncs }) => syncs?.count ?? NaN)), ms: median(good.map(({ syncs }) => syncs?.ms ?? NaN)) },
    peakBytes: median(good.map(({ peakBytes }) => peakBytes ?? NaN)),
    wait: waits.length > 0 ? { p99: waits[Math.floor(waits.length * 0.99)] ?? NaN, longest: waits.at(-1) ?? NaN } : undefined,
    ratio: ratios.length > 0 && candidate !== "replica" ? { median: median(ratios), worst: Math.max(...ratios) } : undefined,
    error: failure && "error" in failure ? failure.error : undefined,
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? NaN : (low + high) / 2;
}

// ---- targets -------------------------------------------------------------------------------------------------------

export interface Target {
  what: string;
  most: number;
  found: number;
}

const METHODS: readonly Candidate[] = ["sync:insert", "sync:json", "sync:csv", "sync:useCopy"];

/** The best of pglite-sync's methods that came through every round. */
export function bestMethod({ cells }: Group): Cell | undefined {
  const good = cells.filter(({ candidate, error, ms }) => METHODS.includes(candidate) && error === undefined && ms.length > 0);
  return good.sort((a, b) => a.median - b.median)[0];
}

/** The targets that can be judged from these measurements: those of 100,000 rows or twenty tables in Chromium. */
export function targets(group: Group): Target[] {
  const { load, situation } = group;
  if (situation.where === "node" || situation.settings !== "recommended") return [];
  const of = (candidate: Candidate): Cell | undefined => group.cells.find((cell) => cell.candidate === candidate);
  const against = (cell: Cell | undefined, name: string, most: number): Target[] =>
    cell?.ratio ? [{ what: `${titleOf(group)}: this library ÷ ${name}`, most, found: cell.ratio.median }] : [];
  if (load.tables === 20) return against(bestMethod(group), "pglite-sync's best method", 0.3);
  if (load.tables !== 1 || load.rows !== 100_000) return [];
  const wait = of("replica")?.wait;
  return [
    ...against(bestMethod(group), "pglite-sync's best method", 0.33),
    ...against(of("sync:insert"), "pglite-sync's default", 0.25),
    ...against(of("copy"), "COPY of a ready blob", 1.15),
    ...(wait ? [{ what: `${titleOf(group)}: ms an app's query waits, 99th percentile`, most: 50, found: wait.p99 }] : []),
  ];
}
