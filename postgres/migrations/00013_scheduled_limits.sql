-- +goose Up

-- Limits that start later are rows of the tables of limits, under a period of their own:
-- 'day from next', 'second from next', of a concurrent limit ' from next'. Their kind is
-- 'quota' whatever they are, and a row without a name says that there is no such limit
-- any more. A release that does not know them refuses the keys that have them, rather
-- than overlook what they are to change.

-- Of a plan: when the change was made. It starts for each key when the key's next period
-- begins. The second change of one limit is 'day from next 2'.
ALTER TABLE plan_limits
    ADD COLUMN since timestamptz,
    ADD CONSTRAINT plan_limits_since_check CHECK ((since IS NOT NULL) = (period LIKE '% from next%')) NOT VALID;

-- Of a key: when it starts. With the period 'plan from next', the plan that the key will
-- have from then on; NULL: none.
ALTER TABLE api_key_limits
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN plan text REFERENCES plans (name),
    ADD CONSTRAINT api_key_limits_starts_at_check CHECK ((starts_at IS NOT NULL) = (period LIKE '% from next%')) NOT VALID;
CREATE INDEX api_key_limits_plan ON api_key_limits (plan, api_key_id) WHERE plan IS NOT NULL;
