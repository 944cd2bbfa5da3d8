/** Requests through the app's `fetch`. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Holdings } from "../../js/holdings.ts";
import { Exchange, type Send } from "../../js/requests.ts";

const answering = (response: Response): Send => () => Promise.resolve(response);

async function pieces(request: Exchange): Promise<string[]> {
  const all: string[] = [];
  for (let piece = await request.piece(); piece; piece = await request.piece()) all.push(new TextDecoder().decode(piece));
  return all;
}

test("a body comes in the pieces in which it arrives, after its head", async () => {
  const body = new ReadableStream({
    start(to) {
      for (const piece of ["[{", "}]"]) to.enqueue(new TextEncoder().encode(piece));
      to.close();
    },
  });
  const request = new Exchange(answering(new Response(body, { status: 200, headers: { "Electric-Handle": "1-2" } })), "/shape");

  const head = JSON.parse(await request.head()) as string[];

  assert.deepEqual(head, ["200", "electric-handle", "1-2"]);
  assert.deepEqual(await pieces(request), ["[{", "}]"]);
  assert.equal(await request.piece(), undefined);
});

test("a request passes the browser's cache and can be aborted", async () => {
  const asked: [string, RequestInit][] = [];
  const request = new Exchange((url, init) => {
    asked.push([url, init]);
    return Promise.resolve(new Response("[]"));
  }, "/shape?offset=-1");
  await request.head();

  const [[url, { cache, signal }] = ["", {}]] = asked;
  assert.deepEqual([asked.length, url, cache, signal?.aborted], [1, "/shape?offset=-1", "no-store", false]);
  request.abort();
  assert.equal(signal?.aborted, true);
});

test("a request whose holder fails is aborted, and so is one that it makes after", () => {
  const signals: (AbortSignal | null | undefined)[] = [];
  const holdings = new Holdings();
  const send: Send = (_url, { signal }) => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  new Exchange(send, "/", holdings);
  assert.equal(signals[0]?.aborted, false);

  holdings.end();
  new Exchange(send, "/", holdings);

  assert.deepEqual(signals.map((signal) => signal?.aborted), [true, true]);
});

test("whatever the app's fetch throws is what comes of the request", async () => {
  const thrown = new TypeError("refused");
  const sends: Send[] = [
    () => {
      throw thrown;
    },
    () => Promise.reject(thrown),
  ];
  for (const send of sends) {
    await assert.rejects(new Exchange(send, "/").head(), thrown);
    await assert.rejects(new Exchange(send, "/").answer(), thrown);
  }
});

test("a request that nobody reads any more rejects to nobody", async (t) => {
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));

  new Exchange(() => Promise.reject(new Error("refused")), "/").abort();
  await new Promise((resolve) => setTimeout(resolve, 0));

  assert.equal(unhandled.mock.callCount(), 0);
});

test("a connection that is cut rejects the piece that it was cut in", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull(to) {
      if (pulled++ === 0) to.enqueue(new Uint8Array([91]));
      else to.error(new TypeError("cut"));
    },
  });
  const request = new Exchange(answering(new Response(body)), "/");
  await request.head();

  assert.deepEqual(await request.piece(), new Uint8Array([91]));
  await assert.rejects(request.piece(), TypeError);
});

test("an answer without a body has no pieces", async () => {
  const request = new Exchange(answering(new Response(null, { status: 204 })), "/");

  assert.deepEqual(JSON.parse(await request.head()), ["204"]);
  assert.equal(await request.piece(), undefined);
});

test("an endpoint is read whole whatever its status, and by whatever looks like a response", async () => {
  const found = new Response("é", { status: 404, headers: { "content-type": "text/html" } });
  const bare = { status: 200, text: () => Promise.resolve("1") } as Response;

  assert.deepEqual(JSON.parse(await new Exchange(answering(found), "/").answer()), ["404", "text/html", "é"]);
  assert.deepEqual(JSON.parse(await new Exchange(answering(bare), "/").answer()), ["200", null, "1"]);
});
