/** The documents against the code they speak of: a document that is not true is worse than none. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

import { BROWSERS } from "../../scripts/matrix/document.mjs";

const GUIDE = readdirSync("docs/guide").map((file) => `docs/guide/${file}`);
const REFERENCE = readdirSync("docs/reference").map((file) => `docs/reference/${file}`);
const DOCUMENTS = [...GUIDE, ...REFERENCE, "README.md", "docs/ARCHITECTURE.md", "docs/SPEC.md", "docs/ERRORS.md", "docs/SIZE.md", "docs/PERFORMANCE.md", "docs/COMPATIBILITY.md", "docs/SCALE.md", "docs/RELIABILITY.md", "CHANGELOG.md", "pkg/README.md"];
const text = (path: string): string => readFileSync(path, "utf8");

test("docs/ERRORS.md has each error code of the code, and no other", () => {
  const inRust = all(text("src/core/error.rs"), /Self::\w+ => "([A-Z_]+)"/g);
  const inTypeScript = all(between(text("js/errors.ts"), "export type ReplicaErrorCode", ";"), /"([A-Z_]+)"/g);
  const document = text("docs/ERRORS.md");

  assert.ok(inRust.length > 20);
  assert.deepEqual(inTypeScript, inRust);
  assert.deepEqual(all(document, /^## ([A-Z_]+)$/gm), inRust);
  assert.deepEqual(all(document, /^\| \[`([A-Z_]+)`\]/gm), inRust);
});

test("docs/ERRORS.md says of each code whether it is retryable, as the code does", () => {
  const variants = new Map(pairs(text("src/core/error.rs"), /Self::(\w+) => "([A-Z_]+)"/g));
  const retryable = all(between(text("src/core/error.rs"), "pub const fn retryable(self)", "}"), /Self::(\w+)/g);
  const rows = pairs(text("docs/ERRORS.md"), /^\| \[`([A-Z_]+)`\]\S* \| (yes|no) \|$/gm);

  const said = rows.filter(([, answer]) => answer === "yes").map(([code]) => code);
  assert.deepEqual(said, [...variants].filter(([variant]) => retryable.includes(variant)).map(([, code]) => code));
});

for (const [document, least] of [["docs/SPEC.md", 30], ["docs/RELIABILITY.md", 5]] as const) {
  test(`${document} cites tests that are in the tree`, () => {
    const cited = pairs(text(document), /`([\w./-]+\.(?:rs|ts)) › ([^|\n]+?)`(?=[\s;,.|]|$)/gm);

    assert.ok(cited.length >= least);
    const missing = cited.filter(([file, name]) => !existsSync(file) || !holds(file, name));
    assert.deepEqual(missing, []);
  });
}

test("docs/RELIABILITY.md has each target of tests/fuzz, and counts that a test prints", () => {
  const document = text("docs/RELIABILITY.md");
  const targets = all(text("tests/fuzz/targets/mod.rs"), /name: "([\w-]+)"/g);
  const rows = between(document, "| target |", "\n\n").split("\n").slice(2);

  assert.deepEqual(rows.flatMap((row) => all(row.split("|")[1] ?? "", /`([\w-]+)`/g)), targets);
  for (const [file, name] of pairs(between(document, "## Counts", "\n## "), /`(tests\/(?:native|fuzz)\/[\w./-]+\.rs) › (\w+)`/g)) {
    assert.ok(file.endsWith("live.rs") || text(file).includes('println!("tried: '), `${file} › ${name} prints no count`);
  }
});

test("docs/SPEC.md has every phase, input, effect and purpose of the machine, and no other", () => {
  const spec = text("docs/SPEC.md");
  const phases = variantsOf("Phase");
  const chapter = (title: string): string => between(spec, `### ${title}\n`, "\n#");
  const firstCells = (title: string): string[] => all(chapter(title), /^\| (`.*?) \|/gm).flatMap((cell) => all(cell, /`(\w+)`/g));

  assert.deepEqual(firstCells("Phases"), phases);
  assert.deepEqual(firstCells("Inputs"), variantsOf("Input"));
  assert.deepEqual(firstCells("Effects").sort(), variantsOf("Effect").sort());
  const purposes = all(chapter("Effects").split("\n").find((line) => line.startsWith("| `Transact`")) ?? "", /`(\w+)`/g).slice(1);
  assert.deepEqual(purposes, variantsOf("Purpose"));
  const inTable = all(chapter("Table"), /^\| (`.*?) \|/gm).flatMap((cell) => all(cell, /`(\w+)`/g));
  assert.deepEqual(phases.filter((phase) => !inTable.includes(phase)), []);
});

test("the README lists the events, statuses, options and limits of the public types, and no other", () => {
  const readme = text("README.md");
  const types = text("js/types.ts") + text("js/events.ts");
  const members = (name: string): string[] => all(between(types, `export interface ${name} {`, "\n}"), /^ {2}"?([\w:]+)"?\??:/gm);
  const rows = (first: string): string[] =>
    all(between(readme, `| ${first} |`, "\n\n"), /^\| (`.*?) \|/gm).flatMap((cell) => all(cell, /`([\w:]+)`/g));

  assert.deepEqual(rows("event"), members("ReplicaEvents"));
  assert.deepEqual(rows("status"), all(between(types, "export type ReplicaStatus", ";"), /"(\w+)"/g));
  assert.deepEqual(rows("option").sort(), members("ReplicaOptions").sort());
  assert.deepEqual(rows("limit"), members("LimitOptions"));
  for (const check of members("CheckOptions")) assert.match(readme, new RegExp(`\`${check}\``));
});

test("the README says of each event what js/events.ts says of it", () => {
  const types = text("js/events.ts");
  const names = new Map(pairs(between(types, "export interface ReplicaEvents {", "\n}"), /^ {2}"?([\w:]+)"?: (\w+);/gm));

  for (const [event, said] of pairs(between(text("README.md"), "| event |", "\n\n"), /^\| `([\w:]+)` \|.*\| (.*?) \|$/gm)) {
    const fields = fieldsOf(types, names.get(event) ?? "?").filter((name) => name !== "type");
    const words = all(said.replaceAll(/\([^)]*\)/g, ""), /`(\w+)`/g);
    assert.deepEqual(words, fields, event);
  }
});

/** The fields of an interface, those of the one that it extends after its own kind. */
function fieldsOf(types: string, name: string): string[] {
  const [, base, body = ""] = new RegExp(`export interface ${name} (?:extends (\\w+) )?\\{([^]*?)\n\\}`).exec(types) ?? [];
  const own = all(body, /^ {2}(\w+): /gm);
  if (base === undefined) return own;
  const inherited = fieldsOf(types, base);
  return [...inherited, ...own.filter((field) => !inherited.includes(field))];
}

