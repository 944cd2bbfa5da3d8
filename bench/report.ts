/**
 * A run of the bench as a document, docs/PERFORMANCE.md.
 *
 * Owns: words, and the order of sections. Must not know: how anything was measured.
 */
import { MEANINGS } from "./candidates/names.ts";
import { titleOf } from "./results.ts";
import type { Group } from "./results.ts";
import { deployTable, number, table, targetTable, visitTable } from "./tables.ts";
import { targets } from "./targets.ts";
import type { Found } from "./targets.ts";

export interface Machine {
  processor: string;
  cores: number;
  memoryGiB: number;
  node: string;
  browser: string;
  versions: Record<string, string>;
}

export interface Run extends Found {
  /** The day, in ISO 8601. */
  date: string;
  machine: Machine;
  rounds: number;
}

/** The document. `plot` is the path of the picture, from the document. */
export function document(run: Run, plot: string): string {
  const { machine } = run;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `# How fast a load is

Written by \`npm run bench\`, which measures all candidates of a table in one run, in alternating order, each in a fresh browser or process, on the
same server of this machine with the same rows. Only ratios within one table mean anything: the milliseconds are this machine's.

- ${run.date}: ${machine.cores} cores of ${machine.processor}, ${number(machine.memoryGiB)} GiB; ${machine.browser}, Node ${machine.node}
- ${versions.join(", ")}
- medians of ${run.rounds} round${run.rounds === 1 ? "" : "s"}; nine columns: two uuid, two text (quotes, commas, newlines, unicode), int4, numeric, bool, timestamptz, jsonb

| candidate | is |
|---|---|
${Object.entries(MEANINGS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`).join("\n")}

"ms" is from the call until a query of the app's has read a row, "stored" until all is on disk as well. What an app's query waits was measured in
rounds of its own, with a \`select 1\` sent 10 ms after the answer to the one before; "idle" is what it takes before, with nothing else going on. In
these rounds it was also looked, every 5 ms, at what the page's heap and this library's module hold besides what the heap held before; the
peak is what the renderer held, Postgres included. With recommended settings PGlite is started with this
library's \`replicaStartParams\`, without which COPY takes time that grows with the square of the rows in PGlite 0.5.10 to 0.5.16. Over a PGliteWorker
this library is given the worker, whose code calls \`serveReplica()\`; everything else goes through the PGliteWorker.

![Load times by candidate](${plot})
${sections(run).map(([title, text]) => `\n## ${title}\n\n${text}\n`).join("")}`;
}

/** Titles and texts; nothing for what this run did not measure. */
function sections(run: Run): [title: string, text: string][] {
  const of = (kind: Group["kind"]): Group[] => run.groups.filter((group) => group.kind === kind);
  const live = of("live").map((group) => `### ${titleOf(group)}\n\n${table(group)}`);
  const judged = targets(run);
  return [
    ...of("load").map((group): [string, string] => [titleOf(group), table(group)]),
    ...(live.length > 0 ? [["Changes that come live", `${LIVE}\n\n${live.join("\n\n")}`] as [string, string]] : []),
    ...(run.visits.length > 0 ? [["A visit with nothing new", `${VISIT}\n\n${visitTable(run.visits)}`] as [string, string]] : []),
    ...(run.deploys.length > 0 ? [["A new version of the schema", `${DEPLOY}\n\n${deployTable(run.deploys)}`] as [string, string]] : []),
    ...(judged.length > 0 ? [["Targets", targetTable(judged)] as [string, string]] : []),
  ];
}

const LIVE = `Inserts, updates and deletes in transactions of up to twenty, all committed at once, and given out in live answers of about a megabyte.
"ms" is from the server's release until a query meets the row that the last change inserts. That query is sent 5 ms after the answer to the one
before, and what it waits stands in the table. The whole table is compared with the server's afterwards.`;

const VISIT = `A manager is made anew over a replica of the server's version. The requests are those until \`checkAndMigrate()\` has resolved. "Own
work" is that time without what passed while a request or a statement was under way.`;

const DEPLOY = `First a version whose structure is the same, then one in which the first table has one more column; each time \`checkAndMigrate()\` is called.
The bytes are those of shapes' bodies.`;
