-- A delivery is pending, done, dead, or dropped by the operator. Pruning goes by id.
DROP INDEX outbox_occurred;
