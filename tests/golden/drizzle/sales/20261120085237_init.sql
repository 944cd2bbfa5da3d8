CREATE SCHEMA "crm";
--> statement-breakpoint
CREATE TYPE "public"."contactKind" AS ENUM('person', 'firm');--> statement-breakpoint
CREATE TYPE "crm"."stage" AS ENUM('Lead In', 'won', 'it''s lost');--> statement-breakpoint
CREATE TABLE "crm"."contacts" (
	"id" serial PRIMARY KEY NOT NULL,
	"displayName" text NOT NULL,
	"kind" "contactKind" DEFAULT 'person',
	"score" smallint,
	"weight" real,
	"aliases" varchar(40)[],
	"grid" integer[][],
	"kinds" "contactKind"[],
	"flags" bit(3),
	"mac" "macaddr",
	"net" "cidr",
	"doc" json,
	"order" integer NOT NULL,
	CONSTRAINT "contacts_order_unique" UNIQUE("order")
);
--> statement-breakpoint
CREATE TABLE "deals" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"contact_id" integer,
	"stage" "crm"."stage" NOT NULL,
	"amount" numeric,
	"note" varchar,
	"opened_on" timestamp
);
--> statement-breakpoint
ALTER TABLE "deals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "deals" ADD CONSTRAINT "deals_contact_id_contacts_id_fk" FOREIGN KEY ("contact_id") REFERENCES "crm"."contacts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "contacts_displayName_index" ON "crm"."contacts" USING btree ("displayName");--> statement-breakpoint
CREATE INDEX "deals_open" ON "deals" USING btree ("stage") WHERE "deals"."amount" > 0;--> statement-breakpoint
CREATE INDEX "deals_stage" ON "deals" USING btree ("stage" DESC NULLS LAST,"opened_on");--> statement-breakpoint
CREATE POLICY "deals_read" ON "deals" AS PERMISSIVE FOR SELECT TO public USING (true);