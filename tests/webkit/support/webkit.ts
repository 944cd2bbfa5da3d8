/** WebKitGTK for one test: a display of its own, its driver, and a browser that forgets everything at its end. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import type { Page } from "playwright-core";

import { WebDriver } from "./webdriver.ts";
import { atEnd } from "../../node/support/ending.ts";

/** The browser that comes with the driver, and the driver. */
const { WEBKIT = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser", WEBKIT_DRIVER = "/usr/bin/WebKitWebDriver" } = process.env;

/** A tab, with as much of Playwright's page as helpers of tests/e2e need. */
export interface Tab {
  evaluate: Page["evaluate"];
  click(selector: string): Promise<void>;
  reload(): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface WebKit {
  /** Opens a tab and waits until its document is loaded. */
  open(url: string): Promise<Tab>;
}

/** Launches the browser until the end of the test. */
export async function launchWebKit(t: TestContext): Promise<WebKit> {
  // What begins last ends first: a browser without its driver or its display would never end.
  const ends: (() => Promise<unknown>)[] = [];
  atEnd(t, async () => {
    for (const end of ends.reverse()) await end();
  });
  const screen = spawn("Xvfb", ["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"], { stdio: ["ignore", "pipe", "ignore"] });
  ends.push(ending(screen));
  const [display] = (await once(createInterface({ input: screen.stdout }), "line")) as [string];
  const port = await freePort();
  ends.push(ending(spawn(WEBKIT_DRIVER, [`--port=${port}`], { env: { ...process.env, DISPLAY: `:${display}` }, stdio: "ignore" })));
  const options = { "webkitgtk:browserOptions": { binary: WEBKIT, args: ["--automation"] } };
  const driver = await WebDriver.begin(`http://127.0.0.1:${port}`, options);
  ends.push(driver.end);

  const [first] = await driver.windows();
  let unused = first; // the session begins with a tab
  return {
    async open(url) {
      const window = unused ?? (await driver.opened());
      unused = undefined;
      await driver.go(window, url);
      return {
        evaluate: ((work: (argument: never) => unknown, argument: unknown) => driver.evaluate(window, work, argument)) as Page["evaluate"],
        click: (selector) => driver.click(window, selector),
        reload: () => driver.reload(window),
        close: () => driver.close(window),
      };
    },
  };
}

/** How a program is ended. */
function ending(child: ChildProcess): () => Promise<unknown> {
  const closed = once(child, "close");
  return () => {
    child.kill();
    return closed;
  };
}

/** The driver says of no port that it took by itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
