/** What the scripts say while they work. All of it goes to stderr: stdout belongs to results. */

const WORTH_TELLING_MS = 500;

/** @param {string} line */
export const say = (line) => process.stderr.write(`  ${line}\n`);

/** @param {number} since milliseconds, from `performance.now()` */
export function elapsed(since) {
  const seconds = (performance.now() - since) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/**
 * Prints a heading, does the work, prints how long it took.
 *
 * @template T
 * @param {string} heading
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export async function step(heading, work) {
  const start = performance.now();
  process.stderr.write(`\n▸ ${heading}\n`);
  try {
    return await work();
  } finally {
    if (performance.now() - start > WORTH_TELLING_MS) say(`(${heading}: ${elapsed(start)})`);
  }
}
