ALTER TABLE "members" RENAME TO "team_members";--> statement-breakpoint
ALTER TABLE "team_members" DROP CONSTRAINT "members_company_id_companies_id_fk";
--> statement-breakpoint
ALTER TABLE "team_members" DROP CONSTRAINT "members_user_id_users_id_fk";
--> statement-breakpoint
ALTER TABLE "team_members" DROP CONSTRAINT "members_company_id_user_id_pk";--> statement-breakpoint
ALTER TABLE "team_members" ADD CONSTRAINT "team_members_company_id_user_id_pk" PRIMARY KEY("company_id","user_id");--> statement-breakpoint
ALTER TABLE "team_members" ADD CONSTRAINT "team_members_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "team_members" ADD CONSTRAINT "team_members_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;