/**
 * What was found, as tables of Markdown.
 *
 * Owns: columns. Must not know: how anything was measured.
 */
import { nameOf } from "./load.ts";
import { placeOf } from "./results.ts";
import type { Cell, Group, Swap } from "./results.ts";
import { isMet } from "./targets.ts";
import type { Target } from "./targets.ts";
import type { DeployFound, VisitFound } from "./visits.ts";

export const number = (value: number, digits = 0): string => (Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }) : "–");

export function table({ cells }: Group): string {
  const head = ["candidate", "ms", "spread", "stored, ms", "writes of files: times, ms", "a query waits: idle, p99, longest, ms", "peak, MB", "heap and module, MB", "this library ÷ it: median, worst", "the swap holds: median, longest, ms"];
  const rows = cells.map((cell) => [`\`${cell.candidate}\``, ...columns(cell)]);
  return markdown(head, rows);
}

function columns(cell: Cell): string[] {
  if (cell.ms.length === 0) return [`failed: ${(cell.error ?? "").replaceAll("|", "\\|").slice(0, 120)}`, "", "", "", "", "", "", "", ""];
  const { wait, ratio } = cell;
  return [
    number(cell.median) + (cell.error === undefined ? "" : `, once failed: ${cell.error.slice(0, 80)}`),
    `${number(Math.min(...cell.ms))}–${number(Math.max(...cell.ms))}`,
    number(cell.storedMedian),
    Number.isFinite(cell.syncs.count) ? `${number(cell.syncs.count)}, ${number(cell.syncs.ms)}` : "",
    wait ? `${number(wait.idle)}, ${number(wait.p99)}, ${number(wait.longest)}` : "",
    number(cell.peakBytes / 1e6),
    Number.isFinite(cell.heldBytes) ? number(cell.heldBytes / 1e6, 1) : "",
    ratio ? `${number(ratio.median, 2)}, ${number(ratio.worst, 2)}` : "",
    held(cell.swap),
  ];
}

export const visitTable = (visits: readonly VisitFound[]): string =>
  markdown(
    ["rows and place", "requests sent: version, schemas, shape", "of them answered", "own work, ms", "call, ms"],
    visits.map(({ load, situation, error, requests, answered, ownMs, ms }) => [
      `${nameOf(load)}, ${placeOf(situation)}`,
      ...(error === undefined ? [`${requests.version}, ${requests.schemas}, ${requests.shape}`, number(answered), number(ownMs, 1), number(ms, 1)] : failed(error, 4)),
    ]),
  );

export const deployTable = (deploys: readonly DeployFound[]): string =>
  markdown(
    ["rows and place", "first load, MB", "one column more: MB, rows", "÷ first load", "the same structure: rows", "one column more, ms", "the swap holds: median, longest, ms"],
    deploys.map(({ load, situation, error, first, column, ratio, sameRows, ms, swap }) => [
      `${nameOf(load)}, ${placeOf(situation)}`,
      ...(error === undefined
        ? [number(first.bytes / 1e6, 1), `${number(column.bytes / 1e6, 1)}, ${number(column.rows)}`, number(ratio, 3), number(sameRows), number(ms), held(swap)]
        : failed(error, 6)),
    ]),
  );

export const targetTable = (targets: readonly Target[]): string =>
  markdown(
    ["what", "at most", "found"],
    targets.map((target) => [target.what, number(target.most, target.most % 1 === 0 ? 0 : 2), `${number(target.found, 2)}${isMet(target) ? "" : ", missed"}`]),
  );

const held = (swap: Swap | undefined): string => (swap ? `${number(swap.median, 1)}, ${number(swap.longest, 1)}` : "");

const failed = (error: string, columns: number): string[] => [`failed: ${error.replaceAll("|", "\\|").slice(0, 120)}`, ...Array.from({ length: columns - 1 }, () => "")];

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string => [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
