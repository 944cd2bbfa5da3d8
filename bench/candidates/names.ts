/** The candidates' names, for those who only speak of them. */
export const CANDIDATES = ["replica", "sync:insert", "sync:json", "sync:csv", "sync:useCopy", "parse", "copy", "copy:binary", "fetch"] as const;
export type Candidate = (typeof CANDIDATES)[number];

/** Those that go on following a table once it is loaded, and can load these rows. */
export const FOLLOWERS: readonly Candidate[] = ["replica", "sync:insert", "sync:json"];

/** What each candidate is. */
export const MEANINGS: Record<Candidate, string> = {
  replica: "this library: `checkAndMigrate()` from call to usable",
  "sync:insert": "DROP, CREATE, pglite-sync with its default",
  "sync:json": "the same with `initialInsertMethod: 'json'`",
  // Its client parses a jsonb value into an object, and its CSV writer puts every cell that is no string into a `join`.
  "sync:csv": "the same with `initialInsertMethod: 'csv'`, which writes a value of jsonb as `[object Object]`: pglite-sync 0.6.1 cannot load these rows so",
  "sync:useCopy": "the same with `initialInsertMethod: 'useCopy'`, which is the same CSV and fails alike",
  parse: "fetch, `JSON.parse`, COPY text built in JavaScript, COPY, key after",
  copy: "limit: COPY of a ready blob in one transaction, key after",
  "copy:binary": "limit: COPY binary of a ready blob in one transaction, key after",
  fetch: "limit: fetching the shape alone",
};
