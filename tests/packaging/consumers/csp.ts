/** A page with a content security policy, built by Vite 8: this package's part, and what PGlite needs beside it. */
import type { Consumer } from "../support/consumer.ts";
import type { SiteOptions } from "../support/site.ts";

/** The policy that docs/guide/deploying.md tells, for what `npm run test:packaging` looks at. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** A PGliteWorker writes on the console that a live query's statements are gone before it makes them anew, as it does in every migration. */
const RETRIED = /prepared statement "live_query_\w+" does not exist/;

const under = (policy: string): SiteOptions => ({ headers: () => ({ "content-security-policy": `${policy}; img-src data:; report-uri /csp-report` }) });
const page = { kind: "built", site: under(POLICY) } as const;

export default {
  title: "a page with a content security policy",
  app: ["app.js", "page.js", "index.html"],
  build: { commands: [["vite", "build"]], folder: "dist" },
  ways: [
    { ...page, title: "PGlite on the page", path: "/?page" },
    { ...page, title: "PGlite with all its extensions", path: "/?extensions" },
    { ...page, title: "PGlite in a worker", path: "/?worker", tolerated: [RETRIED] },
    {
      kind: "refused",
      title: "a policy without WebAssembly",
      path: "/?module",
      site: under("default-src 'self'"),
      refused: /^NOT_INITIALIZED: CompileError/,
      tolerated: [/violates the following Content Security Policy directive/],
      blocked: "wasm-eval",
    },
  ],
} satisfies Consumer;
