import type { UpdateNeeded } from "./events.js";

/** Under which key sessionStorage remembers why the page was reloaded. */
const KEY = "electric_update_reload";
/** So many times a tab is reloaded for one version. */
const MOST = 4;
/** The first reload comes at once, the second half a minute later at the earliest, then ever later. */
const FIRST_WAIT_MS = 30_000;

/** Why the page was reloaded, and how often for that version. */
export interface ReloadReason {
  /** The version that was read; `null` where there was none. */
  from: string | null;
  /** The server's version, for which the page was too old. */
  to: string;
  /** What the server lacked of `expects`: `table` or `table.column`. */
  missing: string[];
  /** How often for that version, this time included. */
  times: number;
  /** When, in milliseconds since 1970. */
  at: number;
}

/**
 * Reloads the page because its code is too old for the server, at most a few times for one version and ever later: where
 * the newer code is not deployed yet, or a cache holds the old, reloading would go round and round.
 *
 * @returns whether the page is being reloaded; `false` where it is too soon, was tried too often, where sessionStorage
 * cannot remember it, or where no newer code is needed
 */
export function reloadForUpdate(event: UpdateNeeded): boolean {
  if (event.direction !== "app-too-old" || typeof location === "undefined") return false;
  const last = reloadReason();
  const times = last?.to === event.to ? last.times : 0;
  const now = Date.now();
  const wait = times === 0 ? 0 : FIRST_WAIT_MS * 4 ** (times - 1);
  if (times >= MOST || (last && times > 0 && now - last.at < wait)) return false;
  const reason: ReloadReason = { from: event.from, to: event.to, missing: event.missing, times: times + 1, at: now };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(reason));
  } catch {
    return false; // without a memory there is no guard
  }
  location.reload();
  return true;
}

/** Why this tab was last reloaded by `reloadForUpdate`; `undefined` where it was not. */
export function reloadReason(): ReloadReason | undefined {
  try {
    const reason: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return isReason(reason) ? reason : undefined;
  } catch {
    return undefined;
  }
}

function isReason(value: unknown): value is ReloadReason {
  if (typeof value !== "object" || value === null) return false;
  const { to, times, at } = value as Partial<ReloadReason>;
  return typeof to === "string" && typeof times === "number" && typeof at === "number";
}
