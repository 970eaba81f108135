CREATE EXTENSION IF NOT EXISTS vector;

-- Two lexemes of each `terms` are made of the organisation and of the project, so that a search reads its own rows only.
CREATE TABLE chunk_terms (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    terms TSVECTOR NOT NULL
);
CREATE INDEX chunk_terms_terms ON chunk_terms USING GIN (terms);
SELECT index_table('chunk_terms', 'org');

CREATE TABLE vectors (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    model TEXT NOT NULL,
    dimensions BIGINT NOT NULL,
    embedding VECTOR NOT NULL
);
CREATE INDEX vectors_project ON vectors (org, project, model);
SELECT tenant_table('vectors');

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
