/** The package as npm packs it, from the root and from `pkg/`, installed somewhere else. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

const CONSUMER = `
  import * as main from "electric-replica";
  import * as devtools from "electric-replica/devtools";
  import * as vite from "electric-replica/devtools/vite";
  import * as server from "electric-replica/server";
  import * as vue from "electric-replica/vue";
  export const names: string[] = [...Object.keys(main), ...Object.keys(server), ...Object.keys(vue), ...Object.keys(devtools), ...Object.keys(vite)];
`;

for (const origin of [".", "./pkg"]) {
  test(`packed from ${origin}, the package can be imported where it is installed`, (t) => {
    const app = installed(t, origin);

    for (const entry of ["electric-replica", "electric-replica/server", "electric-replica/vue", "electric-replica/devtools", "electric-replica/devtools/vite"]) {
      node(app, `await import(${JSON.stringify(entry)})`);
    }
    assert.ok(existsSync(join(app, resolved(app, "electric-replica/wasm/client_bg.wasm"))));
    assert.match(resolved(app, "electric-replica/package.json"), /package\.json$/);
  });

  for (const moduleResolution of ["bundler", "nodenext"]) {
    test(`packed from ${origin}, the package has types under moduleResolution ${moduleResolution}`, (t) => {
      const app = installed(t, origin);
      writeFileSync(join(app, "app.ts"), CONSUMER);

      const module = moduleResolution === "bundler" ? "esnext" : "nodenext";
      const compilerOptions = { strict: true, noEmit: true, types: ["node"], target: "es2022", module, moduleResolution };
      writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }));
      run(app, process.execPath, [resolve("node_modules/typescript/bin/tsc"), "--project", "."]);
    });
  }

  test(`packed from ${origin}, the package holds the code and nothing of the workshop`, (t) => {
    const root = join(installed(t, origin), "node_modules", "electric-replica");
    const files = readdirSync(root, { recursive: true, encoding: "utf8" });

    const workshop = files.filter((file) => /(^|\/)(src|scripts|tests|target[^/]*|node_modules|\.cache|Cargo\.toml|\.gitignore|\.npmignore)$/.test(file));
    assert.deepEqual(workshop, []);
    for (const file of ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "devtools/page/index.html", "devtools/page/LICENSES.md"]) assert.ok(files.some((path) => path.endsWith(file)), file);
  });
}

test("the package of pkg/ offers what the package of the root offers", () => {
  const [root, pkg] = ["package.json", "pkg/package.json"].map((file) => JSON.parse(readFileSync(file, "utf8")) as { exports: object; version: string });

  assert.deepEqual(JSON.parse(JSON.stringify(root?.exports).replaceAll("./pkg/", "./")), pkg?.exports);
  assert.equal(root?.version, pkg?.version);
});

test("every version in the repository is the same", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

  assert.match(readFileSync("Cargo.toml", "utf8"), new RegExp(`^version = "${version.replaceAll(".", "\\.")}"`, "m"));
});

/** A folder with the packed package installed, and nothing else but Vue and the types of Node. */
function installed(t: TestContext, origin: string): string {
  const app = mkdtempSync(join(tmpdir(), "electric-replica-app-"));
  t.after(() => {
    rmSync(app, { recursive: true });
  });
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  const packed = run(process.cwd(), "npm", ["pack", origin, "--ignore-scripts", "--json", "--pack-destination", app]);
  const [tarball] = Object.values(JSON.parse(packed) as Record<string, { filename: string }>);
  assert.ok(tarball);

  // The peer, PGlite, is what an app brings itself.
  run(app, "npm", ["install", "--offline", "--legacy-peer-deps", "--ignore-scripts", join(app, tarball.filename)]);
  for (const name of ["@types", "undici-types", "@vue", "vue"]) symlinkSync(resolve("node_modules", name), join(app, "node_modules", name));
  return app;
}

const resolved = (app: string, name: string): string =>
  node(app, `console.log(import.meta.resolve(${JSON.stringify(name)}).replace(new URL("./", import.meta.url).href, ""))`).trim();

/** Runs a module that lies in the app, where an unhandled rejection is an error. */
function node(app: string, code: string): string {
  writeFileSync(join(app, "run.js"), code);
  return run(app, process.execPath, ["--unhandled-rejections=strict", "run.js"]);
}

function run(cwd: string, command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`, { cause: error });
  }
}
