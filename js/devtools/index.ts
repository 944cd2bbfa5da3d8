/**
 * DevTools, on the side of the app: for development alone. See docs/guide/devtools.md.
 *
 * @module electric-replica/devtools
 */
export { type ExposedReplica, exposeReplica } from "./bridge.js";
