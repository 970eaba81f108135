CREATE EXTENSION IF NOT EXISTS vector;

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
