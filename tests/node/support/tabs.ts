/** Tabs of one browser in one process, with a model of what each does. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import { ReplicaError } from "../../../js/errors.ts";
import { Holdings } from "../../../js/holdings.ts";
import { Lead } from "../../../js/lead.ts";
import { type Holding, type TabOwner, Tabs } from "../../../js/tabs.ts";
import type { MigrationError, ReplicaEvent } from "../../../js/events.ts";
import type { ReplicaStatus } from "../../../js/types.ts";

import { Locks } from "./locks.ts";
import { soon } from "./world.ts";

export const NAME = "a replica";
export const START: ReplicaEvent = { type: "migration:start", reason: "changed", from: "1", to: "2", tables: ["users"], strategy: "swap" };
export const PROGRESS: ReplicaEvent = { type: "migration:progress", step: "loading", table: "users", rows: 5, expectedRows: 9, tablesDone: 0, tablesTotal: 1 };
export const COMPLETE: ReplicaEvent = { type: "migration:complete", reason: "changed", from: "1", to: "2", tables: ["users"], left: [], rows: 9, strategy: "swap", durationMs: 1 };
export const ADOPTED: ReplicaEvent = { type: "adopted", from: "2", to: "3" };

export function failure(closesMigration: boolean): MigrationError {
  const error = new ReplicaError("SCHEMA_MISMATCH", "it did not fit", { retryable: true, cause: () => "nothing that can be sent" });
  return { type: "migration:error", error, code: error.code, message: error.message, retryable: error.retryable, closesMigration, missing: ["users"] };
}

/** Whether only a tab that leads tells that. */
const leads = (event: ReplicaEvent): boolean => (event.type === "status" ? !["idle", "following", "checking", "error", "closed"].includes(event.status) : event.type !== "warning");
export const status = (status: ReplicaStatus): ReplicaEvent => ({ type: "status", status, leader: null });

let tabsOpened = 0;

export function world(t: TestContext) {
  const locks = new Locks();
  const living: Tabs[] = [];
  t.after(() => living.forEach((tabs) => tabs.close()));
  const name = `${NAME} ${Math.random()}`;
  const open = (perform: TabOwner["perform"] = () => Promise.reject(new Error("nobody asked")), holding: Holding = "together") => {
    const owner = `tab ${(tabsOpened += 1)}`;
    const events: ReplicaEvent[] = [];
    const own: BroadcastChannel[] = [];
    class Channel extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        own.push(this);
      }
    }
    let now: ReplicaStatus = "following";
    let led = false;
    const holdings = new Holdings();
    const replica = { version: undefined as string | undefined };
    const tabs = new Tabs(
      name,
      { holding, status: () => now, version: () => replica.version, deliver: (event) => void events.push(event), perform },
      { locks: locks.of(owner), Channel },
    );
    tabs.open();
    living.push(tabs);
    return {
      tabs,
      events,
      replica,
      told: () => events.map((event) => event.type).filter((type) => type !== "status"),
      tell: (event: ReplicaEvent) => {
        if (!led && leads(event)) tabs.led();
        led ||= leads(event);
        if (event.type === "status") now = event.status;
        events.push(tabs.tell(event));
      },
      /** Waits for the lead, as the module does. Resolves once it is there. */
      lead: () => new Lead(name, locks.of(owner), holdings).granted().then(() => {
        led = true;
        tabs.led();
      }),
      /** Is too busy to listen. What is said to it meanwhile it hears later. */
      pause: () => {
        const paused = own.map((channel) => {
          const hear = channel.onmessage;
          const missed: MessageEvent[] = [];
          channel.onmessage = (message) => void missed.push(message);
          return () => {
            channel.onmessage = hear;
            for (const message of missed) hear?.call(channel, message);
          };
        });
        return () => paused.forEach((resume) => resume());
      },
      /** Hears what was said before it was closed, and comes late. */
      hear: (message: object) => own.forEach((channel) => void channel.onmessage?.(new MessageEvent("message", { data: message }))),
      fail: () => {
        now = "error";
        for (const event of tabs.failed(new ReplicaError("INTERNAL", "the module failed"))) events.push(tabs.tell(event));
        tabs.close();
        holdings.end();
      },
      kill: () => {
        for (const channel of own) channel.close();
        locks.kill(owner);
      },
    };
  };
  // What is said to all of them.
  const channel = new BroadcastChannel(`${name}:tabs:3`);
  t.after(() => channel.close());
  return { open, channel, waiting: () => locks.waiting(name) };
}

type Tab = ReturnType<ReturnType<typeof world>["open"]>;
export const hears = (tab: Tab, told: string[]) => soon(() => assert.deepEqual(tab.told(), told));
