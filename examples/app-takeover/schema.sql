create table api_keys (
  id integer primary key, key varchar unique, name varchar, email varchar, can_change_model boolean,
  is_active boolean, created_at datetime, request_reason text, approved boolean
);
insert into api_keys (key, name, email, can_change_model, is_active, created_at, request_reason, approved) values
  ('sugarai2024', 'Admin Key', 'migrated@example.com', 1, 1, '2025-01-31 16:05:09.123456', null, 1),
  ('k3yOfAda_vbQ0-example-example-example-00001', 'Ada', 'ada@example.com', 0, 1, '2025-03-01 08:00:00.000000', 'a class', 1),
  ('k3yOfAda_vbQ0-example-example-example-00002', 'Ada', 'ada.other@example.com', 0, 1, '2025-03-02 08:00:00.000000', 'another Ada', 1),
  ('k3yOfBob_vbQ0-example-example-example-00003', 'Bob', 'bob@example.com', 0, 0, '2025-03-03 08:00:00.000000', 'was too loud', 1),
  ('k3yOfEve_vbQ0-example-example-example-00004', 'Eve', 'eve@example.com', 1, 1, '2025-03-04 08:00:00.000000', 'denied', 0),
  ('k3yOfMay_vbQ0-example-example-example-00005', 'May', 'may@example.com', 0, 0, '2025-03-05 08:00:00.000000', 'waits', 0);
