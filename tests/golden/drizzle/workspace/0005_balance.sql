DROP INDEX "companies_owner_idx";--> statement-breakpoint
ALTER TABLE "companies" ALTER COLUMN "balance" SET DATA TYPE numeric(14, 4);--> statement-breakpoint
ALTER TABLE "companies" ALTER COLUMN "balance" DROP DEFAULT;--> statement-breakpoint
CREATE UNIQUE INDEX "companies_name_idx" ON "companies" USING btree (lower("name"));--> statement-breakpoint
CREATE INDEX "companies_name_hash" ON "companies" USING hash ("name");--> statement-breakpoint
CREATE INDEX "companies_owner_idx" ON "companies" USING btree ("owner_id","name" DESC NULLS LAST);