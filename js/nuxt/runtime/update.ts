/**
 * A page whose code is too old: what the replica says of the server's schema, and what Nuxt says of newer builds, brought together. The page is loaded
 * anew only where both are true, because before the newer code is deployed it would get the old again.
 *
 * Owns: when a page is loaded anew. Must not know: how often that may be, which js/reload.ts guards.
 */
import { after, QUIET, TOLD } from "../../banner/state.js";
import type { UpdateNeeded } from "../../events.js";
import type { ReplicaManager } from "../../types.js";
import type { UpdatePolicy } from "./options.js";

/** What is needed of the app and the page. */
export interface UpdateHost {
  policy: UpdatePolicy;
  /** Calls back where Nuxt has seen that a newer build is deployed. */
  onNewBuild: (listener: () => void) => void;
  /** Looks for a newer build now, which Nuxt does once an hour; what it finds comes by `onNewBuild`. */
  lookForBuild: () => void;
  /** Calls back after each navigation. */
  onNavigation: (listener: () => void) => void;
  /** Loads the page anew; `false` where that may not be. */
  reload: (event: UpdateNeeded) => boolean;
}

/** Brings them together. @returns a function that ends it */
export function followUpdates(manager: Pick<ReplicaManager, "on" | "checkAndMigrate">, host: UpdateHost): () => void {
  let ended = false;
  let deployed = false;
  let state = QUIET;
  const due = (when: UpdatePolicy): void => {
    const needed = state.updateNeeded;
    if (ended || needed?.direction !== "app-too-old" || host.policy === "banner") return;
    // It is told once that newer code is needed, and that may be before there is any.
    if (!deployed) host.lookForBuild();
    else if (host.policy === when) host.reload(needed);
  };
  const ends = TOLD.map((name) =>
    manager.on(name, (event) => {
      state = after(state, event);
      if (event.type === "update-needed") due("at-once");
    }),
  );
  host.onNewBuild(() => {
    if (ended) return;
    deployed = true;
    // Whoever deploys code often migrates as well; a check that fails is told by events.
    manager.checkAndMigrate({ background: true }).catch(() => undefined);
    due("at-once");
  });
  host.onNavigation(() => due("navigation"));
  return () => {
    ended = true;
    ends.forEach((end) => end());
  };
}
