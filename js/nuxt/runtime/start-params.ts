/** What PGlite is started with, in the page and in a worker. */
import { replicaStartParams } from "../../start-params.js";

/** PGlite's own and this package's. PGlite 0.3 has none of its own, and takes none. */
export const startParams = ({ defaultStartParams = [] }: { defaultStartParams?: readonly string[] }): string[] => [...defaultStartParams, ...replicaStartParams];
