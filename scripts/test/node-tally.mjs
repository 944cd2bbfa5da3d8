/** A reporter for `node --test` that writes one JSON object: what passed, what failed, what is wrong beyond that. */
import { basename } from "node:path";

/**
 * @param {AsyncIterable<{ type: string, data: any }>} events
 * @returns {AsyncGenerator<string>}
 */
export default async function* nodeTally(events) {
  let passed = 0;
  let failed = 0;
  const faults = [];

  for await (const { type, data } of events) {
    if (type === "test:diagnostic" && /asynchronous activity after the test ended/.test(data.message)) faults.push(data.message);
    if (type !== "test:pass" && type !== "test:fail") continue;

    if (type === "test:fail") {
      // A suite fails because of a test in it, which is counted already, unless its own hooks broke.
      if (data.details?.type !== "suite" || data.details.error?.failureType !== "subtestsFailed") failed += 1;
    } else if (data.skip !== undefined || data.todo !== undefined) {
      faults.push(`"${data.name}" is skipped: a test that is skipped proves nothing`);
    } else if (isFile(data)) {
      faults.push(`${basename(data.name)} holds no test`);
    } else if (data.details?.type !== "suite") {
      passed += 1;
    }
  }
  yield JSON.stringify({ passed, failed, faults });
}

/** Node reports a file without tests as if it were one. @param {{ name: string, file?: string, nesting: number }} data */
const isFile = ({ name, nesting }) => nesting === 0 && /\.test\.ts$/.test(basename(name));
