/** The app on a page: its rows in a table, itself as `window.app` for the test. */
import { startApp } from "./app.js";

/** @param {Parameters<typeof startApp>[2]} [open] what opens the database */
export async function startOnPage(open) {
  const table = document.querySelector("table");
  const cells = (/** @type {unknown[]} */ values) => values.map((value) => `<td>${String(value)}</td>`).join("");
  const app = await startApp(
    "/api/electric",
    (columns, rows) => {
      if (table) table.innerHTML = [columns, ...rows.map((row) => Object.values(row))].map((values) => `<tr>${cells(values)}</tr>`).join("");
    },
    open,
  );
  Object.assign(window, { app });
}
