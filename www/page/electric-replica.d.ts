/** What the page uses of the package, until the package brings its own types. */
declare module 'electric-replica' {
  export interface ReplicaManager {
    readonly status: unknown;
    checkAndMigrate(): Promise<boolean>;
    reset(): Promise<void>;
    close(): Promise<void>;
  }
  export function createReplicaManager(options: {
    db: unknown;
    baseUrl: string;
    fetch?: typeof fetch;
  }): Promise<ReplicaManager>;
}
