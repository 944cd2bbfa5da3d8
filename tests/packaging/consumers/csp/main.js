import { initReplica } from "electric-replica/wasm";

import { inWorker, withExtensions } from "./databases.js";
import { startOnPage } from "./page.js";

const databases = { worker: inWorker, extensions: withExtensions, page: undefined };
const way = location.search.slice(1);

if (way === "module") initReplica().catch((error) => Object.assign(window, { refused: `${error.code}: ${error.cause}` }));
else startOnPage(databases[way]);
