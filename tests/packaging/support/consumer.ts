/**
 * What a consumer is. In `tests/packaging/consumers` each has a folder, with its package.json and the configuration that an app of
 * this kind needs, and beside it a file of the same name, whose default export says how it runs.
 */
import type { SiteOptions } from "./site.ts";

export interface Consumer {
  /** In words: `Vite 8`. */
  title: string;
  /** How it runs; each way is a test. */
  ways: readonly Way[];
  /** Files of `tests/packaging/app` that are laid into its folder; the app on a page, where it is not said. */
  app?: readonly string[];
  /** What makes the app, where anything does. */
  build?: Build;
}

/** How the app is made of its sources, and what comes out. */
export interface Build {
  /** Programs of the consumer's `node_modules/.bin`, or `node`, with their arguments; run one after the other in its folder. */
  commands: readonly (readonly [string, ...string[]])[];
  /** The folder that is made, seen from the consumer's. */
  folder: string;
  /** The app's page, where nothing but copying brings it into that folder. */
  page?: string;
}

export type Way = Built | Served | Refused | Tested;

/** A page that Chromium opens. */
interface Page {
  /** In words: `build`, `dev`. */
  title: string;
  /** What is opened of it; its root, where it is missing. */
  path?: string;
  /** Where the WebAssembly comes from: its files, or the twins in JavaScript where no file can be had. Default: the files. */
  wasm?: "files" | "twins";
  /** What the browser may complain of. */
  tolerated?: readonly RegExp[];
}

/** What the build made, served as plain files; the consumer's own folder, where nothing is built. */
export interface Built extends Page {
  kind: "built";
  /** How it is served, beyond what is usual. */
  site?: SiteOptions;
}

/** What a program of the consumer's serves, such as a development server. */
export interface Served extends Page {
  kind: "served";
  /** The program, which prints its address, and its arguments. */
  command: readonly [string, ...string[]];
}

/** A built page that has to be refused: by that one knows that what lets the other pages pass is in force. */
export interface Refused {
  kind: "refused";
  title: string;
  path: string;
  site: SiteOptions;
  /** What the page puts into `window.refused`. */
  refused: RegExp;
  /** What the browser may complain of. */
  tolerated: readonly RegExp[];
  /** What the browser reports to have blocked, and nothing else. */
  blocked: string;
}

/** A test runner that runs `app.test.js` by itself. */
export interface Tested {
  kind: "tested";
  title: string;
  command: readonly [string, ...string[]];
}
