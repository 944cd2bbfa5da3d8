ALTER TABLE "data_table_columns" ALTER COLUMN "usage_count" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "data_table_columns" ALTER COLUMN "usage_count" SET DEFAULT 0;