/** Requests that end in a 400, with the bodies Electric gives. */
import { shownName } from './message.ts';
import type { TableName } from './structure.ts';

export class RequestError extends Error {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super(JSON.stringify(body));
    this.status = status;
    this.body = body;
  }

  static invalid(errors: Record<string, string[]>): RequestError {
    return new RequestError(400, { message: 'Invalid request', errors });
  }

  static unknownTable({ schema, table }: TableName): RequestError {
    const advice = 'If the table name contains capitals or special characters you must quote it.';
    return RequestError.invalid({ table: [`Table ${shownName(schema, table)} does not exist. ${advice}`] });
  }

  static unknownColumns(names: readonly string[]): RequestError {
    return RequestError.invalid({ columns: [`The following columns could not be found: ${names.join(', ')}`] });
  }

  /** A condition that Postgres refuses; a missing column is told as Electric tells it. */
  static where(reason: string): RequestError {
    const missing = /column "?([^"]+?)"? does not exist/.exec(reason)?.[1];
    return RequestError.invalid({ where: [missing === undefined ? reason : `At location 0: unknown reference ${missing}`] });
  }
}
