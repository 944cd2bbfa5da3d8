ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" SET NOT NULL;