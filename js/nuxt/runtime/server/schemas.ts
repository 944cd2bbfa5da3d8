/** `GET …/schemas`: the server's schema. */
import { server } from "./instance.js";
import type { ServerEvent } from "./request.js";

export default (event: ServerEvent): Promise<Response> => server.schemas(event);
