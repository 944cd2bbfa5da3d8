/** What a wrong answer of the version endpoint does: a typed error, and nothing to the old replica. */
import { after, before, test } from "node:test";

import { Broken, type Fault, json, refuses } from "./support/broken.ts";

let broken: Broken;
before(async () => {
  broken = await Broken.start();
});
after(() => broken.end());

const version = (answer: () => Response | Promise<Response>): Fault => ({ spoil: (url) => (url.pathname.endsWith("/version") ? answer() : undefined) });

const UNREACHABLE: Record<string, Fault> = {
  "is down": { faults: { version: "down" } },
  "answers 500": version(() => json({}, 500)),
  "answers 503": version(() => json({}, 503)),
  "answers 429": version(() => json({}, 429)),
  "cannot be reached because fetch throws": version(() => {
    throw new TypeError("Failed to fetch https://example.test/?token=row-data");
  }),
  "never answers": { ...version(() => new Promise<Response>(() => undefined)), options: { limits: { askMs: 50 } } },
};

for (const [name, fault] of Object.entries(UNREACHABLE)) {
  test(`a version endpoint that ${name} keeps nobody from the rows that are there`, () =>
    refuses(broken, fault, "SERVER_UNREACHABLE", true, "is offline"));
}

for (const [name, fault] of Object.entries<Fault>({
  "answers 404": { faults: { version: "not-found" } },
  "answers 401": version(() => json({ message: "row-data" }, 401)),
  "answers 403": version(() => json({}, 403)),
})) {
  test(`a version endpoint that ${name} is VERSION_UNAVAILABLE`, () => refuses(broken, fault, "VERSION_UNAVAILABLE", false));
}

for (const [name, fault] of Object.entries<Fault>({
  "HTML": { faults: { version: "html" } },
  "nothing": { faults: { version: "empty" } },
  "no version": { faults: { version: "no-version" } },
  "a version that is a number": { faults: { version: "not-a-string" } },
  "a version that is empty": version(() => json({ version: "" })),
  "a version that is null": version(() => json({ version: null })),
  "a version that is endless": version(() => json({ version: "row-data".repeat(1_000) })),
  "a version with a control character": version(() => json({ version: "row-data\u0000" })),
  "a list": version(() => json(["row-data"])),
  "a text": version(() => json('"row-data"')),
  "half an object": version(() => json('{"version":"row-data')),
  "an index that is no number": version(() => json({ version: "1", index: "row-data" })),
  "a fingerprint that is none": version(() => json({ version: "1", fingerprint: "row-data" })),
  "no success": version(() => json({ success: false, error: "row-data" })),
  "an empty envelope": version(() => json({ success: true, data: null })),
})) {
  test(`${name} instead of a version is INVALID_VERSION`, () => refuses(broken, fault, "INVALID_VERSION", false));
}
