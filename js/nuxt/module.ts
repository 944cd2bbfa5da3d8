/**
 * The Nuxt module: `modules: ["electric-replica/nuxt"]` and a drizzle folder are all that an app writes.
 *
 * @privateRemarks
 * Owns: what is added to an app, and where. Must not know: how a replica works.
 *
 * @module electric-replica/nuxt
 */
import { existsSync } from "node:fs";

import { addComponent, addImports, addPlugin, addServerHandler, addServerImports, addServerTemplate, addTemplate, addTypeTemplate, addVitePlugin, createResolver, defineNuxtModule, findPath, getLayerDirectories, useLogger } from "nuxt/kit";
import type { Nuxt, NuxtModule } from "nuxt/schema";

import { BANNER } from "../banner/element.js";
import { devtoolsTab, replicaDevtools } from "../devtools/vite.js";
import type { DevtoolsTab } from "../devtools/vite.js";
import { migrationsOf } from "./migrations.js";
import type { Migrations } from "./migrations.js";
import { DEFAULTS, isOwnServer, PRIVATE, publicConfig } from "./options.js";
import type { ModuleOptions } from "./options.js";
import type { PublicConfig } from "./runtime/options.js";
import type { PrivateConfig } from "./runtime/server/replica-server.js";
import { pageModule, serverModule } from "./virtual.js";

export type { ModuleOptions } from "./options.js";
export type { OwnReplica, OwnReplicaFactory, PlainReplicaOptions, PublicConfig, UpdatePolicy } from "./runtime/options.js";
export type { PrivateConfig, ReplicaServerOptions } from "./runtime/server/replica-server.js";
export type { ReplicaHooks } from "./runtime/hooks.js";

/** The private runtime configuration, under the name that Nuxt's tools look for. */
export interface ModuleRuntimeConfig {
  /** What only the server may know. */
  electricReplica: PrivateConfig;
}
/** The public runtime configuration, under the name that Nuxt's tools look for. */
export interface ModulePublicRuntimeConfig {
  /** What the page knows. */
  electricReplica: PublicConfig;
}

/** What must not be bundled before it is served: PGlite looks for its files beside its modules, and so does this package. */
const UNBUNDLED = ["@electric-sql/pglite", "electric-replica"];
/** What hardly any page ever loads: the SQL module, and the twins of files that a server cannot serve. Nuxt would have each page fetch them ahead. */
const SELDOM = /electric-replica\/(.*\/)?wasm\/(ddl|\w+_base64)\b|(^|\/)ddl_bg\b/;
const ROUTES = ["version", "schemas", "shape"];

/** The module. Its options are `electricReplica` in `nuxt.config.ts`. */
const replicaModule: NuxtModule<ModuleOptions> = defineNuxtModule<ModuleOptions>({
  meta: { name: "electric-replica", configKey: "electricReplica", compatibility: { nuxt: "^4.0.0" } },
  defaults: DEFAULTS,
  async setup(options, nuxt) {
    const here = createResolver(import.meta.url);
    const resolve: Resolve = (path) => here.resolve(path);
    const logger = useLogger("electric-replica");

    setRuntimeConfig(options, nuxt);
    setVite(nuxt);
    nuxt.options.build.transpile.push(resolve("./runtime"));

    const migrations = options.migrations === false ? undefined : migrationsOf(createResolver(nuxt.options.rootDir).resolve(options.migrations), options.tables);
    if (migrations) watchOver(migrations, nuxt, (warning) => logger.warn(warning));
    await addToPage(options, nuxt, migrations, resolve);
    if (nuxt.options.dev) addDevtools(nuxt);
    if (isOwnServer(options.baseUrl)) await addToServer(options, nuxt, migrations, resolve);
    addTypeTemplate(
      { filename: "types/electric-replica.d.ts", getContents: () => `import ${JSON.stringify(resolve("./runtime/types"))};\nexport {};\n` },
      { nuxt: true, nitro: true, node: true, shared: true },
    );
  },
});
export default replicaModule;

/** The hooks that are used. Nuxt's own types of them are of packages that are not needed for anything else. */
interface Hooks {
  hook(name: "build:before", act: () => Promise<void>): void;
  hook(name: "devtools:customTabs", act: (tabs: DevtoolsTab[]) => void): void;
  hook(name: "build:manifest", act: (manifest: Record<string, { prefetch?: boolean }>) => void): void;
}
const hooks = (nuxt: Nuxt): Hooks => nuxt;

/** A path of this package, from this file. */
type Resolve = (path: string) => string;

/** What an app sets there by itself is kept. */
function setRuntimeConfig(options: ModuleOptions, nuxt: Nuxt): void {
  const config = nuxt.options.runtimeConfig;
  config.electricReplica = { ...PRIVATE, ...config.electricReplica };
  config.public.electricReplica = { ...publicConfig(options), ...config.public.electricReplica };
}

