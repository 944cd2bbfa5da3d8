/** What a wrong answer to a shape request does to a rebuild: a typed error, and nothing to the old replica. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { ReplicaErrorCode } from "electric-replica";

import { Broken, closesEachStart, type Fault, isFresh, json, refuses } from "./support/broken.ts";
import type { ShapeFault } from "../../www/server/faults.ts";
import { contents } from "./support/world.ts";

let broken: Broken;
before(async () => {
  broken = await Broken.start();
});
after(() => broken.end());

/** Spoils the table's every request from the first row on, or only the first few of them. */
function fresh(answer: (url: URL, init: RequestInit) => Response | Promise<Response>, times = Infinity): Fault {
  let left = times;
  return { spoil: (url, init) => (isFresh(url) && left-- > 0 ? answer(url, init) : undefined) };
}

/** Has the demo itself spoil those requests; the streams of the standing tables ask for the same table. */
function onTheWire(fault: ShapeFault, times: number): Fault {
  let left = times;
  return {
    spoil: (url) => {
      if (isFresh(url)) broken.demo.faults?.set(left-- > 0 ? { shape: { ...fault, table: "companies", fresh: true, times: 1 } } : {});
      return undefined;
    },
  };
}

/** The right answer with something changed in it. */
const changed =
  (change: (answer: { headers: Headers; body: string }) => void) =>
  async (url: URL, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    const headers = new Headers(response.headers);
    for (const name of ["content-length", "content-encoding"]) headers.delete(name);
    const answer = { headers, body: await response.text() };
    change(answer);
    return new Response(answer.body, { status: response.status, headers });
  };

const without = (...names: string[]) => fresh(changed(({ headers }) => names.forEach((name) => headers.delete(name))));
const schema = (change: (columns: Record<string, object>) => void) =>
  fresh(
    changed(({ headers }) => {
      const columns = JSON.parse(headers.get("electric-schema") ?? "") as Record<string, object>;
      change(columns);
      headers.set("electric-schema", JSON.stringify(columns));
    }),
  );
const row = (change: (value: Record<string, string | null>) => void) =>
  fresh(
    changed((answer) => {
      const messages = JSON.parse(answer.body) as { value?: Record<string, string | null> }[];
      change(messages[0]?.value ?? {});
      answer.body = JSON.stringify(messages);
    }),
  );
const body = (text: string) => fresh(changed((answer) => void (answer.body = text)));
const silent = (): Promise<Response> => new Promise(() => undefined);
const stalled = changed(() => undefined);
const stalling = async (url: URL, init: RequestInit): Promise<Response> => {
  const { headers, status } = await stalled(url, init);
  return new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("[{")) }), { headers, status });
};
const conflict = () => new Response('[{"headers":{"control":"must-refetch"}}]', { status: 409, headers: { "content-type": "application/json", "electric-handle": "1-1" } });

