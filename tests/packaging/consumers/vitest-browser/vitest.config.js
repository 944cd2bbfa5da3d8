import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

export default defineConfig({
  server: { proxy: { "/api": process.env.VITE_SERVER ?? "" } },
  test: {
    browser: {
      enabled: true,
      headless: true,
      provider: playwright({ launchOptions: { executablePath: process.env.CHROMIUM, args: process.env.CHROMIUM_FLAGS?.split(" ") } }),
      instances: [{ browser: "chromium" }],
    },
  },
});
