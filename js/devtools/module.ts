import { once, start } from "../loader.js";

/** The inspection module. Nothing but DevTools needs it, so it is loaded with the first question. */
const glue = () => import("../wasm/inspect.js");

const load = once(async () => {
  await start(await glue(), {
    url: new URL("../wasm/inspect_bg.wasm", import.meta.url),
    twin: () => import("../wasm/inspect_base64.js"),
  });
}, "the inspection module");

/** Loads it, once. */
export async function inspectionModule(): Promise<Awaited<ReturnType<typeof glue>>> {
  await load();
  return glue();
}
