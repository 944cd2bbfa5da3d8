-- Every column without a description gets one.
UPDATE "data_table_columns" SET "description" = initcap("kind"::text) || ' column' WHERE "description" IS NULL;--> statement-breakpoint
INSERT INTO "activity" ("workspace_id", "verb", "details") SELECT "id", 'described', '{"by":"migration"}'::jsonb FROM "workspaces";
