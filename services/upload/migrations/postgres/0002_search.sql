CREATE EXTENSION IF NOT EXISTS vector;

-- Two lexemes of each `terms` are made of the organisation and of the project, so that a search reads its own rows only.
-- Without row-level security, under which the index could not serve `@@`: that operator is not leakproof. What is found is read
-- from `chunks`, which has it.
CREATE TABLE chunk_terms (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    terms TSVECTOR NOT NULL
);
CREATE INDEX chunk_terms_terms ON chunk_terms USING GIN (terms);

CREATE TABLE vectors (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    model TEXT NOT NULL,
    dimensions BIGINT NOT NULL,
    embedding VECTOR NOT NULL
);
CREATE INDEX vectors_project ON vectors (org, project, model);
ALTER TABLE vectors ENABLE ROW LEVEL SECURITY;
ALTER TABLE vectors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON vectors USING (current_setting('app.org', true) IN (org::text, 'system'));
