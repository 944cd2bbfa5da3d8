/** DevTools, on the side of the app: for development alone. See docs/guide/devtools.md. */
export { type ExposedReplica, exposeReplica } from "./bridge.js";
export { CHANNEL, isMessage, lockOf } from "./messages.js";
export type { AppPage, Call, Calls, Look, PlainEvent, Sample, TimelineEntry, ToApp, ToDevtools } from "./messages.js";
export { isSameStep } from "./timeline.js";
export type * from "./inspection.js";
