/** A value of a row as a person reads it. */
export function shown(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value ?? "");
}
