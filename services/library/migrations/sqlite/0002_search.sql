-- One row for each message. Its id is the rowid of the full-text table, which has no other way to be deleted from.
CREATE TABLE message_index (
    id INTEGER PRIMARY KEY,
    org BLOB NOT NULL,
    user_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    run_id BLOB NOT NULL
);
CREATE INDEX message_index_of_thread ON message_index (org, user_id, thread_id);

-- `owner` is one word made of organisation and person, so that a search reads its own person's rows only.
CREATE VIRTUAL TABLE message_terms USING fts5 (
    owner, terms,
    content = '', contentless_delete = 1, detail = column, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);
