/**
 * A live query as refs.
 *
 * Owns: when a query is mounted, mounted again and ended. Must not know: how PGlite follows tables, or how a swap keeps queries.
 */
import { onScopeDispose, shallowRef, toValue, watch } from "vue";
import type { MaybeRefOrGetter, ShallowRef } from "vue";

import { ReplicaError } from "../errors.js";
import { onLeaderChange } from "../steady.js";
import { useProvided } from "./provided.js";
import type { Replica } from "./provided.js";

/** A column of a result, as PGlite describes it. */
export interface QueryField {
  /** Its name. */
  name: string;
  /** Its type's OID in Postgres. */
  dataTypeID: number;
}

/** What `useReplicaQuery()` gives. */
export interface ReplicaQuery<Row> {
  /** The newest rows. Those of before stay until there are newer ones. */
  rows: Readonly<ShallowRef<readonly Row[]>>;
  /** Their columns; a migration may change them. */
  fields: Readonly<ShallowRef<readonly QueryField[]>>;
  /** Why there are no newer rows: what PGlite said of the query. Tried again once tables were built anew. */
  error: Readonly<ShallowRef<unknown>>;
  /** Whether the rows are still to come, or are those of `sql` and `params` as they were before. */
  isLoading: Readonly<ShallowRef<boolean>>;
}

interface Results<Row> {
  rows: Row[];
  fields: QueryField[];
}

/** As much of PGlite's `live` extension as is needed. */
interface Live {
  query<Row>(sql: string, params: unknown[], told: (results: Results<Row>) => void): Promise<{ initialResults: Results<Row>; unsubscribe: () => Promise<void> }>;
}

/**
 * The rows of a query, kept as they change, through migrations as well. It ends with the component or scope it is called in.
 *
 * @param sql one SELECT; where a ref or a getter changes, the query is mounted anew
 * @param params for `$1`, `$2`, …; a list of values, or of refs, or a ref or getter of one
 */
export function useReplicaQuery<Row = Record<string, unknown>>(
  sql: MaybeRefOrGetter<string>,
  params: MaybeRefOrGetter<readonly unknown[]> = [],
): ReplicaQuery<Row> {
  const { replica } = useProvided();
  const rows = shallowRef<readonly Row[]>([]);
  const fields = shallowRef<readonly QueryField[]>([]);
  const error = shallowRef<unknown>();
  const isLoading = shallowRef(true);

  let latest = 0;
  /** It failed before there was a replica to read. */
  let early = false;
  let mounted: (() => Promise<void>) | undefined;
  /** One thing after another: the query of before has ended when the next one begins. */
  let turn: Promise<void> = Promise.resolve();

  const end = async (): Promise<void> => {
    const unsubscribe = mounted;
    mounted = undefined;
    if (unsubscribe) await ended(unsubscribe);
  };

  const mount = async ({ db, manager }: Replica, sql: string, params: unknown[], own: number): Promise<void> => {
    const show = ({ rows: newest, fields: columns }: Results<Row>): void => {
      if (own !== latest) return;
      [rows.value, fields.value, error.value, isLoading.value] = [newest, columns, undefined, false];
    };
    try {
      const { initialResults, unsubscribe } = await liveOf(db).query<Row>(sql, params, show);
      if (own !== latest) {
        await ended(unsubscribe);
        return;
      }
      mounted = unsubscribe;
      show(initialResults);
    } catch (thrown) {
      if (own !== latest) return;
      // Before anything is known to be there, that nothing is there is no error.
      early = manager.version === undefined;
      if (!early) [error.value, isLoading.value] = [thrown, false];
    }
  };

  /** Mounts the query as it is wanted now, in place of the one there was. */
  const restart = (there: Replica | undefined, sql: string, params: unknown[]): void => {
    const own = ++latest;
    isLoading.value = true;
    early = false;
    turn = turn.then(async () => {
      await end();
      if (there && own === latest) await mount(there, sql, params, own);
    });
  };

  const wanted = (): [Replica | undefined, string, unknown[]] => [replica.value, toValue(sql), toValue(params).map((value) => toValue(value))];
  watch(
    wanted,
    (now, before) => {
      if (!before || !isSame(now, before)) restart(...now);
    },
    { immediate: true },
  );

  watch(
    replica,
    (there, _, onCleanup) => {
      if (!there) return;
      const again = (): void => restart(...wanted());
      const { manager, db } = there;
      const ends = [
        // A swap keeps mounted queries. What it could not keep is mounted anew: which query of PGlite's was this one, nothing says.
        manager.on("query-failed", again),
        manager.on("migration:complete", ({ reason, left }) => {
          if (reason === "first" || left.length > 0 || error.value !== undefined) again();
        }),
        manager.on("status", ({ status }) => {
          const mayFit = early ? manager.version !== undefined : error.value !== undefined && (status === "ready" || status === "held");
          if (mayFit) again();
        }),
        // Its rows may be another owner's.
        manager.on("purged", () => {
          [rows.value, fields.value] = [[], []];
          again();
        }),
        // With the tab that ran the database its queries have ended, and whatever was asked of it may never be answered.
        onLeaderChange(db, () => {
          mounted = undefined;
          turn = Promise.resolve();
          again();
        }),
      ];
      onCleanup(() => ends.forEach((end) => end()));
    },
    { immediate: true },
  );

  onScopeDispose(() => {
    latest += 1;
    turn = turn.then(end);
  });
  return { rows, fields, error, isLoading };
}

/** Ends a query. Its tables may be gone, and the database closed. */
const ended = (unsubscribe: () => Promise<void>): Promise<void> => unsubscribe().catch(() => undefined);

function isSame([replica, sql, params]: [Replica | undefined, string, unknown[]], [replicaBefore, sqlBefore, paramsBefore]: [Replica | undefined, string, unknown[]]): boolean {
  return replica === replicaBefore && sql === sqlBefore && params.length === paramsBefore.length && params.every((value, at) => Object.is(value, paramsBefore[at]));
}

function liveOf(db: object): Live {
  const live = (db as { live?: Live }).live;
  if (live) return live;
  throw new ReplicaError("NOT_A_DATABASE", "while mounting a query: the database has no live queries; create it with PGlite's extension `live`");
}
