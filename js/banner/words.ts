/**
 * What the banner says.
 *
 * Owns: its words, and what it shows of how migrations stand. Must not know: elements, events.
 */
import type { MigrationStart } from "../events.js";
import { fractionOf } from "./state.js";
import type { MigrationState } from "./state.js";

/**
 * The banner's words. `{from}` and `{to}` stand for the versions, `{rows}`, `{expectedRows}` and `{percent}` for how far it
 * is, `{message}` and `{code}` for what failed; what is not known is left out.
 */
export interface BannerWords {
  /** The first rows of a replica that is not there yet are loaded. */
  first: string;
  /** The tables of another version are built. */
  changed: string;
  /** Tables that were not what they should be are built anew. */
  repair: string;
  /** Everything is built anew because somebody wanted it. */
  forced: string;
  /** The server does not serve the new tables yet. */
  waiting: string;
  /** Another version's tables are in sight. */
  complete: string;
  /** A rebuild failed. */
  failed: string;
  /** A rebuild waits for the person. */
  pending: string;
  /** The page is older than the server. */
  outdated: string;
  /** The progress bar's name. */
  progress: string;
  /** The button that lets a rebuild begin. */
  accept: string;
  /** The button that puts it off. */
  later: string;
  /** The button that loads the page anew. */
  reload: string;
  /** The button that takes a failure out of sight. */
  dismiss: string;
}

/** The words where the app gives none. */
export const WORDS: Readonly<BannerWords> = {
  first: "Loading your data…",
  changed: "Updating your data to version {to}…",
  repair: "Loading your data anew…",
  forced: "Loading your data anew…",
  waiting: "Waiting for version {to} of your data…",
  complete: "Your data is up to date.",
  failed: "Your data could not be updated ({code}).",
  pending: "An update of your data is ready.",
  outdated: "This page is out of date.",
  progress: "Rows loaded",
  accept: "Update now",
  later: "Later",
  reload: "Reload the page",
  dismiss: "Dismiss",
};

/** What a button of the banner does. */
export type BannerAction = "accept" | "later" | "reload" | "dismiss";

/** What the banner shows. */
export interface BannerView {
  kind: "running" | "pending" | "failed" | "outdated" | "complete";
  text: string;
  /** From 0 to 1; `null` for a bar that says only that something is going on; `undefined` for no bar. */
  bar: number | null | undefined;
  actions: readonly BannerAction[];
}

/** What to show of how migrations stand; nothing where all is well. */
export function viewOf(state: MigrationState, words: BannerWords): BannerView | undefined {
  const { running, progress, pending, error, updateNeeded, complete } = state;
  if (running) {
    const { reason, from, to }: Partial<MigrationStart> = running === "unannounced" ? {} : running;
    const fraction = progress && fractionOf(progress);
    const text = filled(progress?.step === "waiting" ? words.waiting : words[reason ?? "repair"], {
      from,
      to,
      rows: progress?.rows,
      expectedRows: progress?.expectedRows,
      percent: fraction === undefined ? undefined : Math.floor(fraction * 100),
    });
    return { kind: "running", text, bar: fraction ?? null, actions: [] };
  }
  if (pending) return { kind: "pending", text: filled(words.pending, pending), bar: undefined, actions: ["accept", "later"] };
  // A run that failed before it began leaves a replica that is read as before: no news for a person.
  if (error && (error.closesMigration || error.missing.length > 0)) {
    return { kind: "failed", text: filled(words.failed, error), bar: undefined, actions: ["dismiss"] };
  }
  if (updateNeeded?.direction === "app-too-old") return { kind: "outdated", text: filled(words.outdated, updateNeeded), bar: undefined, actions: ["reload"] };
  if (complete && complete.reason !== "first") return { kind: "complete", text: filled(words.complete, complete), bar: undefined, actions: [] };
  return undefined;
}

/** Puts what is known in place of `{name}`, and nothing in place of what is not. */
function filled(words: string, known: object): string {
  const values = new Map<string, unknown>(Object.entries(known));
  const text = words.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    return typeof value === "number" ? value.toLocaleString() : typeof value === "string" ? value : "";
  });
  return text.replaceAll(/\s+/g, " ").trim();
}
