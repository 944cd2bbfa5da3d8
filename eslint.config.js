// Types are checked as strictly as typescript-eslint can; layout is nobody's business here.
import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["pkg/", "**/dist/", "**/node_modules/", "target*/", ".cache/", "test-results/", "examples/", "www/drizzle/", "tests/packaging/consumers/*/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `typeof import("./wasm/client.js")` is how the type of a lazily imported module is written.
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Numbers read well in a message.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `void promise` says "not awaited, on purpose".
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      "@typescript-eslint/no-meaningless-void-operator": "off",
    },
  },
  {
    // node:test returns promises from `test` and `describe` that nobody has to await.
    files: ["tests/**/*.ts"],
    rules: { "@typescript-eslint/no-floating-promises": ["error", { allowForKnownSafeCalls: ["test", "it", "describe", "suite", "before", "after", "beforeEach", "afterEach"].map((name) => ({ from: "package", name, package: "node:test" })) }] },
  },
  { files: ["**/*.mjs", "*.js"], languageOptions: { globals: globals.node } },
  { files: ["tests/packaging/app/*.js"], languageOptions: { globals: globals.browser } },
);
