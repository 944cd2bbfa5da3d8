/** The demo's tables as they are after the newest migration in `drizzle/`. */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

export const userRole = pgEnum('user_role', ['owner', 'admin', 'member']);
export const workspacePlan = pgEnum('workspace_plan', ['free', 'team', 'enterprise']);
export const columnKind = pgEnum('column_kind', ['text', 'number', 'boolean', 'date', 'currency']);

const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

export const users = pgTable('users', {
  id: uuid('id').primaryKey().defaultRandom(),
  email: varchar('email', { length: 320 }).notNull().unique(),
  name: text('name').notNull(),
  role: userRole('role').notNull().default('member'),
  isActive: boolean('is_active').notNull().default(true),
  createdAt: createdAt(),
});

export const companies = pgTable('companies', {
  id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
  name: varchar('name', { length: 200 }).notNull(),
  taxRate: numeric('tax_rate', { precision: 6, scale: 4 }),
  employees: integer('employees'),
  settings: jsonb('settings').notNull().default({}),
  markets: text('markets').array().notNull().default(sql`'{}'::text[]`),
  createdAt: createdAt(),
});

export const workspaces = pgTable(
  'workspaces',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    companyId: integer('company_id')
      .notNull()
      .references(() => companies.id, { onDelete: 'cascade' }),
    ownerId: uuid('owner_id').references(() => users.id, { onDelete: 'set null' }),
    title: text('title').notNull(),
    slug: varchar('slug', { length: 80 }).notNull(),
    plan: workspacePlan('plan').notNull().default('free'),
    storageBytes: bigint('storage_bytes', { mode: 'bigint' }).notNull().default(sql`0`),
    isArchived: boolean('is_archived').notNull().default(false),
    createdAt: createdAt(),
  },
  (table) => [uniqueIndex('workspaces_company_slug_idx').on(table.companyId, table.slug)],
);

export const dataTables = pgTable(
  'data_tables',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    workspaceId: uuid('workspace_id')
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    color: varchar('color', { length: 7 }),
    createdAt: createdAt(),
    updatedAt: timestamp('updated_at', { withTimezone: true }),
  },
  (table) => [index('data_tables_workspace_idx').on(table.workspaceId)],
);

export const dataTableColumns = pgTable(
  'data_table_columns',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedByDefaultAsIdentity(),
    dataTableId: uuid('data_table_id')
      .notNull()
      .references(() => dataTables.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    description: text('description'),
    kind: columnKind('kind').notNull().default('text'),
    sortOrder: integer('sort_order').notNull(),
    required: boolean('required').notNull().default(false),
    width: numeric('width', { precision: 8, scale: 2 }),
    usageCount: bigint('usage_count', { mode: 'bigint' }).notNull().default(sql`0`),
    options: jsonb('options'),
    labels: text('labels').array(),
    createdAt: createdAt(),
  },
  (table) => [
    index('data_table_columns_table_idx').on(table.dataTableId),
    index('data_table_columns_kind_idx').on(table.kind, table.name),
  ],
);

export const activity = pgTable(
  'activity',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedByDefaultAsIdentity(),
    workspaceId: uuid('workspace_id').references(() => workspaces.id, { onDelete: 'cascade' }),
    verb: varchar('verb', { length: 40 }).notNull(),
    details: jsonb('details'),
    createdAt: createdAt(),
  },
  (table) => [index('activity_workspace_idx').on(table.workspaceId)],
);
