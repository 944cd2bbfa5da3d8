/** What was counted against what is recorded: a table for people, and what is wrong. */

/** Percent that a count may be above its recorded one. What another C library or processor makes of the same code is a fifth of it. */
export const ALLOWED = 3;

/**
 * What is recorded, in tests/native/instructions.json.
 *
 * @typedef {object} Figures
 * @property {string} compiler what made the program: only its counts can be compared
 * @property {Record<string, number>} instructions of each scenario
 */

/**
 * One scenario's count.
 *
 * @typedef {{ scenario: string, instructions: number, units: number }} Count
 */

/**
 * @param {string} compiler
 * @param {readonly Count[]} counts
 * @returns {Figures}
 */
export function figures(compiler, counts) {
  return { compiler, instructions: Object.fromEntries(counts.map(({ scenario, instructions }) => [scenario, instructions])) };
}

/**
 * Compares. Nothing is wrong with counts of another compiler's code, whatever they are; where the compiler is the same,
 * a scenario that only one side has is wrong as well: it would be watched by nobody.
 *
 * @param {string} compiler
 * @param {readonly Count[]} counts
 * @param {Figures | undefined} record
 * @returns {{ table: string, note: string, faults: string[] }}
 */
export function compare(compiler, counts, record) {
  const table = written(counts, record?.instructions ?? {});
  if (record === undefined) return { table, note: "", faults: ["nothing is recorded"] };
  if (record.compiler !== compiler) {
    return { table, note: `recorded was what ${record.compiler} makes, and this is ${compiler}: the difference fails nothing`, faults: [] };
  }
  const counted = new Set(counts.map(({ scenario }) => scenario));
  const stray = Object.keys(record.instructions).filter((scenario) => !counted.has(scenario));
  const faults = [
    ...counts.flatMap((count) => fault(count, record.instructions[count.scenario])),
    ...stray.map((scenario) => `${scenario} is recorded, and was not counted`),
  ];
  const below = counts.filter(({ scenario, instructions }) => difference(instructions, record.instructions[scenario] ?? instructions) < -ALLOWED);
  const note = below.length === 0 ? "" : `more than ${ALLOWED} % below what is recorded: ${below.map(({ scenario }) => scenario).join(", ")}. Record it, so that it stays so`;
  return { table, note, faults };
}

/** @param {Count} count @param {number | undefined} recorded @returns {string[]} */
function fault({ scenario, instructions }, recorded) {
  if (recorded === undefined) return [`${scenario} is not recorded`];
  const percent = difference(instructions, recorded);
  return percent > ALLOWED ? [`${scenario} takes ${signed(percent)}, and ${ALLOWED} % are allowed`] : [];
}

/** @param {readonly Count[]} counts @param {Record<string, number>} recorded */
function written(counts, recorded) {
  const rows = counts.map(({ scenario, instructions, units }) => {
    const was = recorded[scenario];
    const against = was === undefined ? ["–", "–"] : [grouped(was), signed(difference(instructions, was))];
    return [scenario, grouped(instructions), grouped(Math.round(instructions / units)), ...against];
  });
  const lines = [["scenario", "instructions", "each", "recorded", "difference"], ...rows];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("   ")).join("\n");
}

/** @param {number} now @param {number} was @returns {number} percent */
const difference = (now, was) => ((now - was) / was) * 100;

/** @param {number} percent */
const signed = (percent) => `${percent > 0 ? "+" : ""}${percent.toFixed(2)} %`;

/** @param {number} number */
const grouped = (number) => number.toLocaleString("en");
