/** Bars of the loads' medians, as SVG. */
import { nameOf } from "./load.ts";
import type { Run } from "./report.ts";
import { titleOf } from "./results.ts";
import { number } from "./tables.ts";

const BAR = { height: 16, gap: 4, left: 130, width: 520 };
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Bars of each group's medians. */
export function svg(run: Run): string {
  let top = 10;
  const parts: string[] = [];
  const loads = run.groups.filter(({ kind }) => kind === "load");
  for (const group of loads) {
    const cells = group.cells.filter(({ ms }) => ms.length > 0);
    const longest = Math.max(...cells.map(({ median }) => median));
    parts.push(`<text x="10" y="${top + 14}" font-weight="bold">${escaped(titleOf(group))}</text>`);
    top += 24;
    for (const { candidate, median } of cells) {
      const width = (median / longest) * BAR.width;
      const middle = top + BAR.height - 4;
      const color = candidate === "replica" ? "#2a78d6" : candidate.startsWith("copy") || candidate === "fetch" ? "#b7c4d1" : "#8a94a0";
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
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 ${top}" role="img" aria-label="Load times by candidate: ${[...new Set(loads.map(({ load }) => nameOf(load)))].join(", ")} rows"><style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}
