CREATE VIRTUAL TABLE chunk_terms USING fts5 (
    terms,
    content = '',
    contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
CREATE VIRTUAL TABLE chunk_vocabulary USING fts5vocab (chunk_terms, row);

CREATE TABLE vectors (
    seq INTEGER PRIMARY KEY,
    org BLOB NOT NULL,
    project BLOB NOT NULL,
    model TEXT NOT NULL,
    dimensions BIGINT NOT NULL,
    embedding BLOB NOT NULL
);
