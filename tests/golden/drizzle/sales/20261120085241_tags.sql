CREATE TABLE "tags" (
	"contact_id" integer NOT NULL,
	"tag" text NOT NULL,
	CONSTRAINT "tags_pk" PRIMARY KEY("contact_id","tag")
);
