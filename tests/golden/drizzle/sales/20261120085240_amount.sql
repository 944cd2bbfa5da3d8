DROP INDEX "deals_open";--> statement-breakpoint
ALTER TABLE "opportunities" ALTER COLUMN "amount" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "opportunities" ALTER COLUMN "amount" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "opportunities" ALTER COLUMN "note" SET DATA TYPE varchar(500);--> statement-breakpoint
ALTER TABLE "opportunities" ALTER COLUMN "note" SET NOT NULL;--> statement-breakpoint
CREATE INDEX "deals_open" ON "opportunities" USING btree ("stage");