-- Runs once, when the database is made: the owner of the schemas, which migrates, and a role for each service, which
-- `gooseek migrate` grants its own schema.
\getenv owner OWNER_PASSWORD
-- generated: passwords
\getenv auth AUTH_PASSWORD
\getenv projects PROJECTS_PASSWORD
\getenv search SEARCH_PASSWORD
\getenv upload UPLOAD_PASSWORD
\getenv chat CHAT_PASSWORD
\getenv library LIBRARY_PASSWORD
\getenv notifications NOTIFICATIONS_PASSWORD
-- end of passwords

CREATE ROLE gooseek_owner LOGIN PASSWORD :'owner';
-- generated: roles
CREATE ROLE gooseek_auth LOGIN PASSWORD :'auth';
CREATE ROLE gooseek_projects LOGIN PASSWORD :'projects';
CREATE ROLE gooseek_search LOGIN PASSWORD :'search';
CREATE ROLE gooseek_upload LOGIN PASSWORD :'upload';
CREATE ROLE gooseek_chat LOGIN PASSWORD :'chat';
CREATE ROLE gooseek_library LOGIN PASSWORD :'library';
CREATE ROLE gooseek_notifications LOGIN PASSWORD :'notifications';
-- end of roles

ALTER DATABASE gooseek OWNER TO gooseek_owner;
-- Only a superuser may.
CREATE EXTENSION vector;
