/** The API reference against the sources it is written from. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { reference, REFERENCE } from "../../scripts/reference.mjs";

test("docs/reference is what `npm run reference` writes of the sources as they are", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "reference-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  await reference(folder);

  assert.deepEqual(readdirSync(REFERENCE).sort(), readdirSync(folder).sort());
  const isOld = (file: string) => readFileSync(join(REFERENCE, file), "utf8") !== readFileSync(join(folder, file), "utf8");
  assert.deepEqual(readdirSync(folder).filter(isOld), [], "run `npm run reference`");
});

test("docs/reference has a file for each entry of the package", () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, string | { types: string }> };
  const entries = Object.entries(exports).filter(([, entry]) => typeof entry !== "string");
  const names = entries.map(([path]) => path.replace(/^\./, "electric-replica"));

  assert.ok(names.length >= 7);
  for (const name of names) {
    const page = readFileSync(join(REFERENCE, `${name.replaceAll("/", ".")}.md`), "utf8");
    assert.equal(page.split("\n", 1)[0], `# ${name}`);
  }
});
