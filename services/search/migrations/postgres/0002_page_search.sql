CREATE TABLE page_search (
    number BIGINT PRIMARY KEY REFERENCES pages (number) ON DELETE CASCADE,
    terms TSVECTOR NOT NULL
);
CREATE INDEX page_search_terms ON page_search USING GIN (terms);
