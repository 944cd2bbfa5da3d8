/** What the releases of PGlite were found to do, as a document. */

/**
 * @typedef {object} Report
 * @property {string} postgres the version of Postgres that it says it is
 * @property {Record<string, string | null>} outcomes what was tried, and why it failed where it did
 * @property {boolean} left whether a migration said that it left tables to queries which it could not bring over
 *
 * @typedef {Report & { version: string }} Tried
 */

/** What was found of browsers, by hand: `npm run test:browsers` passes or fails, and writes nothing. */
export const BROWSERS = `## Browsers

\`npm test\` runs the tests of a page in Chromium. \`npm run test:browsers\` runs the same ones in Debian's Firefox, which Playwright drives over
WebDriver BiDi, and the main ones of the demo's page in Debian's WebKitGTK, over its WebDriver. Tried with PGlite 0.5.16: Chromium 156,
Firefox 153 ESR, WebKitGTK 2.50.6. The replica did the same in all of them: every migration with its rows in sight and no page loaded
again, a reload that shows its rows before the server answers and downloads none, no network, several tabs.

| | Chromium | Firefox | WebKitGTK |
|---|---|---|---|
| \`memory://\`, \`idb://\` | works | works | works |
| \`opfs-ahp://\` | works | works; making a new database took 42 s on a busy machine, where Chromium took 5 s, and opening it again 2 s | the origin has no private files, neither in a page nor in a worker |
| PGliteWorker: one tab leads, and another takes over | works | works | works, over \`idb://\`: a query took 1.3 s on a busy machine, where Chromium took 0.3 s; without the worker 0.1 to 0.3 s and half of that |
| Web Locks, BroadcastChannel, SIMD | there | there | there |
| \`navigator.storage\` | there | there | not there: a rebuild finds out that there is no room by trying, and \`persist\` is told as \`NOT_PERSISTED\` |
| \`requestIdleCallback\` | there | there | not there: what waits for an idle page waits a fifth of a second instead |
| a page that crashes in the middle of a rebuild | tested | not tested, one that is closed is | not tested, one that is closed is |
| storage that is evicted or full, a person who wants no motion | tested | not tested | not tested |

- Firefox writes a rejection on its console even where the page holds it back, as the replica does with PGlite's own of a live query that
  no longer fits (\`query-failed\`). Whoever listens to \`unhandledrejection\` is told the same as in Chromium.
- What is not tested cannot be done with the browser's driver: crashing a page, setting what an origin may store and what a person wants is for Chromium's own
  protocol, and WebKitGTK's driver ends the session with the first page that crashes.
- WebKitGTK has Safari's engine, but not all that Safari has. No Safari was tried.
- The core's own tests in a browser (\`src/client\`) run in Chromium alone: they want geckodriver, which Debian does not have.
`;

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

${BROWSERS}`;
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
