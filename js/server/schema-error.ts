/**
 * Why a schema could not be read. The message holds no path and no SQL, and may be shown to anybody; `cause` may not.
 */
export class SchemaError extends Error {
  /** What it is, where several kinds are caught. */
  override readonly name = "SchemaError";
  /** One of the codes of docs/ERRORS.md. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
