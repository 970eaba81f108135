CREATE TABLE page_search (
    number BIGINT PRIMARY KEY REFERENCES pages (number) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    terms TSVECTOR NOT NULL
);
CREATE INDEX page_search_terms ON page_search USING GIN (terms);
SELECT index_table('page_search', 'scope');
