INSERT INTO "projects" ("name") VALUES ('Garden'), ('Kitchen');
--> statement-breakpoint
INSERT INTO "tasks" ("project_id", "title", "state", "created_at")
SELECT "id", "titles"."title", "titles"."state"::"task_state", '2026-05-01Z'::timestamptz + "titles"."day" * interval '1 day'
FROM "projects"
JOIN (VALUES
	('Garden', 'Sow the beans', 'done', 1),
	('Garden', 'Mend the fence', 'doing', 2),
	('Garden', 'Order bulbs', 'open', 3),
	('Garden', 'Sharpen the shears', 'open', 4),
	('Kitchen', 'Descale the kettle', 'done', 5),
	('Kitchen', 'Oil the boards', 'doing', 6),
	('Kitchen', 'Sort the spices', 'open', 7)
) AS "titles" ("project", "title", "state", "day") ON "projects"."name" = "titles"."project";
