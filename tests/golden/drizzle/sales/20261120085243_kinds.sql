ALTER TABLE "crm"."contacts" DROP CONSTRAINT "contacts_order_unique";--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" SET DATA TYPE text;--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" SET DEFAULT 'person'::text;--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kinds" SET DATA TYPE text;--> statement-breakpoint
DROP TYPE "public"."contactKind";--> statement-breakpoint
CREATE TYPE "public"."contactKind" AS ENUM('firm', 'person', 'other');--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" SET DEFAULT 'person'::"public"."contactKind";--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kind" SET DATA TYPE "public"."contactKind" USING "kind"::"public"."contactKind";--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "kinds" SET DATA TYPE "public"."contactKind"[] USING "kinds"::"public"."contactKind"[];--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "score" SET DATA TYPE integer;--> statement-breakpoint
ALTER TABLE "crm"."contacts" ALTER COLUMN "score" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "crm"."contacts" ADD CONSTRAINT "one_order" UNIQUE("order","kind");