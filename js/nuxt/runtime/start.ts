/**
 * What the plugin does, with all that is Nuxt's handed in.
 *
 * Owns: the order in which the replica is opened, given to the components and checked. Must not know: how any of it is done.
 */
import type { App } from "vue";

import type { exposeReplica } from "../../devtools/bridge.js";
import { ReplicaError } from "../../errors.js";
import type { MigrationError } from "../../events.js";
import type { ReplicaDatabase, ReplicaManager, ReplicaOptions } from "../../types.js";
import { provideReplica } from "../../vue/provided.js";
import { callHook, tellHooks } from "./hooks.js";
import type { Hooked } from "./hooks.js";
import { managerOptions } from "./options.js";
import type { OwnReplicaFactory, PublicConfig } from "./options.js";
import { followUpdates } from "./update.js";
import type { UpdateHost } from "./update.js";

/** As much of Nuxt's app as is needed. */
export interface StartedApp extends Hooked {
  vueApp: App;
}

/** A database that was opened here, and is closed here. */
export interface OpenedDatabase {
  db: ReplicaDatabase & { close?: () => Promise<void> };
  /** The worker it runs in, where it is one of its own. */
  worker?: Worker;
}

/** What the page and the build bring. */
export interface StartHost {
  config: PublicConfig;
  /** The app's `baseURL`. */
  appBase: string;
  /** The columns that this build of the app reads. */
  expects: ReplicaOptions["expects"];
  /** Loads the app's own file, where there is one. */
  own: (() => Promise<OwnReplicaFactory>) | undefined;
  /** Loads what lets DevTools look in, while the app is built. */
  expose: (() => Promise<typeof exposeReplica>) | undefined;
  openDatabase: (config: PublicConfig) => Promise<OpenedDatabase>;
  createManager: (options: ReplicaOptions) => Promise<ReplicaManager>;
  /** Resolves once a page that was made on the server has been taken over; `undefined` for one that was made here. */
  hydrated: Promise<unknown> | undefined;
  update: UpdateHost;
}

/**
 * Opens the replica, gives it to the components, and has it follow the server. Whatever fails is told, and keeps nothing from running.
 *
 * @returns a promise where the app is to wait for the first check; it never rejects
 */
export function startReplica(app: StartedApp, host: StartHost): Promise<void> | undefined {
  const { config } = host;
  const ends: (() => void)[] = [];
  app.vueApp.onUnmount(() => ends.forEach((end) => end()));

  const opening = open(host, ends);
  provideReplica(opening, app.vueApp, host.hydrated);
  const checked = opening.then(
    async ({ manager }) => {
      ends.push(tellHooks(manager, app), followUpdates(manager, host.update));
      if (config.start) await manager.checkAndMigrate().catch(() => undefined); // told by events
    },
    (thrown: unknown) => fail(app, thrown),
  );
  return config.await ? checked : void checked;
}

async function open({ config, appBase, expects, own, expose, openDatabase, createManager }: StartHost, ends: (() => void)[]): Promise<{ manager: ReplicaManager; db: ReplicaDatabase }> {
  const factory = await own?.();
  const options = (await factory?.()) ?? {};
  const opened: OpenedDatabase = options.db ? { db: options.db } : await openDatabase(config);
  const { db } = opened;
  const made = managerOptions(config, appBase, expects, { ...options, ...opened });
  const manager = await createManager(made);
  if (expose) ends.push((await expose())({ ...made, manager }));
  ends.push(() => {
    // What the app brought is the app's to close.
    void manager.close().then(() => (options.db ? undefined : db.close?.()), () => undefined);
  });
  return { manager, db };
}

/** Without a manager nothing else tells of it. */
async function fail(app: StartedApp, thrown: unknown): Promise<void> {
  const error = ReplicaError.from(thrown);
  console.error("electric-replica: the replica could not be opened", error);
  const event: MigrationError = { type: "migration:error", error, code: error.code, message: error.message, retryable: error.retryable, closesMigration: false, missing: [] };
  await callHook(app, "electric:migration:error", event);
}
