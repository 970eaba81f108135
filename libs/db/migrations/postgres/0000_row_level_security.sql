-- Behind the conditions of every statement: a session sees the rows of its own organisation, the system sees all. Migrations
-- call one of these for each table; SQLite leaves the calls out.

-- Rows of one organisation, by the column `org`.
CREATE FUNCTION tenant_table(name TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY tenant ON %I USING (current_setting(''app.org'', true) = org::text
             OR current_setting(''app.system'', true) = ''on'')', name);
END $$;

-- Rows of one organisation, or public ones, by the column `scope`. All see what is public, and sessions of the public write it.
CREATE FUNCTION scoped_table(name TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY public ON %I FOR SELECT USING (scope = ''public'')', name);
    EXECUTE format(
        'CREATE POLICY tenant ON %I USING (scope = current_setting(''app.org'', true)
             OR current_setting(''app.system'', true) = ''on'')', name);
END $$;

-- A full-text index, whose rows are changed by their own tenant only. They may be looked at: otherwise the index could not serve
-- `@@`, which is not leakproof. What is found is shown together with a row of a table that is kept apart. `tenant` is the column
-- that says whose a row is.
CREATE FUNCTION index_table(name TEXT, tenant TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    own TEXT := format(
        '(current_setting(''app.org'', true) = %I::text OR current_setting(''app.system'', true) = ''on'')', tenant);
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY found ON %I FOR SELECT USING (true)', name);
    EXECUTE format('CREATE POLICY made ON %I FOR INSERT WITH CHECK %s', name, own);
    EXECUTE format('CREATE POLICY changed ON %I FOR UPDATE USING %s', name, own);
    EXECUTE format('CREATE POLICY deleted ON %I FOR DELETE USING %s', name, own);
END $$;

-- Rows that the system alone may see.
CREATE FUNCTION system_table(name TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY system ON %I USING (current_setting(''app.system'', true) = ''on'')', name);
END $$;
