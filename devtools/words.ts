/** What is said of things, for people. */
import type { InspectedPlan, InspectedTable } from "../js/devtools/inspection.ts";
import type { PlainEvent } from "../js/devtools/messages.ts";

/** What a check would make of a table. */
export const FATES: Record<InspectedTable["fate"], string> = {
  same: "stays",
  new: "new",
  changed: "changed",
  refetched: "fetched anew",
  removed: "goes",
};

/** Whether what is there is what was put in place. */
export const STANDINGS: Record<InspectedTable["standing"], string> = {
  sealed: "as it was put in place",
  altered: "touched by other code",
  missing: "not there",
  unrecorded: "there without a record",
};

/** A plan in one sentence. */
export function planSentence(plan: InspectedPlan): string {
  switch (plan.kind) {
    case "up-to-date":
      return "Nothing to do: the replica is as the server is.";
    case "adopt":
      return "The structure is the same: the version is taken over, and no row is touched.";
    case "rebuild": {
      const how = plan.strategy === "swap" ? "beside what is read, then put in place together" : "in place: readers see them fill";
      return `${String(plan.tables.length)} ${plan.tables.length === 1 ? "table is" : "tables are"} built ${how}.`;
    }
  }
}

export const REASONS = { first: "first visit", changed: "the structure changed", repair: "what is there is not what is recorded", forced: "asked for" };

const count = new Intl.NumberFormat("en");

export const number = (value: number | null): string => (value === null ? "–" : count.format(value));

export function bytes(value: number | null): string {
  if (value === null) return "–";
  if (value < 1024 * 1024) return `${count.format(Math.round(value / 1024))} KiB`;
  return `${(value / 1024 / 1024).toFixed(1)} MiB`;
}

const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

export const time = (atMs: number): string => clock.format(atMs);

const day = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const date = (atMs: string | null): string => (atMs === null ? "–" : day.format(Number(atMs)));

export const short = (fingerprint: string | null): string => fingerprint?.slice(0, 8) ?? "–";

/** What an event says beside its name, in one line. */
export function eventLine(event: PlainEvent): string {
  const said = Object.entries(event).filter(([name, value]) => name !== "type" && value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0));
  return said.map(([name, value]) => `${name} ${shown(value)}`).join(" · ");
}

function shown(value: unknown): string {
  if (typeof value === "number") return count.format(Math.round(value));
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** How an event looks: what went well, what did not, what goes on. */
export function eventTone({ type, ...fields }: PlainEvent): "good" | "bad" | "busy" | "plain" {
  switch (type) {
    case "migration:complete":
    case "adopted":
      return "good";
    case "replica:verified":
      return fields["healthy"] === true ? "good" : "bad";
    case "migration:error":
    case "query-failed":
    case "update-needed":
    case "replica:unhealthy":
    case "warning":
      return "bad";
    case "migration:start":
    case "migration:progress":
    case "migration:pending":
      return "busy";
    case "purged":
    case "status":
      return "plain";
  }
}
