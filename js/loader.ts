import { ReplicaError } from "./errors.js";

/** The glue that wasm-bindgen writes for a module, as far as it is used here. */
interface Glue {
  default(options: { module_or_path: BufferSource }): Promise<unknown>;
}

/** Where a module's bytes are, and the same bytes for a server that cannot serve them. */
interface Source {
  url: URL;
  twin: () => Promise<{ default: string }>;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Loads a module's bytes and starts it. */
export async function start(glue: Glue, source: Source): Promise<void> {
  await glue.default({ module_or_path: await bytes(source) });
}

/** A module's bytes, from where it is served. */
export async function bytes(source: Source, url: URL | string = source.url): Promise<BufferSource> {
  const address = String(url);
  if (address.startsWith("file:")) return readFile(address);
  const served = await download(address);
  // A wrong address answers with the app's page, and some servers do not know the ending: the twin is in JavaScript.
  return served ?? decode((await source.twin()).default);
}

async function readFile(address: string): Promise<BufferSource> {
  // A variable, so that bundlers leave it alone: it only runs in Node.
  const module = "node:fs/promises";
  const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ module)) as typeof import("node:fs/promises");
  return new Uint8Array(await fs.readFile(new URL(address)));
}

async function download(address: string): Promise<BufferSource | undefined> {
  try {
    const response = await fetch(address);
    if (!response.ok) return undefined;
    const body = new Uint8Array(await response.arrayBuffer());
    return MAGIC.every((byte, index) => body[index] === byte) ? body : undefined;
  } catch {
    return undefined;
  }
}

function decode(base64: string): BufferSource {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Runs a loading once; a failed one is forgotten, so that the next call tries again. */
export function once(load: () => Promise<void>, what: string): () => Promise<void> {
  let loading: Promise<void> | undefined;
  return () => {
    loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw new ReplicaError("NOT_INITIALIZED", `while loading ${what}: the WebAssembly module could not be started`, { retryable: true, cause });
    });
    return loading;
  };
}
