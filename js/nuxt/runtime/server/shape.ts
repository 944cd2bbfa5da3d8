/** `GET …/shape`: Electric, for the replica's tables alone. */
import { server } from "./instance.js";
import type { ServerEvent } from "./request.js";

export default (event: ServerEvent): Promise<Response> => server.shape(event);
