/** How long a busy page may hold back what waits for it to be idle. */
const MOST_IDLE_MS = 10_000;

/** Resolves once the page has nothing better to do, or has been busy for too long. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Safari has none.
    if (typeof requestIdleCallback === "function") requestIdleCallback(() => resolve(), { timeout: MOST_IDLE_MS });
    else setTimeout(resolve, 200);
  });
}
