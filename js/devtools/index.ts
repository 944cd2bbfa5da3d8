/** DevTools, on the side of the app: for development alone. See docs/guide/devtools.md. */
export { type ExposedReplica, exposeReplica } from "./bridge.js";
