/** What stands before an app's servers where it is deployed: it passes requests on to the one that is the newest, and can do what a test asks for. */
import { createServer, request as ask } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { atEnd } from "../../node/support/ending.ts";

export interface Front {
  readonly url: string;
  /** Every path with its query that was asked for. */
  readonly asked: string[];
  /** How many requests for a shape wait for their answer at this moment. */
  readonly live: number;
  /** Passes requests on to another server from now on. */
  deploy(target: string): void;
  /** Answers instead of the server, where it gives an answer. */
  instead: ((url: URL, request: Request) => Promise<Response> | undefined) | undefined;
  /** Keeps requests for a table's rows waiting. @returns a function that lets them go on */
  hold(): () => void;
}

/** Starts it before one server; closed with the test. */
export async function startFront(t: TestContext, first: string): Promise<Front> {
  let target = first;
  let live = 0;
  let held: Promise<void> | undefined;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", target);
    asked.push(url.pathname + url.search);
    const instead = front.instead?.(url, new Request(url, { headers: { "if-none-match": request.headers["if-none-match"] ?? "" } }));
    if (instead) return void answer(instead, response);
    const isShape = url.pathname.endsWith("/api/electric/shape");
    if (isShape) {
      live += 1;
      response.once("close", () => (live -= 1));
    }
    const waiting = isShape && !url.searchParams.has("live") ? held : undefined;
    if (waiting) void waiting.then(() => pass(url, request, response));
    else pass(url, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const front: Front = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked,
    get live() {
      return live;
    },
    deploy: (to) => (target = to),
    instead: undefined,
    hold() {
      let release = (): void => undefined;
      held = new Promise((resolve) => {
        release = () => {
          held = undefined;
          resolve();
        };
      });
      return () => release();
    },
  };
  return front;
}

async function answer(answering: Promise<Response>, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await answering;
  response.writeHead(status, Object.fromEntries(headers));
  response.end(body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer()));
}

/** As a proxy does: whoever leaves takes the other side along. */
function pass(url: URL, request: IncomingMessage, response: ServerResponse): void {
  const passed = ask(url, { method: request.method, headers: request.headers }, (answered) => {
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(response);
    answered.once("error", () => response.destroy());
  });
  passed.once("error", () => response.destroy());
  response.once("close", () => passed.destroy());
  request.pipe(passed);
}
