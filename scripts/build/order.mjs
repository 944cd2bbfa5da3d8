/** The order of a module's functions: those that are alike beside each other, which compression makes more of. */

/** How many words in a row two functions have in common, or not. */
const RUN = 4;
const WORD = /\([\w.]+|[^\s()]+/g;

/** @typedef {{ at: number, size: number, runs: Set<string> }} Shape */

/**
 * The texts, from the shortest on. Each is followed by the one of which it has the greatest part, as runs of words.
 *
 * @param {string[]} texts
 */
export function alike(texts) {
  const shapes = texts.map((text, at) => {
    const words = text.match(WORD) ?? [];
    const runs = new Set(words.slice(RUN - 1).map((_, index) => words.slice(index, index + RUN).join(" ")));
    return { at, size: runs.size + 1, runs };
  });
  /** Which shapes have a run. @type {Map<string, Shape[]>} */
  const having = new Map();
  for (const shape of shapes) for (const run of shape.runs) having.set(run, [...(having.get(run) ?? []), shape]);

  const left = new Set(shapes.toSorted((one, other) => one.size - other.size));
  const order = [];
  for (let [last] = left; last; last = next(last, left, having)) {
    left.delete(last);
    order.push(texts[last.at] ?? "");
  }
  return order;
}

/** @param {Shape} last @param {Set<Shape>} left @param {Map<string, Shape[]>} having */
function next(last, left, having) {
  /** @type {Map<Shape, number>} */
  const common = new Map();
  for (const run of last.runs) for (const shape of having.get(run) ?? []) common.set(shape, (common.get(shape) ?? 0) + 1);
  const part = (/** @type {Shape} */ shape) => (common.get(shape) ?? 0) / shape.size;
  let [best] = left;
  for (const shape of left) if (best && part(shape) > part(best)) best = shape;
  return best;
}
