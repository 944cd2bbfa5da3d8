/** The examples that the documents have: every fenced block, by the chapter it stands in. */
import { readdirSync, readFileSync } from "node:fs";

export interface Example {
  /** Its document and chapter, and which one it is where there are several: what a decision about it goes by. */
  name: string;
  document: string;
  /** What stands behind the fence. */
  language: string;
  code: string;
}

const pages = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((file) => `${folder}/${file}`);

/** The documents for who uses the package. Those for who works on it have no examples to run. */
const DOCUMENTS = ["README.md", "pkg/README.md", ...pages("docs/guide"), ...pages("docs/reference")];

export const EXAMPLES: readonly Example[] = DOCUMENTS.flatMap(examplesOf);

function examplesOf(document: string): Example[] {
  const times = new Map<string, number>();
  let chapter = "";
  const found: Example[] = [];
  for (const [, title, language = "", code = ""] of readFileSync(document, "utf8").matchAll(/^#+ (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) {
      chapter = title;
      continue;
    }
    const nth = (times.get(chapter) ?? 0) + 1;
    times.set(chapter, nth);
    found.push({ name: `${document} › ${chapter}${nth === 1 ? "" : ` (${nth})`}`, document, language, code });
  }
  return found;
}
