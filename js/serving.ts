/** The worker's end of own-worker.ts: runs its page's texts over the database that runs here. */
import { said } from "./own-worker.js";
import type { Port, Said, Thrown } from "./own-worker.js";
import { running } from "./texts.js";
import type { ReplicaDatabase } from "./types.js";

/** Runs what the page behind `page` asks for, for as long as this worker lives. */
export function serve(db: ReplicaDatabase, page: Port): void {
  const run = running(db);
  const say = (message: Said) => page.postMessage(message, []);
  page.addEventListener("message", ({ data }) => {
    const asked = said(data);
    if (asked?.electricReplica === "anybody") say({ electricReplica: "here" });
    if (asked?.electricReplica !== "text") return;
    const { id, text } = asked;
    run(text).then(
      (rows) => say({ electricReplica: "done", id, rows }),
      (thrown: unknown) => say({ electricReplica: "failed", id, thrown: told(thrown) }),
    );
  });
  // A page may have asked before this could hear it.
  say({ electricReplica: "here" });
}

/** What was thrown may be anything, and not all of it can be sent. */
function told(thrown: unknown): Thrown {
  const { name, message, code } = Object(thrown) as Partial<Thrown>;
  return { name: String(name), message: String(message), ...(typeof code === "string" ? { code } : {}) };
}
