/** The SQL module on a server: loaded once, from its file beside this package or, where there is no such file, from its twin. */
import type { ServerManifest } from "./manifest.js";
import { SchemaError } from "./schema-error.js";

/** What wasm-bindgen makes of src/ddl. Text in, text out. */
interface Glue {
  initSync(options: { module: BufferSource }): unknown;
  manifestFromDrizzle(text: string): string;
}

/** A drizzle folder and what is asked of it. */
export interface DrizzleRequest {
  /** The files by their paths. */
  files: Record<string, string>;
  /** The last applied migration; all are, where it is missing. */
  upTo?: number | string | undefined;
  /** The tables to serve; all, where it is missing. */
  tables?: string[] | undefined;
}

/** What a drizzle folder says. */
export interface DrizzleAnswer {
  manifest: ServerManifest;
  /** What is wrong with the folder, for its owner. */
  warnings: string[];
}

let loading: Promise<Glue> | undefined;

/**
 * Reads a drizzle folder.
 *
 * @throws {@link SchemaError}
 */
export async function readDrizzle(request: DrizzleRequest): Promise<DrizzleAnswer> {
  const glue = await ddlModule();
  try {
    return JSON.parse(glue.manifestFromDrizzle(JSON.stringify(request))) as DrizzleAnswer;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
      throw new SchemaError(cause.code, cause.message, { cause });
    }
    throw new SchemaError("INTERNAL", "the SQL module ended in the middle of its work", { cause });
  }
}

function ddlModule(): Promise<Glue> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined; // what went wrong may be over by the next request
    throw new SchemaError("NOT_INITIALIZED", "the SQL module could not be loaded", { cause });
  });
  return loading;
}

async function load(): Promise<Glue> {
  const glue: Glue = await import("../wasm/ddl.js");
  glue.initSync({ module: (await fromFile()) ?? (await fromTwin()) });
  return glue;
}

/** The module's file. An edge runtime has no files, and a bundler may have left this one behind. */
async function fromFile(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { readFile } = await import("node:fs/promises");
    return new Uint8Array(await readFile(new URL("../wasm/ddl_bg.wasm", import.meta.url)));
  } catch {
    return undefined;
  }
}

async function fromTwin(): Promise<Uint8Array<ArrayBuffer>> {
  const { default: base64 } = await import("../wasm/ddl_base64.js");
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
