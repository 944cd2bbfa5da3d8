ALTER TABLE "tags" ADD COLUMN "place" integer NOT NULL;--> statement-breakpoint
ALTER TABLE "tags" DROP CONSTRAINT "tags_pk";
--> statement-breakpoint
ALTER TABLE "tags" ADD CONSTRAINT "tags_pk" PRIMARY KEY("place","tag");