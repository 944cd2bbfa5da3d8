/** The schemas answer as it goes over the wire: data only, no SQL. */

/** A schema at a version. */
export interface ServerManifest {
  /** What people read: drizzle's tag. */
  version: string;
  /** The migration's number in the journal. */
  index?: number;
  /** When the migration was made, in milliseconds since 1970. */
  timestamp?: number;
  /** 32 hexadecimal digits, equal for equal structure. It decides whether a replica is rebuilt. */
  fingerprint?: string;
  /** The tables that a replica may carry. */
  tables: ManifestTable[];
  /** The enum types that their columns are of. */
  enums?: ManifestEnum[];
}

/** One table. */
export interface ManifestTable {
  /** Its schema on the server; `public` where it is missing. */
  schema?: string;
  /** Its name. */
  name: string;
  /** In the order a `SELECT *` shows them. */
  columns: ManifestColumn[];
  /** The columns of its primary key, in the key's order. Never empty. */
  primaryKey: string[];
  /** Its indexes, but for the primary key's. */
  indexes?: ManifestIndex[];
}

/** One column. */
export interface ManifestColumn {
  /** Its name. */
  name: string;
  /** As Postgres writes it: `int4`, `varchar(255)`, `timestamptz`, `text[]`, or the name of an enum. */
  type: string;
  /** Whether it refuses NULL. Default `false`. */
  notNull?: boolean;
}

/** One index over plain columns. */
export interface ManifestIndex {
  /** Its name. */
  name: string;
  /** Its columns, in its order; ascending where nothing else is said. */
  columns: (string | ManifestIndexColumn)[];
  /** Whether it is unique on the server. In a replica it is a plain one. */
  unique?: boolean;
  /** `btree` where it is missing. */
  method?: string;
}

/** A column of an index, where it is more than its name. */
export interface ManifestIndexColumn {
  /** Its name. */
  name: string;
  /** Default `asc`. */
  order?: "asc" | "desc";
}

/** One enum type. */
export interface ManifestEnum {
  /** Its name, as columns have it for their type. */
  name: string;
  /** In their order. */
  labels: string[];
}

/** Where the handlers get the schema from. */
export interface ManifestSource {
  /**
   * The schema as of now. Asked once a request, so it should remember what it read.
   *
   * @throws {@link SchemaError}
   */
  read(): Promise<ServerManifest>;
}

/**
 * A source that is a function of the app: a manifest kept anywhere, made in any way.
 *
 * @param get gives the manifest as of now
 */
export function manifestSource(get: () => ServerManifest | Promise<ServerManifest>): ManifestSource {
  return { read: async () => get() };
}
