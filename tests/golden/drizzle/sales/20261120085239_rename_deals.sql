ALTER TABLE "deals" RENAME TO "opportunities";--> statement-breakpoint
ALTER TABLE "opportunities" DROP CONSTRAINT "deals_contact_id_contacts_id_fk";
--> statement-breakpoint
DROP INDEX "deals_open";--> statement-breakpoint
ALTER TABLE "opportunities" ADD CONSTRAINT "opportunities_contact_id_contacts_id_fk" FOREIGN KEY ("contact_id") REFERENCES "crm"."contacts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "deals_open" ON "opportunities" USING btree ("stage") WHERE "opportunities"."amount" > 0;