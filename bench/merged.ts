/**
 * What was found again takes the place of what was found before.
 *
 * Owns: which findings are of the same. Must not know: how anything was measured or is shown. What is compared with each other
 * stands in one group, and a group is always of one run.
 */
import type { Load } from "./load.ts";
import type { Machine, Run } from "./report.ts";
import { titleOf } from "./results.ts";
import type { Situation } from "./runs.ts";

/** What names a finding. */
interface Named {
  kind?: string;
  changes?: number;
  load: Load;
  situation: Situation;
}

const keyOf = ({ kind, changes, load, situation }: Named): string => JSON.stringify([kind, changes, load.tables, load.rows, situation.where, situation.storage, situation.settings]);

function inPlace<T extends Named>(earlier: readonly T[], newer: readonly T[]): T[] {
  const found = new Map([...earlier, ...newer].map((one) => [keyOf(one), one]));
  return [...found.values()];
}

/** Of the same machine's memory, the system takes another bit each time it starts. */
const named = (machine: Machine): string => JSON.stringify({ ...machine, memoryGiB: Math.round(machine.memoryGiB) });

/** @throws where the two are of different machines or releases, whose milliseconds have nothing to do with each other */
export function comparable(earlier: Run, machine: Machine): void {
  if (named(earlier.machine) !== named(machine)) throw new Error("what is there was measured on another machine, or with other releases: measure all of it anew");
}

/** @throws where a table would lose candidates, and with them what this library is judged by */
export function merged(earlier: Run, newer: Run): Run {
  for (const group of newer.groups) {
    const before = earlier.groups.find((other) => keyOf(other) === keyOf(group))?.cells ?? [];
    const lost = before.filter(({ candidate }) => !group.cells.some((cell) => cell.candidate === candidate));
    if (lost.length > 0) throw new Error(`${titleOf(group)}: ${lost.map(({ candidate }) => candidate).join(", ")} has to be measured again as well`);
  }
  return {
    ...newer,
    rounds: Math.min(earlier.rounds, newer.rounds),
    groups: inPlace(earlier.groups, newer.groups),
    visits: inPlace(earlier.visits, newer.visits),
    deploys: inPlace(earlier.deploys, newer.deploys),
  };
}

/** Reads what was written of a run. There, a number that there is not is null. */
export const runOf = (text: string): Run => JSON.parse(text, (_, value: unknown) => (value === null ? NaN : value)) as Run;
