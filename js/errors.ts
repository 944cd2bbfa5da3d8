/** Every code an error of this package carries. docs/ERRORS.md gives cause and remedy of each. */
export type ReplicaErrorCode =
  | "NOT_INITIALIZED"
  | "INVALID_OPTIONS"
  | "NOT_A_DATABASE"
  | "SERVER_UNREACHABLE"
  | "VERSION_UNAVAILABLE"
  | "INVALID_VERSION"
  | "SCHEMAS_UNAVAILABLE"
  | "INVALID_MANIFEST"
  | "UNSUPPORTED_SQL"
  | "UNKNOWN_TYPE"
  | "MISSING_PRIMARY_KEY"
  | "DUPLICATE_NAME"
  | "INVALID_NAME"
  | "LIMIT_EXCEEDED"
  | "SHAPE_UNREACHABLE"
  | "SHAPE_REJECTED"
  | "SHAPE_PROTOCOL"
  | "SCHEMA_MISMATCH"
  | "ROW_REFUSED"
  | "DATABASE_FAILED"
  | "STORAGE_FULL"
  | "SYNC_FAILED"
  | "HOOK_FAILED"
  | "NO_PREVIOUS"
  | "CLOSED"
  | "INTERNAL";

/** What went wrong: `code` is for programs, `message` for people; it never holds row data, tokens or query strings. */
export class ReplicaError extends Error {
  /** What it is, where several kinds are caught. */
  override readonly name = "ReplicaError";
  /** The code to branch on. Messages may change at any time. */
  readonly code: ReplicaErrorCode;
  /** Whether the same call may succeed later with nothing changed on this side. */
  readonly retryable: boolean;

  constructor(code: ReplicaErrorCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? false;
  }

  /** Makes an error of whatever was thrown; an error of this package stays what it is. */
  static from(thrown: unknown): ReplicaError {
    if (thrown instanceof ReplicaError) return thrown;
    if (isRaw(thrown)) return new ReplicaError(thrown.code, thrown.message, { retryable: thrown.retryable, cause: thrown.cause });
    return new ReplicaError("INTERNAL", "while running the replica: something was thrown that is no error of it", { cause: thrown });
  }
}

/** What the WebAssembly module throws. */
interface RawError {
  code: ReplicaErrorCode;
  message: string;
  retryable: boolean;
  cause?: unknown;
}

function isRaw(value: unknown): value is RawError {
  return typeof value === "object" && value !== null && !(value instanceof Error) && "code" in value && "message" in value && "retryable" in value;
}
