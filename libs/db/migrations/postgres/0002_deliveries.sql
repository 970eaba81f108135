-- A delivery is pending, done, dead, or dropped by the operator. Its error may quote what an event was about, so it is seen
-- where the event is: the policy of the outbox decides inside the subquery.
ALTER TABLE outbox_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox_deliveries
    USING (current_setting('app.system', true) = 'on' OR EXISTS (SELECT 1 FROM outbox o WHERE o.id = event_id));

-- Pruning goes by id.
DROP INDEX outbox_occurred;
