/** What a replica has told, for who comes later. */
import { eventNames } from "../event-names.js";
import type { ReplicaEvent } from "../events.js";
import type { ReplicaManager } from "../types.js";
import type { PlainEvent, TimelineEntry } from "./messages.js";

/** How many entries are kept. */
const KEPT = 300;

export class Timeline {
  #entries: TimelineEntry[] = [];
  #number = 0;
  readonly #endings: (() => void)[];

  /** Listens from now on. @param told called with each entry */
  constructor(manager: Pick<ReplicaManager, "on">, told: (entry: TimelineEntry) => void) {
    this.#endings = eventNames().map((name) => manager.on(name, (event: ReplicaEvent) => told(this.#add(event))));
  }

  /** Oldest first. */
  get entries(): TimelineEntry[] {
    return [...this.#entries];
  }

  end(): void {
    for (const end of this.#endings.splice(0)) end();
  }

  #add(event: ReplicaEvent): TimelineEntry {
    const entry = { number: ++this.#number, atMs: Date.now(), event: plain(event) };
    // A load tells of each piece: only the newest of a step says anything.
    if (isSameStep(this.#entries.at(-1)?.event, entry.event)) this.#entries.pop();
    this.#entries.push(entry);
    this.#entries = this.#entries.slice(-KEPT);
    return entry;
  }
}

/** Whether both are progress of one step and one table. */
export function isSameStep(one: PlainEvent | undefined, other: PlainEvent): boolean {
  return one?.type === "migration:progress" && other.type === "migration:progress" && one["step"] === other["step"] && one["table"] === other["table"];
}

/** What of an event a message can carry: an error's code and message stand beside it. */
function plain(event: ReplicaEvent): PlainEvent {
  return JSON.parse(JSON.stringify(event, (field, value: unknown) => (field === "error" ? undefined : value))) as PlainEvent;
}
