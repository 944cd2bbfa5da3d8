/**
 * The replica that an app's components share.
 *
 * Owns: how it comes to them, and what they see of it before it is there. Must not know: what they do with it.
 */
import { getCurrentScope, inject, onScopeDispose, provide, shallowRef } from "vue";
import type { App, InjectionKey, ShallowRef } from "vue";

import { after, QUIET, TOLD } from "../banner/state.js";
import type { MigrationState } from "../banner/state.js";
import { ReplicaError } from "../errors.js";
import type { ReplicaDatabase, ReplicaManager, ReplicaStatus } from "../types.js";

/** A replica as components use it. Neither part is ever made reactive. */
export interface Replica {
  /** What `createReplicaManager()` gave. */
  manager: ReplicaManager;
  /** The database that the manager was created with; `useReplicaQuery()` needs PGlite's `live` extension in it. */
  db: ReplicaDatabase;
}

/** What components are given. */
export interface Provided {
  readonly replica: Readonly<ShallowRef<Replica | undefined>>;
  readonly state: Readonly<ShallowRef<MigrationState>>;
  readonly status: Readonly<ShallowRef<ReplicaStatus>>;
  /** Why there is no replica. */
  readonly failure: Readonly<ShallowRef<ReplicaError | undefined>>;
  /** The replica as soon as it is there. */
  ready: () => Promise<Replica>;
}

const KEY: InjectionKey<Provided> = Symbol("electric-replica");

/**
 * Gives a replica to the components of an app, or, where no app is named, to those below the component that is being set up.
 * It may still be on its way: components see it once it is there. What is provided ends with the app or the component; the
 * manager does not, it belongs to whoever created it.
 *
 * @param replica the manager and the database it was created with, or a promise of both
 * @param app the app, where it is not a component that provides
 * @param hydrated for a page that was made on a server: what components see stays as it was there until this has resolved, so
 * that the page is taken over as it is
 */
export function provideReplica(replica: Replica | Promise<Replica>, app?: App, hydrated?: Promise<unknown>): void {
  const { provided, end } = listening(Promise.resolve(replica), hydrated);
  if (app) {
    app.provide(KEY, provided);
    app.onUnmount(end);
  } else {
    provide(KEY, provided);
    if (getCurrentScope()) onScopeDispose(end);
  }
}

/**
 * The replica that was provided; `undefined` until it is there, and on a server, where there never is one.
 *
 * @throws `NOT_INITIALIZED` ({@link ReplicaError}) in a page where nothing was provided
 */
export function useReplica(): Readonly<ShallowRef<Replica | undefined>> {
  return useProvided().replica;
}

/** @internal */
export function useProvided(): Provided {
  const provided = inject(KEY, undefined);
  if (provided) return provided;
  if (typeof document === "undefined") return nothing();
  throw new ReplicaError("NOT_INITIALIZED", "while setting a component up: no replica was provided; call provideReplica() in the app or in a component above");
}

/** What components see where pages are made, and no replica is. */
const nothing = (): Provided => ({
  replica: shallowRef(),
  state: shallowRef(QUIET),
  status: shallowRef("idle" as const),
  failure: shallowRef(),
  ready: () => Promise.reject(new ReplicaError("NOT_INITIALIZED", "while waiting for the replica: there is none on a server")),
});

function listening(coming: Promise<Replica>, hydrated: Promise<unknown> | undefined): { provided: Provided; end: () => void } {
  const replica = shallowRef<Replica>();
  const state = shallowRef(QUIET);
  const status = shallowRef<ReplicaStatus>("idle");
  const failure = shallowRef<ReplicaError>();
  const ends: (() => void)[] = [];
  let ended = false;
  /** What is to be seen and may not be yet. */
  let held: (() => void)[] | undefined = hydrated && [];
  const show = (change: () => void): void => void (held ? held.push(change) : change());
  const release = (): void => {
    const changes = held ?? [];
    held = undefined;
    for (const change of changes) change();
  };
  hydrated?.then(release, release);
  coming.then(
    (there) => {
      if (ended) return;
      const { manager } = there;
      for (const name of TOLD) ends.push(manager.on(name, (event) => show(() => (state.value = after(state.value, event)))));
      ends.push(manager.on("status", (event) => show(() => (status.value = event.status))));
      show(() => {
        status.value = manager.status;
        replica.value = there;
      });
    },
    (thrown: unknown) => show(() => (failure.value = ReplicaError.from(thrown))),
  );
  return {
    provided: { replica, state, status, failure, ready: () => coming },
    end() {
      ended = true;
      for (const end of ends.splice(0)) end();
    },
  };
}