function setVite({ options }: Nuxt): void {
  const { vite } = options;
  vite.optimizeDeps ??= {};
  vite.optimizeDeps.exclude = [...new Set([...(vite.optimizeDeps.exclude ?? []), ...UNBUNDLED])];
  // PGlite's worker loads parts of itself later, which the older form cannot.
  vite.worker ??= {};
  vite.worker.format ??= "es";
  const { compilerOptions } = options.vue;
  const isCustomElement = compilerOptions.isCustomElement;
  compilerOptions.isCustomElement = (tag) => tag === BANNER || (isCustomElement?.(tag) ?? false);
}

async function addToPage(options: ModuleOptions, nuxt: Nuxt, migrations: Migrations | undefined, resolve: Resolve): Promise<void> {
  const own = await ownFile(options.appFile, nuxt, "app");
  const looksForBuilds = !nuxt.options.dev && nuxt.options.experimental.appManifest;
  addTemplate({
    filename: "electric-replica.mjs",
    getContents: async () => pageModule({
      own,
      looksForBuilds,
      expects: await expected(options, migrations, nuxt),
      devtools: nuxt.options.dev ? resolve("../devtools/index") : undefined,
    }),
  });
  hooks(nuxt).hook("build:manifest", (manifest) => {
    for (const [source, resource] of Object.entries(manifest)) if (SELDOM.test(source)) resource.prefetch = false;
  });
  addPlugin({ src: resolve("./runtime/plugin.client"), mode: "client" });
  const composables = resolve("./runtime/composables");
  addImports([
    ...["useElectricMigrations", "useReplica", "useReplicaQuery"].map((name) => ({ name, from: composables })),
    { name: "defineReplica", from: resolve("./runtime/define") },
  ]);
  addComponent({ name: "MigrationBanner", export: "MigrationBanner", filePath: resolve("./runtime/components") });
}

/** The page that shows the replica, and its tab. */
function addDevtools(nuxt: Nuxt): void {
  addVitePlugin(replicaDevtools());
  hooks(nuxt).hook("devtools:customTabs", (tabs) => void tabs.push(devtoolsTab()));
}

async function addToServer(options: ModuleOptions, nuxt: Nuxt, migrations: Migrations | undefined, resolve: Resolve): Promise<void> {
  const own = await ownFile(options.serverFile, nuxt, "server");
  addServerTemplate({
    filename: "#electric-replica/server",
    // In development the folder itself is read, again whenever its files change.
    getContents: async () => {
      const schema = nuxt.options.dev ? { folder: migrations?.folder } : { files: (await migrations?.files()) ?? {} };
      return serverModule({ own, tables: options.tables, ...schema });
    },
  });
  for (const name of ROUTES) addServerHandler({ route: `${options.baseUrl.replace(/\/+$/, "")}/${name}`, handler: resolve(`./runtime/server/${name}`) });
  addServerImports([{ name: "defineReplicaServer", from: resolve("./runtime/server/define") }]);
}

/** A file of the app's own, of the first layer that has it. */
async function ownFile(name: string, nuxt: Nuxt, of: "app" | "server"): Promise<string | undefined> {
  const paths = getLayerDirectories(nuxt).map((layer) => createResolver(layer[of]).resolve(name));
  return (await findPath(paths, { fallbackToOriginal: false })) ?? undefined;
}

/** The columns that the app reads, as far as it is known while it is built. */
async function expected({ expects }: ModuleOptions, migrations: Migrations | undefined, nuxt: Nuxt): Promise<Record<string, string[]> | string | undefined> {
  if (typeof expects !== "boolean") return expects;
  // In development the schema changes under the page, which follows it.
  return expects && migrations && !nuxt.options.dev && !nuxt.options._prepare ? migrations.expects() : undefined;
}

/** Says early what is wrong with the migrations; an app is not built with some that cannot be read. */
function watchOver(migrations: Migrations, nuxt: Nuxt, warn: (warning: string) => void): void {
  hooks(nuxt).hook("build:before", async () => {
    if (nuxt.options._prepare) return;
    if (!existsSync(migrations.folder)) {
      const message = `there are no migrations in ${migrations.folder}: make them with drizzle-kit, or set \`electricReplica.migrations\``;
      if (!nuxt.options.dev) throw new Error(`electric-replica: ${message}`);
      warn(message);
      return;
    }
    try {
      for (const warning of await migrations.check()) warn(warning);
    } catch (thrown) {
      if (!nuxt.options.dev) throw thrown;
      warn(thrown instanceof Error ? thrown.message : String(thrown));
    }
  });
}
