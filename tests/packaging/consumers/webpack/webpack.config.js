export default {
  mode: "production",
  entry: "./main.js",
  // PGlite asks for it in Node alone.
  externals: { "node:module": "commonjs node:module" },
};
