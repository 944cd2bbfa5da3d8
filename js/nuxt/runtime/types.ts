/** What an app's types learn: the hooks, and both parts of the runtime configuration. */
import type { ReplicaHooks } from "./hooks.js";
import type { PublicConfig } from "./options.js";
import type { PrivateConfig } from "./server/replica-server.js";

/* eslint-disable @typescript-eslint/no-empty-object-type -- to say more of an interface of Nuxt's is what it is for */
declare module "nuxt/app" {
  interface RuntimeNuxtHooks extends ReplicaHooks {}
}
/* eslint-enable @typescript-eslint/no-empty-object-type */

declare module "nuxt/schema" {
  interface RuntimeConfig {
    electricReplica: PrivateConfig;
  }
  interface PublicRuntimeConfig {
    electricReplica: PublicConfig;
  }
}
