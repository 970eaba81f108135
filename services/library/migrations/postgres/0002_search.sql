-- One row for each message. The first lexeme of `terms` is made of organisation and person, so that a search reads its
-- own person's rows only.
CREATE TABLE message_index (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    run_id UUID NOT NULL,
    thread_id UUID NOT NULL,
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (org, user_id, run_id)
);
CREATE INDEX message_index_of_thread ON message_index (org, user_id, thread_id);
CREATE INDEX message_index_terms ON message_index USING gin (terms);

-- Rows are changed by their own organisation only. They may be looked at: otherwise the index could not serve `@@`, which is
-- not leakproof. What is found is shown together with the threads it belongs to, and those are kept apart.
ALTER TABLE message_index ENABLE ROW LEVEL SECURITY;
ALTER TABLE message_index FORCE ROW LEVEL SECURITY;
CREATE POLICY found ON message_index FOR SELECT USING (true);
CREATE POLICY made ON message_index FOR INSERT
    WITH CHECK (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
CREATE POLICY changed ON message_index FOR UPDATE
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
CREATE POLICY deleted ON message_index FOR DELETE
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