const WRONG: Record<string, [Fault, ReplicaErrorCode]> = {
  "HTML": [fresh(() => new Response("<!doctype html><title>row-data</title>", { headers: { "content-type": "text/html" } })), "SHAPE_PROTOCOL"],
  "the right body as text/plain": [fresh(changed(({ headers }) => headers.set("content-type", "text/plain"))), "SHAPE_PROTOCOL"],
  "no content type": [without("content-type"), "SHAPE_PROTOCOL"],
  "no electric headers": [without("electric-handle", "electric-offset", "electric-schema"), "SHAPE_PROTOCOL"],
  "no handle": [without("electric-handle"), "SHAPE_PROTOCOL"],
  "no offset": [without("electric-offset"), "SHAPE_PROTOCOL"],
  "no schema": [without("electric-schema"), "SHAPE_PROTOCOL"],
  "a schema that is no JSON": [fresh(changed(({ headers }) => headers.set("electric-schema", "row-data"))), "SHAPE_PROTOCOL"],
  "an empty body": [body(""), "SHAPE_PROTOCOL"],
  "an object instead of messages": [body('{"row-data":1}'), "SHAPE_PROTOCOL"],
  "a list of numbers": [body("[1,2]"), "SHAPE_PROTOCOL"],
  "a body that ends too soon, as if it were whole": [fresh(changed((answer) => void (answer.body = answer.body.slice(0, answer.body.length / 2)))), "SHAPE_PROTOCOL"],
  "a conflict for ever": [fresh(conflict), "SHAPE_PROTOCOL"],
  "a status that says nothing": [fresh(() => json({}, 206)), "SHAPE_PROTOCOL"],

  "a connection that is cut": [{ faults: { shape: { kind: "truncate", table: "companies", live: false, afterBytes: 40 } } }, "SHAPE_UNREACHABLE"],
  "no answer": [{ faults: { shape: { kind: "down", table: "companies", live: false } } }, "SHAPE_UNREACHABLE"],
  "500 for ever": [{ faults: { shape: { kind: "server-error", table: "companies", live: false } } }, "SHAPE_UNREACHABLE"],
  "a fetch that throws at once": [
    fresh(() => {
      throw new TypeError("https://example.test/?token=row-data");
    }),
    "SHAPE_UNREACHABLE",
  ],
  "a head that never comes": [{ ...fresh(silent), options: { limits: { stallMs: 20 } } }, "SHAPE_UNREACHABLE"],
  "a body that falls silent": [{ ...fresh(stalling), options: { limits: { stallMs: 20 } } }, "SHAPE_UNREACHABLE"],

  "400 for ever": [fresh(() => json({ message: "row-data", errors: { where: ["row-data"] } }, 400)), "SHAPE_REJECTED"],
  "401": [fresh(() => json("row-data", 401)), "SHAPE_REJECTED"],
  "403": [fresh(() => json({}, 403)), "SHAPE_REJECTED"],
  "404": [fresh(() => json({}, 404)), "SHAPE_REJECTED"],

  "a column that the manifest lacks": [schema((columns) => void (columns["extra"] = { type: "text" })), "SCHEMA_MISMATCH"],
  "one column less than the manifest": [schema((columns) => void delete columns["employees"]), "SCHEMA_MISMATCH"],
  "a column of another type": [schema((columns) => void (columns["employees"] = { type: "text" })), "SCHEMA_MISMATCH"],
  "a row with a column that the schema lacks": [row((value) => void (value["extra"] = "row-data")), "SCHEMA_MISMATCH"],
  "a row with a column too few": [row((value) => void delete value["employees"]), "SCHEMA_MISMATCH"],

  "a row with a text where a number goes": [row((value) => void (value["employees"] = "row-data")), "ROW_REFUSED"],
  "a row with NULL in its key": [row((value) => void (value["id"] = null)), "ROW_REFUSED"],
  "a row that is there twice": [row((value) => void (value["id"] = "2")), "ROW_REFUSED"],
  "a row with a number too large": [row((value) => void (value["employees"] = "9007199254740993")), "ROW_REFUSED"],
  "a row with a NUL": [row((value) => void (value["name"] = "row-data\u0000")), "ROW_REFUSED"],
  "a row with broken JSON in it": [row((value) => void (value["settings"] = "{row-data")), "ROW_REFUSED"],
};

for (const [name, [fault, code]] of Object.entries(WRONG)) {
  test(`${name} instead of a shape is ${code}`, () => refuses(broken, fault, code, true));
}

const PASSING: Record<string, Fault> = {
  "429 with Retry-After": onTheWire({ kind: "rate-limit", retryAfter: 1 }, 1),
  "500 three times": onTheWire({ kind: "server-error" }, 3),
  "a connection that is cut twice": onTheWire({ kind: "truncate", afterBytes: 300 }, 2),
  "a body that ends too soon": fresh(
    changed((answer) => void (answer.body = answer.body.slice(0, answer.body.length / 2))),
    1,
  ),
  "400 until Electric has seen the table": fresh(() => json({ message: "no", errors: { table: ["no"] } }, 400), 2),
  "a conflict out of a cache": fresh(conflict, 2),
  "a body that falls silent once": { ...fresh(stalling, 1), options: { limits: { stallMs: 200 } } },
};

for (const [name, fault] of Object.entries(PASSING)) {
  test(`${name} is waited out, and the rebuild ends whole`, async (t) => {
    broken.deploy();
    broken.break(fault);
    t.after(() => broken.closeAll());
    t.after(() => broken.heal());
    const { manager, events } = await broken.manage(broken.full, fault.options);
    const from = broken.asked.length;

    assert.equal(await manager.checkAndMigrate(), true);

    assert.equal(manager.version, broken.version);
    assert.ok(broken.asked.slice(from).filter((url) => isFresh(url)).length > 1, "nothing was asked again");
    assert.deepEqual(await contents(broken.full), await contents(broken.demo.upstream));
    await manager.close();
    closesEachStart(events);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["migration:start", "migration:complete"],
    );
  });
}
