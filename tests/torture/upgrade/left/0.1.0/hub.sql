BEGIN TRANSACTION;
CREATE TABLE history(
    instance text not null, seq integer not null, event text not null,
    primary key(instance, seq)) without rowid;
INSERT INTO "history" VALUES('tiny-c16a47571a',0,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:21.4289750Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',1,'{"EventType": 0, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:21.4278700Z", "OrchestrationInstance": {"InstanceId": "tiny-c16a47571a", "ExecutionId": "4cb238e3562e42a99b6a85304f4c4647"}, "ParentInstance": null, "Name": "stylize_video", "Version": "", "Input": "\"{\\\"job\\\": {\\\"id\\\": \\\"tiny-c16a47571a\\\", \\\"source\\\": {\\\"container\\\": \\\"input\\\", \\\"name\\\": \\\"identity/tiny.mp4\\\", \\\"etag\\\": \\\"b83a6faaba31b14c\\\", \\\"size\\\": 16363}, \\\"style\\\": \\\"identity\\\", \\\"options\\\": {\\\"hdr\\\": \\\"tonemap\\\", \\\"crf\\\": 18}}, \\\"pollSeconds\\\": 0.5, \\\"attempts\\\": 3, \\\"retry\\\": 0, \\\"startedAt\\\": \\\"2026-11-23T08:37:21+00:00\\\"}\"", "Tags": null}');
INSERT INTO "history" VALUES('tiny-c16a47571a',2,'{"EventType": 4, "EventId": 0, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:21.4289750Z", "Name": "split_video", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18}}, \"careful\": false}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',3,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:21.4289750Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',4,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.6797970Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',5,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.6639750Z", "TaskScheduledId": 0, "Result": "{\"frames\": 96, \"input\": {\"width\": 32, \"height\": 32, \"frameRate\": \"24\", \"codec\": \"h264\", \"segments\": 2}, \"batches\": [[0, 0, 1, 48], [1, 1, 1, 48]]}"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',6,'{"EventType": 4, "EventId": 1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.6797970Z", "Name": "submit_run", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18}}, \"batch\": [0, 0, 1, 48], \"attempt\": 1, \"run\": \"tiny-c16a47571a-b0-a1\"}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',7,'{"EventType": 4, "EventId": 2, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.6797970Z", "Name": "submit_run", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18}}, \"batch\": [1, 1, 1, 48], \"attempt\": 1, \"run\": \"tiny-c16a47571a-b1-a1\"}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',8,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.6797970Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',9,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.7436280Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',10,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.7315220Z", "TaskScheduledId": 1, "Result": "\"tiny-c16a47571a-b0-a1\""}');
INSERT INTO "history" VALUES('tiny-c16a47571a',11,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.7366070Z", "TaskScheduledId": 2, "Result": "\"tiny-c16a47571a-b1-a1\""}');
INSERT INTO "history" VALUES('tiny-c16a47571a',12,'{"EventType": 10, "EventId": 3, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.7436280Z", "FireAt": "2026-11-23T08:37:23.2436280Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',13,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:22.7436280Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',14,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.2446680Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',15,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.2436280Z", "TimerId": 3, "FireAt": "2026-11-23T08:37:23.2436280Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',16,'{"EventType": 4, "EventId": 4, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.2446680Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',17,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.2446680Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',18,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.3085220Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',19,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.3037610Z", "TaskScheduledId": 4, "Result": "[{\"s\": \"running\", \"n\": 0, \"i\": 0}, {\"s\": \"queued\", \"n\": 0, \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',20,'{"EventType": 10, "EventId": 5, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.3085220Z", "FireAt": "2026-11-23T08:37:23.8085220Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',21,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.3085220Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',22,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8162260Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',23,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8085220Z", "TimerId": 5, "FireAt": "2026-11-23T08:37:23.8085220Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',24,'{"EventType": 4, "EventId": 6, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8162260Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',25,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8162260Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',26,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8716740Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',27,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8488390Z", "TaskScheduledId": 6, "Result": "[{\"s\": \"running\", \"n\": 0, \"i\": 0}, {\"s\": \"queued\", \"n\": 0, \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',28,'{"EventType": 10, "EventId": 7, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8716740Z", "FireAt": "2026-11-23T08:37:24.3716740Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',29,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:23.8716740Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',30,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.3728830Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',31,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.3716740Z", "TimerId": 7, "FireAt": "2026-11-23T08:37:24.3716740Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',32,'{"EventType": 4, "EventId": 8, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.3728830Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',33,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.3728830Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',34,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.4308880Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',35,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.4197270Z", "TaskScheduledId": 8, "Result": "[{\"s\": \"running\", \"n\": 0, \"i\": 0}, {\"s\": \"queued\", \"n\": 0, \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',36,'{"EventType": 10, "EventId": 9, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.4308880Z", "FireAt": "2026-11-23T08:37:24.9308880Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',37,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:37:24.4308880Z"}');
CREATE TABLE inbox(
    n integer primary key autoincrement, instance text not null, execution text, kind integer not null,
    due integer not null, event text not null);
INSERT INTO "inbox" VALUES(11,'tiny-c16a47571a','4cb238e3562e42a99b6a85304f4c4647',11,1795423044930888,'{"EventType": 11, "EventId": -1, "IsPlayed": false, "Timestamp": "2026-11-23T08:37:24.9308880Z", "TimerId": 9, "FireAt": "2026-11-23T08:37:24.9308880Z"}');
CREATE TABLE instance(
    id text primary key, name text not null, version text not null, execution text not null,
    parent text, parent_execution text, parent_task integer,
    input text, output text, custom_status text, status text not null,
    created integer not null, updated integer not null);
INSERT INTO "instance" VALUES('tiny-c16a47571a','stylize_video','','4cb238e3562e42a99b6a85304f4c4647',NULL,NULL,NULL,'"{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18}}, \"pollSeconds\": 0.5, \"attempts\": 3, \"retry\": 0, \"startedAt\": \"2026-11-23T08:37:21+00:00\"}"',NULL,'{"summary": "scoring: 0 of 96 frames, 0 of 2 batches", "phase": "scoring", "input": {"width": 32, "height": 32, "frameRate": "24", "codec": "h264", "segments": 2}, "framesDone": 0, "framesTotal": 96, "batchStates": "RQ", "attempts": [1, 1], "retries": 0}','Running',1795423041427797,1795423044430888);
CREATE TABLE receipt(
    function text not null, container text not null, blob text not null, etag text not null,
    state text not null, tries integer not null, error text not null, updated integer not null,
    primary key(function, container, blob, etag));
INSERT INTO "receipt" VALUES('start_on_upload','input','identity/tiny.mp4','b83a6faaba31b14c','fired',1,'',1795423041485260);
INSERT INTO "receipt" VALUES('start_on_upload','input','identity/tiny.mp4.json','6a026f3ac91381ce','fired',1,'',1795423041424834);
CREATE TABLE timer(function text primary key, last integer not null);
CREATE TABLE work(
    n integer primary key autoincrement, instance text not null, execution text not null,
    task integer not null, name text not null, input text, leased_by text);
CREATE INDEX instance_created on instance(created);
CREATE INDEX inbox_due on inbox(due);
CREATE INDEX inbox_instance on inbox(instance);
CREATE INDEX work_instance on work(instance);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('inbox',11);
INSERT INTO "sqlite_sequence" VALUES('work',6);
COMMIT;