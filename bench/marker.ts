/** The key of the row that the last change of all inserts: where it is in sight, everything is. */
export const MARKER = "ffffffff-ffff-4fff-bfff-ffffffffffff";
