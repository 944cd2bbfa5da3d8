/** What the releases of PGlite were found to do, as a document. */

/**
 * @typedef {object} Report
 * @property {string} postgres the version of Postgres that it says it is
 * @property {Record<string, string | null>} outcomes what was tried, and why it failed where it did
 * @property {boolean} left whether a migration said that it left tables to queries which it could not bring over
 *
 * @typedef {Report & { version: string }} Tried
 */

const QUERIES = ["query", "windowed", "incremental", "changes"];
const REPLICA = ["opens", "first start", "tail", "migrations", "no unhandled rejection"];

/** @param {Tried[]} tried oldest first @param {string} range what package.json allows @returns {string} */
export function compatibility(tried, range) {
  const rows = [...tried].reverse().map((one) => `| ${one.version} | ${one.postgres || "?"} | ${cell(one, REPLICA)} | ${queries(one)} |`);
  return `# Compatibility

\`npm run matrix\` writes this. For each release of PGlite it installs that release alone, opens a database in memory in Node, and has the
built package follow the demo's server: a first start, rows that change, and every migration of the demo's drizzle folder, under a mounted
\`live.query\`, a windowed one, an \`incrementalQuery\` and a feed of \`live.changes\`, with a row changed after each migration.

- **replica** works: the rows are the server's after the first start, after every migration and after every change, and nothing was an
  unhandled rejection.
- **live queries** work: each of the four delivers the new columns and the changed rows after every migration without the app doing
  anything, and nothing empty in between. Fallback: they go on showing the rows of before, \`left\` of \`migration:complete\` says so, and
  they have to be mounted again.

| PGlite | Postgres | replica | live queries |
|---|---|---|---|
${rows.join("\n")}

\`package.json\` allows ${range}: the releases with which all of it works, and later ones of the newest line. But 0.4.0 to
0.4.2 are left out: loading a row of more than some 10 MB hangs them.
`;
}

/** @param {Tried} one */
function queries(one) {
  const problems = cell(one, QUERIES);
  return problems !== "works" && one.left ? "fallback" : problems;
}

/** @param {Tried} one @param {string[]} parts */
function cell({ outcomes }, parts) {
  const tried = parts.filter((part) => outcomes[part] !== undefined);
  const bad = tried.filter((part) => outcomes[part] !== null);
  if (tried.length === 0) return "not tried";
  if (bad.length === 0) return "works";
  const reasons = new Set(bad.map((part) => outcomes[part]));
  // One reason for all is said once.
  const told = reasons.size === 1 && bad.length > 1 ? [`${[...reasons]}`] : bad.map((part) => `${part}: ${outcomes[part]}`);
  return `fails: ${told.join("; ").replaceAll("|", "\\|")}`;
}
