BEGIN TRANSACTION;
CREATE TABLE history(
    instance text not null, seq integer not null, event text not null,
    primary key(instance, seq)) without rowid;
INSERT INTO "history" VALUES('tiny-c16a47571a',0,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.4487620Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',1,'{"EventType": 0, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.4457900Z", "OrchestrationInstance": {"InstanceId": "tiny-c16a47571a", "ExecutionId": "10a9c529534448b085c7f22eae803a7b"}, "ParentInstance": null, "Name": "stylize_video", "Version": "", "Input": "\"{\\\"release\\\": 2, \\\"job\\\": {\\\"id\\\": \\\"tiny-c16a47571a\\\", \\\"source\\\": {\\\"container\\\": \\\"input\\\", \\\"name\\\": \\\"identity/tiny.mp4\\\", \\\"etag\\\": \\\"b83a6faaba31b14c\\\", \\\"size\\\": 16363}, \\\"style\\\": \\\"identity\\\", \\\"options\\\": {\\\"hdr\\\": \\\"tonemap\\\", \\\"crf\\\": 18, \\\"strength\\\": \\\"1/1\\\", \\\"preserve_color\\\": false, \\\"mix_share\\\": \\\"0/1\\\", \\\"precision\\\": \\\"float32\\\"}}, \\\"pollSeconds\\\": 2.0, \\\"attempts\\\": 3, \\\"retry\\\": 0, \\\"startedAt\\\": \\\"2026-11-23T08:38:49.444+00:00\\\", \\\"createdAt\\\": \\\"2026-11-23T08:38:49.416+00:00\\\", \\\"traceparent\\\": \\\"00-c74df1e7330c1826e978666191069024-5509ca73be22aeb2-01\\\", \\\"ticket\\\": \\\".queue/1795423129416-tiny-c16a47571a\\\"}\"", "Tags": null}');
INSERT INTO "history" VALUES('tiny-c16a47571a',2,'{"EventType": 4, "EventId": 0, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.4487620Z", "Name": "admit_job", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"ticket\": \".queue/1795423129416-tiny-c16a47571a\"}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',3,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.4487620Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',4,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.5344070Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',5,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.5338890Z", "TaskScheduledId": 0, "Result": "{\"ahead\": 0}"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',6,'{"EventType": 4, "EventId": 1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.5344070Z", "Name": "tell_event", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"type\": \"started\", \"retry\": 0, \"data\": {\"style\": \"identity\", \"source\": \"identity/tiny.mp4\"}}", "LastTry": true}');
INSERT INTO "history" VALUES('tiny-c16a47571a',7,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.5344070Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',8,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.6360330Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',9,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.6355800Z", "TaskScheduledId": 1, "Result": "true"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',10,'{"EventType": 4, "EventId": 2, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.6360330Z", "Name": "split_video", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18, \"strength\": \"1/1\", \"preserve_color\": false, \"mix_share\": \"0/1\", \"precision\": \"float32\"}}, \"careful\": false}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',11,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:49.6360330Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',12,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.3545920Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',13,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.3542060Z", "TaskScheduledId": 2, "Result": "{\"frames\": 96, \"input\": {\"width\": 32, \"height\": 32, \"frameRate\": \"24\", \"codec\": \"h264\", \"segments\": 2, \"durationSeconds\": 4.0, \"hasAudio\": true}, \"batches\": [[0, 0, 1, 48], [1, 1, 1, 48]]}"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',14,'{"EventType": 4, "EventId": 3, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.3545920Z", "Name": "submit_run", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18, \"strength\": \"1/1\", \"preserve_color\": false, \"mix_share\": \"0/1\", \"precision\": \"float32\"}}, \"batch\": [0, 0, 1, 48], \"attempt\": 1, \"run\": \"tiny-c16a47571a-b0-a1\"}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',15,'{"EventType": 4, "EventId": 4, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.3545920Z", "Name": "submit_run", "Version": "", "Input": "{\"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18, \"strength\": \"1/1\", \"preserve_color\": false, \"mix_share\": \"0/1\", \"precision\": \"float32\"}}, \"batch\": [1, 1, 1, 48], \"attempt\": 1, \"run\": \"tiny-c16a47571a-b1-a1\"}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',16,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.3545920Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',17,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4141000Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',18,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4136860Z", "TaskScheduledId": 3, "Result": "\"tiny-c16a47571a-b0-a1\""}');
INSERT INTO "history" VALUES('tiny-c16a47571a',19,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4141000Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',20,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4522480Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',21,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4519890Z", "TaskScheduledId": 4, "Result": "\"tiny-c16a47571a-b1-a1\""}');
INSERT INTO "history" VALUES('tiny-c16a47571a',22,'{"EventType": 10, "EventId": 5, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4522480Z", "FireAt": "2026-11-23T08:38:53.4522480Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',23,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:51.4522480Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',24,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.4736520Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',25,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.4522480Z", "TimerId": 5, "FireAt": "2026-11-23T08:38:53.4522480Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',26,'{"EventType": 4, "EventId": 6, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.4736520Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',27,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.4736520Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',28,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.5650560Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',29,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.5646760Z", "TaskScheduledId": 6, "Result": "[{\"n\": 0, \"s\": \"running\", \"i\": 0}, {\"n\": 0, \"s\": \"queued\", \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',30,'{"EventType": 10, "EventId": 7, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.5650560Z", "FireAt": "2026-11-23T08:38:55.5650560Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',31,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:53.5650560Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',32,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.5898150Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',33,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.5650560Z", "TimerId": 7, "FireAt": "2026-11-23T08:38:55.5650560Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',34,'{"EventType": 4, "EventId": 8, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.5898150Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',35,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.5898150Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',36,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.6487060Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',37,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.6483440Z", "TaskScheduledId": 8, "Result": "[{\"n\": 0, \"s\": \"running\", \"i\": 0}, {\"n\": 0, \"s\": \"queued\", \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',38,'{"EventType": 10, "EventId": 9, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.6487060Z", "FireAt": "2026-11-23T08:38:57.6487060Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',39,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:55.6487060Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',40,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.6520110Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',41,'{"EventType": 11, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.6487060Z", "TimerId": 9, "FireAt": "2026-11-23T08:38:57.6487060Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',42,'{"EventType": 4, "EventId": 10, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.6520110Z", "Name": "poll_runs", "Version": "", "Input": "{\"job\": \"tiny-c16a47571a\", \"runs\": [[0, 1], [1, 1]]}", "LastTry": false}');
INSERT INTO "history" VALUES('tiny-c16a47571a',43,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.6520110Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',44,'{"EventType": 12, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.7360850Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',45,'{"EventType": 5, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.7356750Z", "TaskScheduledId": 10, "Result": "[{\"n\": 0, \"s\": \"running\", \"i\": 0}, {\"n\": 0, \"s\": \"queued\", \"i\": 1}]"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',46,'{"EventType": 10, "EventId": 11, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.7360850Z", "FireAt": "2026-11-23T08:38:59.7360850Z"}');
INSERT INTO "history" VALUES('tiny-c16a47571a',47,'{"EventType": 13, "EventId": -1, "IsPlayed": true, "Timestamp": "2026-11-23T08:38:57.7360850Z"}');
CREATE TABLE inbox(
    n integer primary key autoincrement, instance text not null, execution text, kind integer not null,
    due integer not null, event text not null);
INSERT INTO "inbox" VALUES(13,'tiny-c16a47571a','10a9c529534448b085c7f22eae803a7b',11,1795423139736085,'{"EventType": 11, "EventId": -1, "IsPlayed": false, "Timestamp": "2026-11-23T08:38:59.7360850Z", "TimerId": 11, "FireAt": "2026-11-23T08:38:59.7360850Z"}');
CREATE TABLE instance(
    id text primary key, name text not null, version text not null, execution text not null,
    parent text, parent_execution text, parent_task integer,
    input text, output text, custom_status text, status text not null,
    created integer not null, updated integer not null);
INSERT INTO "instance" VALUES('tiny-c16a47571a','stylize_video','','10a9c529534448b085c7f22eae803a7b',NULL,NULL,NULL,'"{\"release\": 2, \"job\": {\"id\": \"tiny-c16a47571a\", \"source\": {\"container\": \"input\", \"name\": \"identity/tiny.mp4\", \"etag\": \"b83a6faaba31b14c\", \"size\": 16363}, \"style\": \"identity\", \"options\": {\"hdr\": \"tonemap\", \"crf\": 18, \"strength\": \"1/1\", \"preserve_color\": false, \"mix_share\": \"0/1\", \"precision\": \"float32\"}}, \"pollSeconds\": 2.0, \"attempts\": 3, \"retry\": 0, \"startedAt\": \"2026-11-23T08:38:49.444+00:00\", \"createdAt\": \"2026-11-23T08:38:49.416+00:00\", \"traceparent\": \"00-c74df1e7330c1826e978666191069024-5509ca73be22aeb2-01\", \"ticket\": \".queue/1795423129416-tiny-c16a47571a\"}"',NULL,'{"summary": "scoring: 0 of 96 frames, 0 of 2 batches", "phase": "scoring", "input": {"width": 32, "height": 32, "frameRate": "24", "codec": "h264", "segments": 2, "durationSeconds": 4.0, "hasAudio": true}, "framesDone": 0, "framesTotal": 96, "batchStates": "RQ", "attempts": [1, 1], "retries": 0, "nodeSeconds": 0.0, "queueSeconds": 2.3, "updatedAt": "2026-11-23T08:38:57.736+00:00", "progressAt": "2026-11-23T08:38:53.565+00:00", "retry": 0}','Running',1795423129445708,1795423137736085);
CREATE TABLE receipt(
    function text not null, container text not null, blob text not null, etag text not null,
    state text not null, tries integer not null, error text not null, updated integer not null,
    primary key(function, container, blob, etag));
INSERT INTO "receipt" VALUES('start_on_upload','input','identity/tiny.mp4','b83a6faaba31b14c','fired',1,'',1795423129533487);
INSERT INTO "receipt" VALUES('start_on_upload','input','identity/tiny.mp4.json','e15298b5746d4480','fired',1,'',1795423129348342);
CREATE TABLE timer(function text primary key, last integer not null);
INSERT INTO "timer" VALUES('upkeep',1795423128523442);
CREATE TABLE work(
    n integer primary key autoincrement, instance text not null, execution text not null,
    task integer not null, name text not null, input text, leased_by text);
CREATE INDEX instance_created on instance(created);
CREATE INDEX inbox_due on inbox(due);
CREATE INDEX inbox_instance on inbox(instance);
CREATE INDEX work_instance on work(instance);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('inbox',13);
INSERT INTO "sqlite_sequence" VALUES('work',8);
COMMIT;