/** The plugin: Nuxt's app and the page, handed to `startReplica()`. Runs in the page alone. */
import { defineNuxtPlugin, useRouter, useRuntimeConfig } from "nuxt/app";

import { expects, expose, looksForBuilds, own } from "#build/electric-replica.mjs";
import { createReplicaManager } from "../../manager.js";
import { reloadForUpdate } from "../../reload.js";
import { otherBuild } from "./builds.js";
import { openDatabase } from "./database.js";
import type { ReplicaHooks } from "./hooks.js";
import { startReplica } from "./start.js";

export default defineNuxtPlugin({
  name: "electric-replica",
  setup(nuxtApp) {
    const { app, public: visible } = useRuntimeConfig();
    const router = useRouter();
    const lookForBuild = async (): Promise<void> => {
      const newest = await otherBuild(app);
      if (newest) await nuxtApp.callHook("app:manifest:update", newest);
    };
    // Each event fits the hook of its name.
    const callHook = (name: keyof ReplicaHooks, event: unknown) => nuxtApp.callHook(name, event as never);
    return startReplica({ vueApp: nuxtApp.vueApp, callHook }, {
      config: visible.electricReplica,
      appBase: app.baseURL,
      expects,
      own,
      expose,
      openDatabase,
      createManager: createReplicaManager,
      hydrated: nuxtApp.payload.serverRendered ? new Promise<void>((resolve) => nuxtApp.hook("app:suspense:resolve", () => resolve())) : undefined,
      update: {
        policy: visible.electricReplica.onUpdateNeeded,
        onNewBuild: (listener) => void nuxtApp.hook("app:manifest:update", () => listener()),
        // Where there is no answer, Nuxt looks again within the hour.
        lookForBuild: () => void (looksForBuilds && lookForBuild().catch((error: unknown) => console.error(error))),
        onNavigation: (listener) => void router.afterEach(() => listener()),
        reload: reloadForUpdate,
      },
    });
  },
});
