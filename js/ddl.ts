import { once, start } from "./loader.js";

/** The SQL module. It is ten times the size of the other, so it is loaded only where a server sends SQL. */
const glue = () => import("./wasm/ddl.js");

const load = once(async () => {
  await start(await glue(), {
    url: new URL("./wasm/ddl_bg.wasm", import.meta.url),
    twin: () => import("./wasm/ddl_base64.js"),
  });
}, "the SQL module");

/** Turns the simple form of a schemas answer, `{ "users": "CREATE TABLE …" }`, into a manifest document. */
export async function manifestFromSql(schemas: string): Promise<string> {
  await load();
  return (await glue()).manifestFromSql(schemas);
}
