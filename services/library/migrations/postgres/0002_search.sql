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
SELECT index_table('message_index', 'org');
