/** The ways in which pglite-sync makes its first insert. */
export const METHODS = ["insert", "json", "csv", "useCopy"] as const;
export type Method = (typeof METHODS)[number];
