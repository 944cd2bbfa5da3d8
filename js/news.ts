/**
 * What one tab tells the others of the replica it leads, and what the others make of it. No channel, no lock, no clock:
 * js/tabs.ts has those.
 */
import { ReplicaError, type ReplicaErrorCode } from "./errors.js";
import type { MigrationError, MigrationPending, MigrationProgress, MigrationStart, ReplicaEvent, StatusChange, Warning } from "./events.js";
import type { ReplicaStatus } from "./types.js";

/** An error as it goes from tab to tab. Its cause stays where it was thrown: it may be anything. */
export interface PlainError {
  code: ReplicaErrorCode;
  message: string;
  retryable: boolean;
}

type Told = Exclude<ReplicaEvent, MigrationError | MigrationPending | StatusChange | Warning> | { type: "migration:error"; error: PlainError; closesMigration: boolean; missing: string[] };

/** What a tab that leads says: how things stand, and what has just happened, if anything has. */
export interface News {
  status: ReplicaStatus;
  version: string | undefined;
  /** The rebuild under way. */
  running: { start: MigrationStart; progress: MigrationProgress | undefined } | undefined;
  event: Told | undefined;
}

export function plainError({ code, message, retryable }: ReplicaError): PlainError {
  return { code, message, retryable };
}

export function errorOf({ code, message, retryable }: PlainError): ReplicaError {
  return new ReplicaError(code, message, { retryable });
}

/** Makes news of a tab's own events. */
export class Teller {
  #leads = false;
  #status: ReplicaStatus = "idle";
  #running: News["running"];

  /** Whether this tab leads: only the tab that does touches the replica. */
  get leads(): boolean {
    return this.#leads;
  }

  /** This tab leads from now on, and begins with what it waited for the lead with. */
  lead(): void {
    this.#leads = true;
    this.#status = "checking";
  }

  /** How things stand; nothing where another tab may lead. */
  stand(version: string | undefined, event?: Told): News | undefined {
    return this.#leads ? { status: this.#status, version, running: this.#running, event } : undefined;
  }

  /** What is told of this tab where nothing tells of itself any more. */
  failed(error: ReplicaError): ReplicaEvent[] {
    const status: StatusChange = { type: "status", status: "error", leader: null };
    if (!this.#leads) return [status];
    const told: Told = { type: "migration:error", error: plainError(error), closesMigration: this.#running !== undefined, missing: [] };
    return [{ ...finished(told), error } as MigrationError, status];
  }

  /** Takes note of an event of this tab's own. Answers what the other tabs are to be told, if anything. */
  news(event: ReplicaEvent, version: string | undefined): News | undefined {
    switch (event.type) {
      case "warning":
        return undefined;
      case "status":
        this.#status = event.status;
        return this.stand(version);
      case "migration:pending":
        // Its functions do not leave the page.
        return undefined;
      case "migration:error": {
        if (event.closesMigration) this.#running = undefined;
        return this.stand(version, { type: event.type, error: plainError(event.error), closesMigration: event.closesMigration, missing: event.missing });
      }
      case "migration:start":
        this.#running = { start: event, progress: undefined };
        break;
      case "migration:progress":
        if (this.#running) this.#running = { ...this.#running, progress: event };
        break;
      case "migration:complete":
        this.#running = undefined;
        break;
      case "adopted":
      case "query-failed":
      case "purged":
      case "update-needed":
      case "replica:unhealthy":
      case "replica:verified":
        break;
    }
    return this.stand(version, event);
  }
}

/** Makes events of another tab's news: every start that it tells it also closes, exactly once. */
export class Hearer {
  #leader: string | undefined;
  #open = false;
  #status: ReplicaStatus | null = null;
  #version: string | undefined;

  /** The tab that leads, as far as is known. */
  get leader(): string | undefined {
    return this.#leader;
  }

  /** The status of the tab that leads. */
  get status(): ReplicaStatus | null {
    return this.#status;
  }

  /** The version that the tab that leads has said. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Answers what the app is to be told, in order. `own` is this tab's own status. */
  hear(from: string, { status, version, running, event }: News, own: ReplicaStatus): ReplicaEvent[] {
    const events = from === this.#leader ? [] : this.end(own);
    this.#leader = from;
    this.#version = version;
    if (status !== this.#status) {
      this.#status = status;
      events.push({ type: "status", status: own, leader: status });
    }
    if (event) {
      if (this.#fits(event)) events.push(finished(event));
    } else if (running && !this.#open) {
      // This tab has come in the middle of it.
      this.#open = true;
      events.push(running.start, ...(running.progress ? [running.progress] : []));
    }
    return events;
  }

  /** Whoever led does no more: what it began and did not end is closed here. */
  end(own: ReplicaStatus): ReplicaEvent[] {
    const events: ReplicaEvent[] = [];
    if (this.#open) events.push(finished({ type: "migration:error", error: LOST, closesMigration: true, missing: [] }));
    if (this.#status !== null) events.push({ type: "status", status: own, leader: null });
    this.#open = false;
    this.#leader = this.#version = undefined;
    this.#status = null;
    return events;
  }

  /** Whether an event belongs to what was told before: no progress and no end without a start. */
  #fits(event: Told): boolean {
    const open = this.#open;
    switch (event.type) {
      case "migration:start":
        this.#open = true;
        return !open;
      case "migration:progress":
        return open;
      case "migration:complete":
        this.#open = false;
        return open;
      case "migration:error":
        if (event.closesMigration) this.#open = false;
        return open || !event.closesMigration;
      case "adopted":
      case "query-failed":
      case "purged":
      case "update-needed":
      case "replica:unhealthy":
      case "replica:verified":
        return true;
    }
  }
}

const LOST: PlainError = { code: "CLOSED", message: "while another tab was rebuilding: it ended", retryable: true };

function finished(event: Told): ReplicaEvent {
  if (event.type !== "migration:error") return event;
  return { ...event, ...event.error, error: errorOf(event.error) };
}