test("the README's and ARCHITECTURE's numbers are those of the code", () => {
  const readme = text("README.md");
  const limit = (file: string, name: string): string => {
    const raw = new RegExp(`\\b${name}: (?:usize|u\\d+) = ([\\d_]+);`).exec(text(file))?.[1] ?? "";
    return Number(raw.replaceAll("_", "")).toLocaleString("en");
  };
  const check = "src/core/manifest/check.rs";
  const sentence = `${limit(check, "MAX_TABLES")} tables, ${limit(check, "MAX_COLUMNS")} columns and ${limit(check, "MAX_INDEXES")} indexes a table`;
  assert.ok(readme.includes(sentence), sentence);

  const defaults = between(text("src/core/config.rs"), "impl Default for Limits", "\n}");
  for (const [name, said] of pairs(between(readme, "| limit |", "\n\n"), /^\| `(\w+)` \| (.*?) \|/gm)) {
    const field = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const value = new RegExp(`${field}: ([\\d_ <]+),`).exec(defaults)?.[1]?.replaceAll("_", "");
    const shift = /^1 << (\d+)$/.exec(value ?? "")?.[1];
    const shown = shift === undefined ? Number(value).toLocaleString("en") : `${2 ** (Number(shift) - 10)} KiB`;
    assert.equal(said, shown, name);
  }
});

test("the README's tested versions are the installed ones", () => {
  const { version } = JSON.parse(text("node_modules/@electric-sql/pglite/package.json")) as { version: string };

  assert.ok(text("README.md").includes(`PGlite ${version} `), version);
});

test("docs/COMPATIBILITY.md says of browsers what npm run matrix would write", () => {
  assert.ok(text("docs/COMPATIBILITY.md").endsWith(`\n\n${BROWSERS}`));
});

