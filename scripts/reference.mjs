/**
 * Writes the API reference from the types and doc comments of what package.json exports: a file for each entry. Nothing has to be
 * built for it.
 *
 *     npm run reference
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { Application } from "typedoc";

import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at } from "./lib/paths.mjs";

export const REFERENCE = at("docs", "reference");

/** TypeDoc would copy what a text of its own links to. */
const INTRODUCTION = `What each entry of the package gives, by the types and comments of \`js/\`. \`npm run reference\` writes these files, and a test compares
them with the sources: what is to be said differently is said there.

[The guide](../guide/README.md) tells how it is used, the [README](../../README.md) what it does, and [ERRORS.md](../ERRORS.md) what each
code means.
`;

/** The source of each entry that has types. */
function entries() {
  /** @type {{ exports: Record<string, string | { types?: string }> }} */
  const { exports } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  return Object.values(exports).flatMap((entry) => {
    const types = typeof entry === "string" ? undefined : entry.types;
    return types === undefined ? [] : [at(types.replace(/^\.\/pkg\//, "js/").replace(/\.d\.ts$/, ".ts"))];
  });
}

/**
 * Writes the reference, in place of whatever is there.
 *
 * @param {string} folder
 */
export async function reference(folder) {
  /** @type {import("typedoc").TypeDocOptions & import("typedoc-plugin-markdown").PluginOptions} */
  const options = {
    entryPoints: entries(),
    tsconfig: at("tsconfig.build.json"),
    // `npm run check` has the compiler's word; here the types of the WebAssembly glue may not be built yet.
    skipErrorChecking: true,
    logLevel: "Warn",
    treatWarningsAsErrors: true,
    validation: true,
    requiredToBeDocumented: ["Module", "Variable", "Function", "Class", "Property", "Method", "Accessor", "Interface", "TypeAlias"],
    // Where something stands in a file changes with every other change.
    disableSources: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    sort: ["source-order"],
    sortEntryPoints: false,
    groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases"],

    out: folder,
    plugin: ["typedoc-plugin-markdown"],
    router: "module",
    flattenOutputFiles: true,
    readme: "none",
    hideBreadcrumbs: true,
    hidePageHeader: true,
    hideGenerator: true,
    indexFormat: "table",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    classPropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    typeDeclarationFormat: "table",
    tableColumnSettings: { hideDefaults: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
  };
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (!project) throw new Failure("the sources could not be read: see above");
  app.validate(project);
  const faultless = () => !app.logger.hasErrors() && !app.logger.hasWarnings();
  if (!faultless()) throw new Failure("what the package exports is not documented as it should be: see above");
  rmSync(folder, { recursive: true, force: true });
  await app.generateOutputs(project);
  if (!faultless()) throw new Failure("the reference could not be written: see above");
  const index = join(folder, "README.md");
  writeFileSync(index, readFileSync(index, "utf8").replace("\n\n", `\n\n${INTRODUCTION}\n`));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await script(() => step("Writing the API reference", () => reference(REFERENCE)));
