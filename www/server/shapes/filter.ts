/**
 * Which changes a shape with a `where` sees: the condition is evaluated by Postgres on row images.
 *
 * Must not know: logs, DDL.
 */
import type { Upstream } from '../upstream.ts';
import type { Change, Image } from './capture.ts';
import type { SeenChange } from './message.ts';
import type { Shape } from './shape.ts';
import { imageFilter } from './statement.ts';

export interface Filtered {
  /** For each shape with a condition: what it sees, by the change's place in the page. */
  kept: Map<Shape, SeenChange[]>;
  /** Shapes whose condition can no longer be evaluated. */
  failed: Shape[];
}

/** Evaluates the condition of every shape on a page of changes. */
export async function keepMatching(upstream: Upstream, page: readonly Change[], shapes: readonly Shape[]): Promise<Filtered> {
  const filtered: Filtered = { kept: new Map(), failed: [] };
  for (const shape of shapes) {
    if (shape.definition.where === undefined || !page.some((change) => change.oid === shape.structure.oid)) continue;
    try {
      filtered.kept.set(shape, await seenBy(upstream, shape, shape.definition.where, page));
    } catch {
      filtered.failed.push(shape);
    }
  }
  return filtered;
}

async function seenBy(upstream: Upstream, shape: Shape, where: string, page: readonly Change[]): Promise<SeenChange[]> {
  const own = page.filter((change) => change.oid === shape.structure.oid);
  const images = own.flatMap((change) => [change.before ?? {}, change.after ?? {}]);
  const rows = await upstream.query<{ kept: boolean }>(imageFilter(shape.structure, where), [JSON.stringify(images)]);
  const within = (place: number, image: Image | undefined): Image | undefined => (rows[place]?.kept === true ? image : undefined);
  const places = new Map(own.map((change, index) => [change.id, index]));
  return page.map((change) => {
    const index = places.get(change.id) ?? -1;
    const before = within(index * 2, change.before);
    const after = within(index * 2 + 1, change.after);
    return {
      schema: change.schema,
      table: change.table,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    };
  });
}
