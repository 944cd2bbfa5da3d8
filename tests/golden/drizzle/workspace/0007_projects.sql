CREATE TABLE "projects" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "projects_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 100 CACHE 1),
	"company_id" uuid,
	"title" text NOT NULL,
	"slug" text GENERATED ALWAYS AS (lower(title)) STORED,
	"code" char(8),
	"rate" double precision,
	"due" date,
	"at" time(3),
	"took" interval,
	"blob" "bytea",
	"ip" "inet",
	"done" boolean DEFAULT false NOT NULL,
	CONSTRAINT "projects_company_title" UNIQUE("company_id","title"),
	CONSTRAINT "projects_code_check" CHECK ("projects"."code" <> '')
);
--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;