test("docs/guide/nuxt.md has each option of the module with its default, and no other", () => {
  const source = text("js/nuxt/options.ts");
  const defaults = new Map(pairs(between(source, "export const DEFAULTS: ModuleOptions = {", "\n}"), /^ {2}(\w+): (.*),$/gm));
  const members = all(between(source, "export interface ModuleOptions {", "\n}"), /^ {2}(\w+): /gm);
  const rows = pairs(between(text("docs/guide/nuxt.md"), "| option |", "\n\n"), /^\| `(\w+)` \| (.*?) \|/gm);

  assert.deepEqual(rows.map(([name]) => name), members);
  for (const [name, said] of rows) assert.equal(said.replaceAll("`", ""), { undefined: "all", "{}": "none" }[defaults.get(name) ?? ""] ?? defaults.get(name), name);
});

test("a document links to files and chapters that are there", () => {
  const broken: string[] = [];
  for (const document of DOCUMENTS) {
    for (const link of all(text(document), /\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document : normalize(join(dirname(document), path));
      if (!existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor))) broken.push(`${document}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("docs/guide/bundlers.md shows configurations that npm run test:packaging works with", () => {
  const folder = "tests/packaging/consumers";
  const flat = (source: string): string => source.replaceAll(/\s+/g, " ");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\/.*\.(?:js|html)$/.test(file));
  const texts = files.map((file) => flat(text(join(folder, file))));
  const shown = all(text("docs/guide/bundlers.md"), /```(?:js|html)\n([\s\S]*?)```/g).map((example) => flat(example).trim());

  assert.ok(shown.length >= 5);
  assert.deepEqual(shown.filter((example) => !texts.some((source) => source.includes(example))), []);
});

test("docs/guide/deploying.md tells the content security policy that npm run test:packaging sets", () => {
  const policy = /POLICY = "(.*)"/.exec(text("tests/packaging/consumers/csp.ts"))?.[1] ?? "?";

  assert.ok(text("docs/guide/deploying.md").includes(`Content-Security-Policy: ${policy}\n`), policy);
});

test("docs/ARCHITECTURE.md names the rooms that are there, and all of the core", () => {
  const tree = between(text("docs/ARCHITECTURE.md"), "```\n", "```");
  const rooms = all(tree, /^([\w./]+) {2,}/gm);
  const inCore = all(tree, /^ {3}([\w/ ]+?)(?: {2,}\S|$)/gm).flatMap((names) => names.split(/\s+/));

  assert.ok(rooms.length > 10 && inCore.length > 15);
  const paths = [...rooms, ...inCore.map((room) => `src/core/${room.endsWith("/") ? room : `${room}.rs`}`)];
  assert.deepEqual(paths.filter((path) => !existsSync(path)), []);
  const modules = all(text("src/core/lib.rs"), /^(?:pub )?(?:\(crate\) )?mod (\w+);/gm);
  assert.deepEqual(modules.filter((name) => !inCore.includes(name) && !inCore.includes(`${name}/`)), []);
});

/** Every first group. */
function all(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** Every first and second group. */
function pairs(source: string, pattern: RegExp): [string, string][] {
  return [...source.matchAll(pattern)].map((match) => [match[1] ?? "", match[2] ?? ""]);
}

/** What stands after `start` and before the next `end`. */
function between(source: string, start: string, end: string): string {
  const from = source.indexOf(start);
  assert.notEqual(from, -1, `${start} is not there`);
  const to = source.indexOf(end, from + start.length);
  return source.slice(from + start.length, to === -1 ? undefined : to);
}

/** Whether a file has a test of that name, or tells a journey of it. */
function holds(file: string, name: string): boolean {
  const source = text(file);
  const named = ['"', "'", "`"].some((quote) => source.includes(`${quote}${name}${quote}`));
  return named || (file.endsWith(".rs") && new RegExp(`\\bfn ${name}\\(`).test(source));
}

/** The variants of one of the machine's enums, in their order. */
function variantsOf(name: string): string[] {
  const files = readdirSync("src/core/machine")
    .filter((file) => !file.includes("test"))
    .map((file) => join("src/core/machine", file));
  const source = files.map(text).find((one) => one.includes(`enum ${name} {`)) ?? "";
  return all(between(source, `enum ${name} {`, "\n}"), /^ {4}([A-Z]\w*)/gm);
}

/** The anchors that GitHub gives a document's chapters, and those of its own. */
function anchors(path: string): string[] {
  const source = text(path);
  const times = new Map<string, number>();
  const ofChapters = all(source, /^#+ (.+)$/gm).map((title) => {
    const anchor = title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-");
    const before = times.get(anchor) ?? 0;
    times.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
  return [...ofChapters, ...all(source, /<a id="([^"]+)">/g)];
}
