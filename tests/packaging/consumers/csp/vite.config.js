import { defineConfig } from "vite";

export default defineConfig({
  // Vite would write small files into the scripts, as addresses that `connect-src 'self'` does not allow.
  build: { assetsInlineLimit: 0 },
  worker: { format: "es" },
});
