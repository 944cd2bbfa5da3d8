/**
 * How what was found stands to the targets.
 *
 * Owns: the targets, and which measurements each is judged by. Must not know: how anything was measured or is shown.
 */
import { METHODS } from "./candidates/methods.ts";
import type { Candidate } from "./candidates/names.ts";
import { nameOf } from "./load.ts";
import { placeOf, titleOf } from "./results.ts";
import type { Cell, Group, Swap } from "./results.ts";
import type { Situation } from "./runs.ts";
import type { DeployFound, VisitFound } from "./visits.ts";

/** All that a run found. */
export interface Found {
  groups: Group[];
  visits: VisitFound[];
  deploys: DeployFound[];
}

export interface Target {
  what: string;
  most: number;
  /** No number where this library failed. */
  found: number;
}

/** Of a failure there is no number, and it meets no target. */
export const isMet = ({ most, found }: Target): boolean => found <= most;

/** Fewer changes come in less than a tab's own delays. */
const ENOUGH_CHANGES = 10_000;
const SWAP_MS = 10;
/** The rows of the load that a million rows are compared with. */
const TENTH = 100_000;

/** The targets that can be judged from these measurements: those in Chromium with recommended settings. */
export const targets = ({ groups, visits, deploys }: Found): Target[] => [
  ...groups.filter(isJudged).flatMap((group) => (group.kind === "live" ? ofLive(group) : ofLoad(group))),
  ...groups.filter(isJudged).flatMap((group) => [...ofMillion(group, groups), ...ofMemory(group)]),
  ...visits.filter(isJudged).flatMap(ofVisit),
  ...deploys.filter(isJudged).flatMap(ofDeploy),
];

const isJudged = ({ situation: { where, settings } }: { situation: Situation }): boolean => where !== "node" && settings === "recommended";

/** The best of pglite-sync's methods that came through every round. */
export function bestMethod({ cells }: Group): Cell | undefined {
  const methods: readonly Candidate[] = METHODS.map((method) => `sync:${method}` as const);
  const good = cells.filter(({ candidate, error, ms }) => methods.includes(candidate) && error === undefined && ms.length > 0);
  return good.sort((a, b) => a.median - b.median)[0];
}

const of = ({ cells }: Group, candidate: Candidate): Cell | undefined => cells.find((cell) => cell.candidate === candidate);

/** This library against another candidate, where both were measured. */
function against(group: Group, cell: Cell | undefined, name: string, most: number): Target[] {
  const ours = of(group, "replica");
  if (!ours || !cell) return [];
  const what = `${titleOf(group)}: this library ÷ ${name}`;
  if (ours.error !== undefined) return [{ what, most, found: NaN }];
  return cell.ratio ? [{ what, most, found: cell.ratio.median }] : [];
}

const held = (title: string, swap: Swap | undefined): Target[] =>
  swap ? [{ what: `${title}: ms the swap holds the database`, most: SWAP_MS, found: swap.median }] : [];

function ofLoad(group: Group): Target[] {
  const { load } = group;
  const swap = held(titleOf(group), of(group, "replica")?.swap);
  if (load.tables === 20) return [...against(group, bestMethod(group), "pglite-sync's best method", 0.3), ...swap];
  if (load.tables !== 1 || load.rows !== 100_000) return [];
  const wait = of(group, "replica")?.wait;
  return [
    ...against(group, bestMethod(group), "pglite-sync's best method", 0.33),
    ...against(group, of(group, "sync:insert"), "pglite-sync's default", 0.25),
    ...against(group, of(group, "copy"), "COPY of a ready blob", 1.15),
    ...(wait ? [{ what: `${titleOf(group)}: ms an app's query waits, 99th percentile; ${wait.idle.toFixed(0)} with nothing else going on`, most: 50, found: wait.p99 }] : []),
    ...swap,
  ];
}

/** A million rows beside a tenth of them in the same place. */
function ofMillion(group: Group, groups: readonly Group[]): Target[] {
  const { kind, load, situation } = group;
  if (kind !== "load" || load.tables !== 1 || load.rows !== TENTH * 10) return [];
  const place = placeOf(situation);
  const smaller = groups.find((other) => other.kind === "load" && other.load.tables === 1 && other.load.rows === TENTH && placeOf(other.situation) === place);
  const [ours, tenth] = [of(group, "replica"), smaller && of(smaller, "replica")];
  if (!ours || !tenth) return [];
  const found = ours.error === undefined && tenth.error === undefined ? ours.median / tenth.median / 10 : NaN;
  return [{ what: `${titleOf(group)}: a row's time ÷ that with a tenth of the rows`, most: 1.15, found }];
}

/** Whatever the size of the load. */
function ofMemory(group: Group): Target[] {
  const { heldBytes } = of(group, "replica") ?? {};
  if (heldBytes === undefined || Number.isNaN(heldBytes)) return [];
  return [{ what: `${titleOf(group)}: MB that the page's heap and this library's module come to hold`, most: 48, found: heldBytes / 1e6 }];
}

function ofLive(group: Group): Target[] {
  return group.changes < ENOUGH_CHANGES ? [] : against(group, bestMethod(group), "pglite-sync's best", 0.2);
}

function ofVisit({ load, situation, requests, answered, ownMs, error }: VisitFound): Target[] {
  const title = `A visit with nothing new, ${nameOf(load)} rows, ${placeOf(situation)}`;
  const found = (number: number): number => (error === undefined ? number : NaN);
  return [
    // A live request may be on its way by then, which has no answer.
    { what: `${title}: requests that were waited for`, most: 1, found: found(Math.max(answered, requests.version + requests.schemas)) },
    { what: `${title}: ms of this library's own work`, most: 5, found: found(ownMs) },
  ];
}

function ofDeploy({ load, situation, ratio, sameRows, swap, error }: DeployFound): Target[] {
  const title = `A new version, ${nameOf(load)} rows, ${placeOf(situation)}`;
  const found = (number: number): number => (error === undefined ? number : NaN);
  return [
    ...(load.tables === 20 ? [{ what: `${title}: bytes for one of twenty tables ÷ bytes of the first load`, most: 1 / 15, found: found(ratio) }] : []),
    { what: `${title}: rows fetched for the same structure`, most: 0, found: found(sameRows) },
    ...held(title, swap),
  ];
}
