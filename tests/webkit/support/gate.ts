/**
 * What stands between a page and its server where the browser's driver can neither watch requests nor put anything into a
 * page: it passes everything on, and on the way adds a script to each page and each worker.
 */
import { request as pass, type IncomingMessage, type ServerResponse } from "node:http";
import type { TestContext } from "node:test";

import { listening } from "../../node/support/listening.ts";

/** Where pages and workers send what was complained about. */
const COMPLAINTS = "/complaints-of-a-page";

export type Verdict = "pass" | "cut";

export interface Gate {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** Every address that was asked for. */
  readonly asked: URL[];
  /** What pages and workers complained about until now. */
  readonly complaints: string[];
  /** Whether a request is passed on, or cut off without an answer. */
  judge: (url: URL) => Verdict | Promise<Verdict>;
}

/** Passes on to a server until the end of the test. */
export async function openGate(t: TestContext, server: string, script: string): Promise<Gate> {
  const gate: { -readonly [Key in keyof Gate]: Gate[Key] } = { url: "", asked: [], complaints: [], judge: () => "pass" };
  gate.url = await listening(t, (request, response) => {
    const url = new URL(request.url ?? "/", server);
    if (url.pathname === COMPLAINTS) {
      void textOf(request).then((complaint) => gate.complaints.push(complaint));
      response.writeHead(204).end();
      return;
    }
    gate.asked.push(url);
    void Promise.resolve(gate.judge(url)).then((verdict) => {
      if (verdict === "cut") request.socket.destroy();
      else passOn(request, response, url, script);
    });
  });
  return gate;
}

function passOn(request: IncomingMessage, response: ServerResponse, url: URL, script: string): void {
  const headers = { ...request.headers, host: url.host };
  const asking = pass(url, { method: request.method ?? "GET", headers, agent: false }, (answer) => {
    // Whoever reads of an answer that breaks off must see it break off.
    answer.on("error", () => response.destroy());
    const type = answer.headers["content-type"] ?? "";
    const opening = type.startsWith("text/html") ? `<script>${script}</script>` : request.headers["sec-fetch-dest"] === "worker" ? `${script};` : "";
    const { "content-length": length, ...others } = answer.headers;
    response.writeHead(answer.statusCode ?? 500, opening === "" && length !== undefined ? answer.headers : others);
    if (type.startsWith("text/html")) void textOf(answer).then((page) => response.end(page.replace("<head>", `<head>${opening}`)));
    else {
      if (opening !== "") response.write(opening);
      answer.pipe(response);
    }
  });
  asking.on("error", () => response.destroy());
  response.on("close", () => asking.destroy());
  request.pipe(asking);
}

async function textOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Tells of what a page or a worker complains about. As text: what names functions is not in the page. */
export const TELLING = `
(() => {
  const tell = (text) => void fetch(${JSON.stringify(COMPLAINTS)}, { method: "POST", body: text, keepalive: true }).catch(() => undefined);
  const said = console.error.bind(console);
  console.error = (...words) => {
    said(...words);
    tell("console: " + words.map(String).join(" "));
  };
  addEventListener("error", ({ message }) => message && tell("uncaught: " + message));
  // After all that listen: whoever holds it back has it reported later, or never.
  addEventListener("unhandledrejection", (event) => void setTimeout(() => event.defaultPrevented || tell("unhandledrejection: " + String(event.reason))));
})();
`;
