UPDATE "users" SET "full_name" = trim("full_name") WHERE "full_name" LIKE ' %';--> statement-breakpoint
INSERT INTO "users" ("email", "full_name") VALUES ('a;b@example.com', 'It''s');
