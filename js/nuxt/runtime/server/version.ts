/** `GET …/version`: which version the server's schema is of. */
import { server } from "./instance.js";
import type { ServerEvent } from "./request.js";

export default (event: ServerEvent): Promise<Response> => server.version(event);
