-- One row for each message. The first lexeme of `terms` is made of organisation and person, so that a search reads its
-- own person's rows only. Without row-level security, under which the index could not serve `@@`: that operator is not
-- leakproof. The rows are found together with the threads they belong to, which have it.
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
