/** What is done after a test, all of it: of Node's own hooks, those behind one that fails are not run, and what they would have closed keeps the file from ending. */
import type { TestContext } from "node:test";

type Work = () => unknown;
const endings = new WeakMap<TestContext, Work[]>();

/** Has `work` done after the test, behind what was to be done before, whatever comes of that. The test fails with the first error. */
export function atEnd(t: TestContext, work: Work): void {
  const known = endings.get(t);
  if (known) return void known.push(work);
  const all = [work];
  endings.set(t, all);
  t.after(async () => {
    const thrown: unknown[] = [];
    for (const one of all) await Promise.resolve().then(one).catch((error: unknown) => thrown.push(error));
    if (thrown.length > 0) throw thrown[0];
  });
}
