/**
 * Who is measured.
 *
 * Owns: the candidates' names, what each is, what it does before the clock starts. Must not know: clocks.
 */
import type { Asked, End } from "./asked.ts";
import { binaries, copied, texts } from "./copies.ts";
import type { Method } from "./methods.ts";
import type { Candidate } from "./names.ts";
import { replica } from "./replica.ts";
import { fetched, parsed } from "./shapes.ts";
import { synced } from "./sync.ts";

const nothing = (): void => undefined;
const then = (work: () => Promise<void>) => (): Promise<End> => work().then(() => nothing);

/** Does what a candidate is not measured for, and answers the rest: that loads the tables, and answers how to end. */
export async function prepared(candidate: Candidate, asked: Asked): Promise<() => Promise<End>> {
  switch (candidate) {
    case "replica":
      return () => replica(asked);
    case "sync:insert":
    case "sync:json":
    case "sync:csv":
    case "sync:useCopy":
      return () => synced(asked, candidate.slice("sync:".length) as Method);
    case "parse":
      return then(() => parsed(asked));
    case "copy": {
      const blobs = await texts(asked);
      return then(() => copied(asked, blobs, "text"));
    }
    case "copy:binary": {
      const blobs = await binaries(asked);
      return then(() => copied(asked, blobs, "binary"));
    }
    case "fetch":
      return then(() => fetched(asked));
  }
}
