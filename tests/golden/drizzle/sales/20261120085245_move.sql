ALTER TABLE "crm"."contacts" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "crm"."contacts" SET SCHEMA "public";
--> statement-breakpoint
ALTER TABLE "opportunities" DROP CONSTRAINT "opportunities_contact_id_contacts_id_fk";
--> statement-breakpoint
ALTER TABLE "opportunities" ADD CONSTRAINT "opportunities_contact_id_contacts_id_fk" FOREIGN KEY ("contact_id") REFERENCES "public"."contacts"("id") ON DELETE no action ON UPDATE no action;