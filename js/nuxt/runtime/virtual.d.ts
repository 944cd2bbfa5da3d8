/** What the module writes while an app is built, and what of Nuxt's app is used. */
declare module "#build/electric-replica.mjs" {
  /** Loads the app's own file, where there is one. */
  export const own: (() => Promise<import("./options.js").OwnReplicaFactory>) | undefined;
  /** The columns that this build of the app reads. */
  export const expects: import("../../types.js").ReplicaOptions["expects"];
  /** Whether a deployed build says which it is. */
  export const looksForBuilds: boolean;
  /** Loads what lets DevTools look in, where they may. */
  export const expose: import("./start.js").StartHost["expose"];
}

declare module "#electric-replica/server" {
  type Built = import("./server/replica-server.js").Built;
  export const files: Built["files"];
  export const folder: Built["folder"];
  export const tables: Built["tables"];
  export const own: Built["own"];
  export const config: Built["config"];
}

/** As much of Nuxt's app as the plugin uses: the whole of its types would bring all of Nuxt with them. */
declare module "nuxt/app" {
  export interface RuntimeNuxtHooks {
    "app:manifest:update": (meta?: { id: string; timestamp: number }) => void;
    "app:suspense:resolve": () => void;
  }
  export interface NuxtApp {
    vueApp: import("vue").App;
    payload: { serverRendered?: boolean };
    hook<Name extends keyof RuntimeNuxtHooks>(name: Name, listener: RuntimeNuxtHooks[Name]): () => void;
    callHook<Name extends keyof RuntimeNuxtHooks>(name: Name, ...args: Parameters<RuntimeNuxtHooks[Name]>): Promise<void>;
  }
  export function defineNuxtPlugin(plugin: { name: string; setup: (app: NuxtApp) => Promise<void> | undefined }): object;
  export function useRouter(): { afterEach: (listener: () => void) => () => void };
  export function useRuntimeConfig(): {
    app: { baseURL: string; buildAssetsDir: string; cdnURL: string; buildId: string };
    public: { electricReplica: import("./options.js").PublicConfig };
  };
}
