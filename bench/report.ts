/**
 * A run of the bench as Markdown with a plot, for docs/PERFORMANCE.md and for the terminal.
 *
 * Owns: words and layout. Must not know: how anything was measured.
 */
import { nameOf } from "./load.ts";
import { MEANINGS } from "./measure.ts";
import { targets, titleOf } from "./results.ts";
import type { Cell, Group } from "./results.ts";

export interface Machine {
  processor: string;
  cores: number;
  memoryGiB: number;
  node: string;
  browser: string;
  versions: Record<string, string>;
}

export interface Run {
  /** The day, in ISO 8601. */
  date: string;
  machine: Machine;
  rounds: number;
  groups: Group[];
}

const number = (value: number, digits = 0): string => (Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }) : "–");

export function table({ cells }: Group): string {
  const head = ["candidate", "ms", "spread", "stored, ms", "writes of files: times, ms", "a query waits: p99, longest, ms", "peak, MB", "this library ÷ it: median, worst"];
  const rows = cells.map((cell) => [`\`${cell.candidate}\``, ...columns(cell)]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function columns(cell: Cell): string[] {
  if (cell.ms.length === 0) return [`failed: ${(cell.error ?? "").replaceAll("|", "\\|").slice(0, 120)}`, "", "", "", "", "", ""];
  const { wait, ratio } = cell;
  return [
    number(cell.median) + (cell.error === undefined ? "" : `, once failed: ${cell.error.slice(0, 80)}`),
    `${number(Math.min(...cell.ms))}–${number(Math.max(...cell.ms))}`,
    number(cell.storedMedian),
    Number.isFinite(cell.syncs.count) ? `${number(cell.syncs.count)}, ${number(cell.syncs.ms)}` : "",
    wait ? `${number(wait.p99)}, ${number(wait.longest)}` : "",
    number(cell.peakBytes / 1e6),
    ratio ? `${number(ratio.median, 2)}, ${number(ratio.worst, 2)}` : "",
  ];
}

/** The document. `plot` is the path of the picture, from the document. */
export function document(run: Run, plot: string): string {
  const { machine } = run;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `# How fast a load is

Written by \`npm run bench\`, which measures every candidate in one run, in alternating order, each in a fresh browser or process, on the
same server of this machine with the same rows. Only ratios within one run mean anything: the milliseconds are this machine's.

- ${run.date}: ${machine.cores} cores of ${machine.processor}, ${number(machine.memoryGiB)} GiB; ${machine.browser}, Node ${machine.node}
- ${versions.join(", ")}
- medians of ${run.rounds} round${run.rounds === 1 ? "" : "s"}; nine columns: two uuid, two text (quotes, commas, newlines, unicode), int4, numeric, bool, timestamptz, jsonb

| candidate | is |
|---|---|
${Object.entries(MEANINGS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`).join("\n")}

"ms" is from the call until the rows can be read, "stored" until they are on disk as well. What an app's query waits was measured in
rounds of its own, with a \`select 1\` sent 10 ms after the answer to the one before. With recommended settings PGlite is started with this
library's \`replicaStartParams\`, without which COPY takes time that grows with the square of the rows in PGlite 0.5.10 to 0.5.16.

![Load times by candidate](${plot})
${run.groups.map((group) => `\n## ${titleOf(group)}\n\n${table(group)}\n`).join("")}
## Targets

| ratio | at most | found |
|---|---|---|
${run.groups.flatMap(targets).map(({ what, most, found }) => `| ${what} | ${most} | ${number(found, 2)}${found <= most ? "" : ", missed"} |`).join("\n")}
`;
}

// ---- the plot ------------------------------------------------------------------------------------------------------

const BAR = { height: 16, gap: 4, left: 130, width: 520 };
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Bars of each group's medians. */
export function svg(run: Run): string {
  let top = 10;
  const parts: string[] = [];
  for (const group of run.groups) {
    const cells = group.cells.filter(({ ms }) => ms.length > 0);
    const longest = Math.max(...cells.map(({ median }) => median));
    parts.push(`<text x="10" y="${top + 14}" font-weight="bold">${escaped(titleOf(group))}</text>`);
    top += 24;
    for (const { candidate, median } of cells) {
      const width = (median / longest) * BAR.width;
      const middle = top + BAR.height - 4;
      const color = candidate === "replica" ? "#2a78d6" : candidate === "copy" || candidate === "fetch" ? "#b7c4d1" : "#8a94a0";
      parts.push(
        `<text x="${BAR.left - 8}" y="${middle}" text-anchor="end">${candidate}</text>`,
        `<rect x="${BAR.left}" y="${top}" width="${width.toFixed(1)}" height="${BAR.height}" rx="2" fill="${color}"/>`,
        `<text x="${(BAR.left + width + 6).toFixed(1)}" y="${middle}">${number(median)} ms</text>`,
      );
      top += BAR.height + BAR.gap;
    }
    top += 16;
  }
  const style = "text{font:12px system-ui,sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${top}" role="img" aria-label="Load times by candidate: ${run.groups.map(({ load }) => nameOf(load)).join(", ")} rows"><style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}
