/** A person who wants no motion: that a page is told so can be set through Chromium's own protocol alone. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { deployOnce, eventually, part, startWorld } from "../support/demo.ts";

test("the banner comes with a motion, and with none where a person wants none", async (t) => {
  const { demo, browser } = await startWorld(t, { noticeMs: 200 });
  const page = await browser.open(`${demo.url}/vue.html?test&policy=prompt`);
  await eventually(async () => assert.equal(await part(page, "status").textContent(), "ready"), 60_000);
  await deployOnce(page);
  await page.locator("electric-migration-banner").getByRole("button", { name: "Later" }).waitFor({ timeout: 60_000 });

  const animation = (): Promise<string> => page.evaluate(() => getComputedStyle(document.querySelector("electric-migration-banner")?.shadowRoot?.querySelector(".banner") as Element).animationName);
  assert.equal(await animation(), "appear");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await animation(), "none");
});
