CREATE TABLE page_search (
    number BIGINT PRIMARY KEY REFERENCES pages (number) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    terms TSVECTOR NOT NULL
);
CREATE INDEX page_search_terms ON page_search USING GIN (terms);

-- Rows are changed in their own scope only. They may be looked at: otherwise the index could not serve `@@`, which is not
-- leakproof. What is found is shown together with its page, and pages are kept apart.
ALTER TABLE page_search ENABLE ROW LEVEL SECURITY;
ALTER TABLE page_search FORCE ROW LEVEL SECURITY;
CREATE POLICY found ON page_search FOR SELECT USING (true);
CREATE POLICY made ON page_search FOR INSERT
    WITH CHECK (scope = current_setting('app.org', true) OR current_setting('app.system', true) = 'on');
CREATE POLICY changed ON page_search FOR UPDATE
    USING (scope = current_setting('app.org', true) OR current_setting('app.system', true) = 'on');
CREATE POLICY deleted ON page_search FOR DELETE
    USING (scope = current_setting('app.org', true) OR current_setting('app.system', true) = 'on');
