/**
 * Which build of the app is deployed.
 *
 * Owns: where Nuxt writes that down, and how it is read. Must not know: what is done about it.
 */
import { below } from "./options.js";

/** What Nuxt's runtime configuration says of this build. */
export interface ThisBuild {
  baseURL: string;
  buildAssetsDir: string;
  cdnURL: string;
  buildId: string;
}

/** A build, as `builds/latest.json` names it. */
export interface DeployedBuild {
  id: string;
  timestamp: number;
}

/** The build that is deployed, where it is another than this one; `undefined` also where nothing that names one is answered. */
export async function otherBuild(app: ThisBuild, get: (url: string, init: RequestInit) => Promise<Response> = fetch): Promise<DeployedBuild | undefined> {
  const assets = app.buildAssetsDir.replaceAll(/^\/+|\/+$/g, "");
  try {
    const response = await get(`${below(app.cdnURL || app.baseURL, `${assets}/builds/latest.json`)}?${Date.now()}`, { cache: "no-store" });
    const { id, timestamp = 0 } = Object(response.ok ? await response.json() : undefined) as { id?: unknown; timestamp?: number };
    return typeof id === "string" && id !== app.buildId ? { id, timestamp } : undefined;
  } catch {
    return undefined;
  }
}
