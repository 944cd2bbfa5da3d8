/** What npm wants beside the code: package.json without the workshop, the licences, the documents. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { say } from "../lib/narration.mjs";
import { at, PKG } from "../lib/paths.mjs";

const DOCUMENTS = ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "docs/ERRORS.md"];
/** Fields that only make sense in the repository. */
const WORKSHOP = ["scripts", "devDependencies", "files", "overrides"];

export async function publication() {
  const manifest = Object.entries(JSON.parse(readFileSync(at("package.json"), "utf8"))).filter(([field]) => !WORKSHOP.includes(field));
  // The same entries as at the root, from where `pkg/` itself is the package.
  const text = JSON.stringify(Object.fromEntries(manifest), null, 2).replaceAll('"./pkg/', '"./');
  writeFileSync(join(PKG, "package.json"), `${text}\n`);

  // Without a .npmignore npm would obey .gitignore and pack nothing.
  writeFileSync(join(PKG, ".npmignore"), ".gitignore\n.npmignore\n");

  for (const document of DOCUMENTS) {
    if (existsSync(at(document))) copyFileSync(at(document), join(PKG, document.split("/").at(-1) ?? document));
  }
  say("pkg/ is ready: npm pack ./pkg");
}
