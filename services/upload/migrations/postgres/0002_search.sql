CREATE EXTENSION IF NOT EXISTS vector;

-- Two lexemes of each `terms` are made of the organisation and of the project, so that a search reads its own rows only.
CREATE TABLE chunk_terms (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    terms TSVECTOR NOT NULL
);
CREATE INDEX chunk_terms_terms ON chunk_terms USING GIN (terms);

-- Rows are changed by their own organisation only. They may be looked at: otherwise the index could not serve `@@`, which is
-- not leakproof. What is found is read from `chunks`, and those are kept apart.
ALTER TABLE chunk_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE chunk_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY found ON chunk_terms FOR SELECT USING (true);
CREATE POLICY made ON chunk_terms FOR INSERT
    WITH CHECK (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
CREATE POLICY changed ON chunk_terms FOR UPDATE
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
CREATE POLICY deleted ON chunk_terms FOR DELETE
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');

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
CREATE POLICY tenant ON vectors
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');

-- An approximate index for each length of vector that models make. A `vector` is indexed up to 2000 dimensions, a `halfvec` up to
-- 4000 (https://github.com/pgvector/pgvector#hnsw). Vectors of other lengths are compared one by one.
CREATE INDEX vectors_near_256 ON vectors USING hnsw ((embedding::vector(256)) vector_cosine_ops)
    WHERE dimensions = 256;
CREATE INDEX vectors_near_384 ON vectors USING hnsw ((embedding::vector(384)) vector_cosine_ops)
    WHERE dimensions = 384;
CREATE INDEX vectors_near_512 ON vectors USING hnsw ((embedding::vector(512)) vector_cosine_ops)
    WHERE dimensions = 512;
CREATE INDEX vectors_near_768 ON vectors USING hnsw ((embedding::vector(768)) vector_cosine_ops)
    WHERE dimensions = 768;
CREATE INDEX vectors_near_1024 ON vectors USING hnsw ((embedding::vector(1024)) vector_cosine_ops)
    WHERE dimensions = 1024;
CREATE INDEX vectors_near_1536 ON vectors USING hnsw ((embedding::vector(1536)) vector_cosine_ops)
    WHERE dimensions = 1536;
CREATE INDEX vectors_near_2048 ON vectors USING hnsw ((embedding::halfvec(2048)) halfvec_cosine_ops)
    WHERE dimensions = 2048;
CREATE INDEX vectors_near_2560 ON vectors USING hnsw ((embedding::halfvec(2560)) halfvec_cosine_ops)
    WHERE dimensions = 2560;
CREATE INDEX vectors_near_3072 ON vectors USING hnsw ((embedding::halfvec(3072)) halfvec_cosine_ops)
    WHERE dimensions = 3072;
