/**
 * What the DevTools page shows, as refs.
 *
 * Owns: whose replica is looked at, and when it is looked at again. Must not know: how anything is drawn.
 */
import { onScopeDispose, ref, shallowRef, watch } from "vue";

import type { AppPage, Calls, Look, Sample, TimelineEntry } from "../js/devtools/messages.ts";
import { isSameStep } from "../js/devtools/timeline.ts";
import { Remote, RemoteError } from "./remote.ts";

/** What a press of a button came to. */
export interface Outcome {
  good: boolean;
  text: string;
}

export type Action = "check" | "migrate" | "rollback" | "verify" | "purge";

/** How long after an event it is looked again, in milliseconds: events come in swarms. */
const SOON_MS = 250;
/** How often it is looked without a reason, while somebody looks at the page, in milliseconds. */
const OFTEN_MS = 3_000;
/** How many events are shown. */
const SHOWN = 300;

export type Session = ReturnType<typeof useSession>;

/** Looks for the app's pages until its scope ends. */
export function useSession() {
  const pages = shallowRef<AppPage[]>([]);
  const chosen = ref<string>();
  const look = shallowRef<Look>();
  const entries = shallowRef<TimelineEntry[]>([]);
  const problem = shallowRef<RemoteError>();
  const running = ref<Action>();
  const outcome = shallowRef<Outcome>();
  const isLive = ref(true);
  let looking = false;
  let again = false;
  let soon: ReturnType<typeof setTimeout> | undefined;

  const remote = new Remote({
    pages(found) {
      pages.value = found;
      if (found.every(({ id }) => id !== chosen.value)) chosen.value = found[0]?.id;
    },
    event(app, entry) {
      if (app !== chosen.value) return;
      entries.value = followed(entries.value, entry);
      if (entry.event.type === "migration:progress") return;
      soon ??= setTimeout(() => {
        soon = undefined;
        void refresh();
      }, SOON_MS);
    },
  });

  /** Looks now; where that is under way, once more when it is done. */
  async function refresh(): Promise<void> {
    again = true;
    if (looking) return;
    looking = true;
    while (again) {
      again = false;
      const app = chosen.value;
      if (app === undefined) break;
      try {
        const found = await remote.ask(app, "inspect", {});
        if (app !== chosen.value) continue;
        [look.value, problem.value] = [found, undefined];
      } catch (thrown) {
        if (app === chosen.value) problem.value = asProblem(thrown);
      }
    }
    looking = false;
  }

  /** Has the app's page run one of the manager's calls. */
  async function run(action: Action, takes: Partial<Calls["verify"]["takes"]> = {}): Promise<void> {
    const app = chosen.value;
    if (app === undefined || running.value) return;
    running.value = action;
    outcome.value = undefined;
    try {
      const answer = await remote.ask(app, action, { server: false, ...takes });
      outcome.value = { good: answer || action !== "verify", text: SAYS[action][answer ? 0 : 1] };
    } catch (thrown) {
      const { code, message } = asProblem(thrown);
      outcome.value = { good: false, text: `${code}: ${message}` };
    } finally {
      running.value = undefined;
      void refresh();
    }
  }

  /** The first rows of a table. @throws {RemoteError} */
  async function sample(table: string, columns: string[]): Promise<Sample> {
    if (chosen.value === undefined) throw new RemoteError({ code: "CLOSED", message: "no page of the app is open" });
    return remote.ask(chosen.value, "sample", { table, columns });
  }

  watch(chosen, async (app) => {
    [look.value, problem.value, outcome.value, entries.value] = [undefined, undefined, undefined, []];
    if (app === undefined) return;
    void refresh();
    const told = await remote.ask(app, "timeline", {}).catch(() => []);
    // What was told meanwhile is in both.
    if (app === chosen.value) entries.value = entries.value.reduce(followed, told);
  });

  const often = setInterval(() => {
    if (isLive.value && !document.hidden) void refresh();
  }, OFTEN_MS);
  onScopeDispose(() => {
    clearInterval(often);
    clearTimeout(soon);
    remote.close();
  });

  return { pages, chosen, look, entries, problem, running, outcome, isLive, refresh, run, sample };
}

/** What each call says by `true` and by `false`. */
const SAYS: Record<Action, [string, string]> = {
  check: ["Checked: the replica was rebuilt.", "Checked: no table was rebuilt."],
  migrate: ["Migrated: every table was built anew.", "Nothing was rebuilt."],
  rollback: ["The tables of before are back.", "Nothing was put back."],
  verify: ["Verified: nothing is wrong.", "Something is wrong: the timeline says what."],
  purge: ["Everything was dropped.", "Nothing was dropped."],
};

/** With one entry more; of one step's progress, the newest alone. */
function followed(entries: TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const last = entries.at(-1);
  if (last && last.number >= entry.number) return entries;
  const kept = isSameStep(last?.event, entry.event) ? entries.slice(0, -1) : entries;
  return [...kept, entry].slice(-SHOWN);
}

function asProblem(thrown: unknown): RemoteError {
  return thrown instanceof RemoteError ? thrown : new RemoteError({ code: "INTERNAL", message: String(thrown) });
}
