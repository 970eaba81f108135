// A stand-in for the GooSeek server that serves the real page with its real headers and answers the API as the
// contract (docs/run-events.md) says. It is strict: a request that the contract does not know gets a 400 and is noted
// in `faults`. `node mock.mjs` starts it alone, on PORT or 8099, to look at the page by hand.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { PAYLOADS } from "./payloads.mjs";
import { script, STORED } from "./scripts.mjs";

// Files that the pages of accounts need too.
const SHARED = fileURLToPath(new URL("../../services/auth/pages/", import.meta.url));
const PAGE = fileURLToPath(new URL("../../services/gooseek/page/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml" };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'";

const CODES = { 400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 409: "conflict", 415: "unsupported_type", 503: "unavailable" };

class Refusal extends Error {
  /** `errors` are the faults of the fields, where the request is refused for them. */
  constructor(status, detail, errors) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
}

/**
 * Starts the mock. `csp: false` leaves the policy out, to show that the page does not lean on it; `pace` is the
 * pause between events in milliseconds; `overlap` events are sent again on a resume. Answers with `{url, faults, resumes,
 * overlap, runs, threads, projects, uploads, models, engines, close, cutNext, uploadsHeld, filesRefused}`; while the promise `uploadsHeld`
 * is open no upload is answered; lists and deletions of files by the method `filesRefused` are refused. With a `session`
 * `{me, expired, ended, csrf, renewals}` it is a machine with accounts.
 */
export async function startMock({ csp = true, pace = 4, port = 0, threads = [], projects = [] } = {}) {
  const mock = { csp, pace, faults: [], runs: new Map(), threads: new Map(threads.map((thread) => [thread.id, thread])), projects, uploads: new Map(), models: [], engines: [{ name: "searxng" }, { name: "wikipedia" }], uploadsHeld: null, filesRefused: null, session: null, cutNext: null, resumes: [], overlap: 0, nextId: 1 };
  const server = createServer((request, response) => {
    answer(mock, request, response).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 400 && error.errors === undefined) mock.faults.push(`${request.method} ${request.url}: ${error.message}`);
      const body = { type: "about:blank", title: "Refused", status: error.status, detail: error.message, code: CODES[error.status] ?? "refused", errors: error.errors };
      response.writeHead(error.status, { "content-type": "application/problem+json" }).end(JSON.stringify(body));
    });
  });
  await new Promise((resolve) => { server.listen(port, "127.0.0.1", resolve); });
  mock.url = `http://127.0.0.1:${server.address().port}`;
  mock.close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return mock;
}

async function answer(mock, request, response) {
  const url = new URL(request.url, "http://localhost");
  const route = `${request.method} ${url.pathname}`;
  if (mock.session !== null && url.pathname.startsWith("/api/") && url.pathname !== "/api/v1/auth/refresh") checkSession(mock.session, request);
  for (const [pattern, handler] of ROUTES) {
    const match = pattern.exec(route);
    if (match !== null) return handler({ mock, request, response, url, id: match[1] && decodeURIComponent(match[1]) });
  }
  if (request.method === "GET" && !url.pathname.startsWith("/api/")) return asset({ mock, response, url });
  throw new Refusal(404, "There is nothing here.");
}

/** What a machine with accounts asks of each request: a token that has not expired, and of a change the token of the page. */
function checkSession(session, request) {
  if (session.expired) throw new Refusal(401, "the access token has expired");
  if (request.method !== "GET" && request.headers["x-csrf-token"] !== session.csrf) throw new Refusal(403, "a change needs the header x-csrf-token");
}

function renewSession({ mock: { session }, response }) {
  if (session === null) throw new Refusal(401, "there is no session: sign in");
  session.renewals += 1;
  if (session.ended) throw new Refusal(401, "the session has ended: sign in again");
  Object.assign(session, { expired: false, csrf: `token-${session.renewals}` });
  response.setHeader("set-cookie", `gooseek_csrf=${session.csrf}; Path=/`);
  // Others ask meanwhile.
  setTimeout(() => send(response, 200, { csrf_token: session.csrf }), 50);
}

function signOut({ mock: { session }, response }) {
  Object.assign(session, { expired: true, ended: true });
  response.writeHead(204).end();
}

const ROUTES = [
  [/^GET \/account\/sign-in$/, ({ response }) => response.writeHead(200, { "content-type": "text/html" }).end("<title>Sign in</title>")],
  [/^POST \/api\/v1\/auth\/refresh$/, renewSession],
  [/^POST \/api\/v1\/auth\/logout$/, signOut],
  [/^GET \/api\/v1\/auth\/me$/, ({ mock, response }) => {
    if (mock.session === null) throw new Refusal(404, "account not found");
    send(response, 200, mock.session.me);
  }],
  [/^POST \/api\/v1\/chat$/, startRun],
  [/^GET \/api\/v1\/chat\/runs\/([^/]+)\/events$/, runEvents],
  [/^POST \/api\/v1\/chat\/runs\/([^/]+)\/cancel$/, cancelRun],
  [/^GET \/api\/v1\/library\/threads$/, listThreads],
  [/^GET \/api\/v1\/library\/threads\/([^/]+)$/, ({ mock, response, id }) => send(response, 200, found(mock.threads, id))],
  [/^PATCH \/api\/v1\/library\/threads\/([^/]+)$/, changeThread],
  [/^DELETE \/api\/v1\/library\/threads\/([^/]+)$/, deleteThread],
  [/^GET \/api\/v1\/chat\/capabilities$/, ({ mock, response }) => send(response, 200, { models: mock.models })],
  [/^GET \/api\/v1\/search\/engines$/, ({ mock, response }) => send(response, 200, { engines: mock.engines.map((engine) => ({ status: "up", requests: 1, failures: 0, ...engine })) })],
  [/^GET \/api\/v1\/projects$/, listProjects],
  [/^POST \/api\/v1\/projects$/, createProject],
  [/^PATCH \/api\/v1\/projects\/([^/]+)$/, renameProject],
  [/^DELETE \/api\/v1\/projects\/([^/]+)$/, deleteProject],
  [/^GET \/api\/v1\/search\/pages\/([^/]+)$/, storedText],
  [/^GET \/api\/v1\/upload\/([^/]+)\/text$/, storedText],
  [/^POST \/api\/v1\/upload$/, upload],
  [/^GET \/api\/v1\/upload$/, listFiles],
  [/^GET \/api\/v1\/upload\/([^/]+)$/, uploadStatus],
  [/^GET \/api\/v1\/upload\/([^/]+)\/content$/, fileContent],
  [/^DELETE \/api\/v1\/upload\/([^/]+)$/, deleteFile],
];

function send(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function found(map, id) {
  if (!map.has(id)) throw new Refusal(404, "There is no such thing, or it is not yours.");
  return map.get(id);
}

async function asset({ mock, response, url }) {
  const name = url.pathname === "/" ? "index.html" : url.pathname.replace(/^\/page\//, "");
  const folder = ["icon.svg", "session.js", "theme.css"].includes(name) ? SHARED : PAGE;
  const body = await readFile(folder + name).catch(() => { throw new Refusal(404, "No such file."); });
  const headers = { "content-type": TYPES[extname(name)], "x-content-type-options": "nosniff" };
  if (mock.csp) headers["content-security-policy"] = CSP;
  response.writeHead(200, headers).end(body);
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function jsonBody(request, shape) {
  if (request.headers["content-type"] !== "application/json") throw new Refusal(400, "the body must be application/json");
  const value = JSON.parse(await body(request));
  for (const [key, fits] of Object.entries(value)) {
    if (!(key in shape)) throw new Refusal(400, `unknown field ${key}`);
    if (!shape[key](fits)) throw new Refusal(400, `bad value of ${key}`);
  }
  return value;
}

const isText = (value) => typeof value === "string" && value !== "";
const isFlag = (value) => typeof value === "boolean";

async function startRun({ mock, request, response }) {
  const asked = await jsonBody(request, {
    query: isText, thread_id: isText, project: isText, background: isFlag,
    mode: (value) => ["speed", "balanced", "quality"].includes(value),
    sources: (value) => Array.isArray(value) && value.every((kind) => kind === "web" || kind === "files"),
  });
  if (!isText(asked.query) || asked.mode === undefined) throw new Refusal(400, "query and mode are needed");
  if (asked.query.includes("too long")) throw new Refusal(400, "/query: 1 to 8,000 characters, none of them NUL", [{ pointer: "/query", detail: "1 to 8,000 characters, none of them NUL" }]);
  if (asked.query.includes("refuse")) throw new Refusal(422, `The question is not allowed: ${PAYLOADS[2]}`);
  if (asked.thread_id !== undefined) found(mock.threads, asked.thread_id);
  const number = mock.nextId++;
  const run = { id: `run-${number}`, threadId: asked.thread_id ?? `thread-${number}`, asked, events: [], ended: false, watchers: new Set() };
  mock.runs.set(run.id, run);
  append(run, "run", { run_id: run.id, thread_id: run.threadId, question: asked.query, mode: asked.mode, project: null, created_at: new Date().toISOString() });
  play(mock, run);
  stream(mock, run, 0, response);
}

/** Lets the run go on by itself, whether or not anybody watches. */
async function play(mock, run) {
  for (const [type, data] of script(run.asked.query)) {
    if (run.ended) return;
    if (type === "wait") return;
    append(run, type, data);
    if (type === "done") file(mock, run, data);
    await new Promise((resolve) => { setTimeout(resolve, type === "delta" ? mock.pace : mock.pace * 2); });
  }
}

function append(run, type, data) {
  run.events.push({ id: run.events.length + 1, type, data });
  run.ended = type === "done" || type === "error";
  for (const watcher of run.watchers) watcher();
}

/** Writes a finished run into its thread, as the library does. */
function file(mock, run, data) {
  const of = (type) => run.events.filter((event) => event.type === type).map((event) => event.data);
  const now = new Date().toISOString();
  const thread = mock.threads.get(run.threadId) ?? { id: run.threadId, title: run.asked.query, pinned: false, created_at: now, messages: [] };
  thread.updated_at = now;
  thread.messages.push({ id: `m-${run.id}`, run_id: run.id, question: run.asked.query, answer: of("delta").map(({ text }) => text).join(""), status: data.status, citations: of("citation"), sources: of("sources").at(-1)?.sources ?? [], degraded: data.degraded, created_at: now });
  mock.threads.set(thread.id, thread);
}

function runEvents({ mock, request, response, id }) {
  const after = request.headers["last-event-id"] ?? "0";
  if (!/^\d+$/.test(after)) throw new Refusal(400, "Last-Event-ID must be a number");
  mock.resumes.push(Number(after));
  if (found(mock.runs, id).ended && Number(after) === found(mock.runs, id).events.length) return response.writeHead(204).end();
  stream(mock, found(mock.runs, id), Math.max(0, Number(after) - mock.overlap), response);
}

/** Sends the events after `sent`; `mock.cutNext` makes this connection end early: `{bytes}` mid-event, or `{reconnect: events}`. */
function stream(mock, run, sent, response) {
  const cut = mock.cutNext;
  mock.cutNext = null;
  let bytes = 0;
  let count = 0;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.write(": hello\n\n");
  const watch = () => {
    while (sent < run.events.length && !response.writableEnded && !response.destroyed) {
      const event = run.events[sent++];
      const text = `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
      count += 1;
      if (cut?.reconnect === count) {
        run.watchers.delete(watch);
        response.end('event: reconnect\ndata: {"retry_ms": 20}\n\n');
        return;
      }
      if (cut?.bytes !== undefined && bytes + text.length > cut.bytes) {
        run.watchers.delete(watch);
        response.write(text.slice(0, Math.max(0, cut.bytes - bytes)), () => response.destroy());
        return;
      }
      bytes += text.length;
      response.write(text);
      if (event.type === "done" || event.type === "error") response.end();
    }
  };
  run.watchers.add(watch);
  response.on("close", () => run.watchers.delete(watch));
  watch();
}

function cancelRun({ mock, response, id }) {
  const run = found(mock.runs, id);
  if (!run.ended) {
    const data = { status: "cancelled", reason: null, degraded: [], budget: {} };
    append(run, "done", data);
    file(mock, run, data);
  }
  send(response, 200, { run_id: id, status: "cancelled" });
}

function listThreads({ mock, response, url }) {
  for (const key of url.searchParams.keys()) if (!["limit", "cursor", "q"].includes(key)) throw new Refusal(400, `unknown parameter ${key}`);
  const query = url.searchParams.get("q")?.toLowerCase();
  const limit = Number(url.searchParams.get("limit") ?? 20);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  const all = [...mock.threads.values()].sort((a, b) => b.pinned - a.pinned || b.updated_at.localeCompare(a.updated_at));
  const items = all.filter((thread) => !query || JSON.stringify(thread).toLowerCase().includes(query));
  const shown = items.slice(from, from + limit).map(({ messages, ...thread }) => ({ ...thread, ...(query && { snippet: messages.at(-1)?.answer.slice(0, 90) }) }));
  send(response, 200, { items: shown, next_cursor: from + limit < items.length ? String(from + limit) : null });
}

async function changeThread({ mock, request, response, id }) {
  const thread = found(mock.threads, id);
  Object.assign(thread, await jsonBody(request, { title: isText, pinned: isFlag }));
  send(response, 200, thread);
}

function deleteThread({ mock, response, id }) {
  found(mock.threads, id);
  mock.threads.delete(id);
  response.writeHead(204).end();
}

function storedText({ response, id }) {
  if (id.startsWith("xss-")) {
    const payload = PAYLOADS[Number(id.slice(4))] ?? PAYLOADS[0];
    return send(response, 200, { title: payload, url: payload, fetched_at: payload, text: payload });
  }
  return send(response, 200, found(STORED, id));
}

function listProjects({ mock, response, url }) {
  for (const key of url.searchParams.keys()) if (!["limit", "cursor"].includes(key)) throw new Refusal(400, `unknown parameter ${key}`);
  const limit = Number(url.searchParams.get("limit") ?? 20);
  const from = Number(url.searchParams.get("cursor") ?? 0);
  send(response, 200, { items: mock.projects.slice(from, from + limit), next_cursor: from + limit < mock.projects.length ? String(from + limit) : null });
}

async function createProject({ mock, request, response }) {
  const { slug, name } = await jsonBody(request, { slug: (value) => /^[a-z0-9][a-z0-9-]{0,63}$/.test(value), name: isText });
  if (mock.projects.some((project) => project.slug === slug)) throw new Refusal(409, `a project with the slug "${slug}" exists`);
  const project = { id: `p-${mock.nextId++}`, slug, name: name ?? slug, created_at: new Date().toISOString() };
  mock.projects.unshift(project);
  send(response, 201, project);
}

function projectOf(mock, slug) {
  const project = mock.projects.find((candidate) => candidate.slug === slug);
  if (project === undefined) throw new Refusal(404, "there is no such project");
  return project;
}

async function renameProject({ mock, request, response, id }) {
  if (request.headers["if-match"] !== "*") throw new Refusal(400, "If-Match is needed");
  const project = projectOf(mock, id);
  Object.assign(project, await jsonBody(request, { name: isText }));
  send(response, 200, project);
}

function deleteProject({ mock, request, response, id }) {
  refuseFiles(mock, request);
  mock.projects.splice(mock.projects.indexOf(projectOf(mock, id)), 1);
  for (const [file, { project }] of mock.uploads) if (project === id) mock.uploads.delete(file);
  response.writeHead(204).end();
}

/** A name ending in `.exe` is refused, one in `.bin` fails while it is read; others pass through every state. */
async function upload({ mock, request, response }) {
  const text = await body(request);
  await mock.uploadsHeld;
  const project = /name="project"\r\n\r\n([^\r]+)\r\n/.exec(text)?.[1];
  if (project === undefined) throw new Refusal(400, "project is needed");
  if (!mock.projects.some(({ slug }) => slug === project)) throw new Refusal(404, "there is no such project");
  const name = /name="file"; filename="([^"]*)"/.exec(text)?.[1];
  if (name === undefined) throw new Refusal(400, "file is needed");
  const modified = /name="modified_at"\r\n\r\n([^\r]+)\r\n/.exec(text)?.[1];
  if (modified !== undefined && new Date(modified).toISOString() !== modified) throw new Refusal(400, "modified_at: a time");
  const path = /name="path"\r\n\r\n([^\r]+)\r\n/.exec(text)?.[1];
  if (name.endsWith(".exe")) throw new Refusal(415, "files of this kind are not read: .exe (plain text)");
  const id = `upload-${mock.nextId++}`;
  const last = name.endsWith(".bin") ? { status: "failed", error: `it is damaged. ${PAYLOADS[2]}` } : { status: "indexed", chunks: 2 };
  const states = [{ status: "received" }, { status: "pending", error: "no parser is free" }, { status: "parsed", chunks: 2 }, last];
  storeFile(mock, project, { id, name, ...(path && { path }) }, states);
  send(response, 202, mock.uploads.get(id).states[0]);
}

/** Puts a file into the project with a slug; it passes through `states`, one a look. */
export function storeFile(mock, project, { id = `file-${mock.nextId++}`, name, ...more }, states = [{ status: "indexed", chunks: 2 }]) {
  const project_id = mock.projects.find(({ slug }) => slug === project).id;
  const file = { id, name, project_id, size: 12_345, attempts: 1, chunks: 0, created_at: "2026-11-02T08:00:00Z", ...more };
  mock.uploads.set(id, { project, states: states.map((state) => ({ ...file, ...state })) });
  return id;
}

/** Each look finds a file one state further. */
function look({ states }) {
  return states.length > 1 ? states.shift() : states[0];
}

function fileContent({ mock, response, url, id }) {
  const { name } = found(mock.uploads, id).states[0];
  const disposition = url.searchParams.get("download") === "true" ? { "content-disposition": `attachment; filename="${name}"` } : {};
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-security-policy": "sandbox", ...disposition }).end(`The whole of ${name}.`);
}

function uploadStatus({ mock, response, id }) {
  send(response, 200, look(found(mock.uploads, id)));
}

/** Newest first, as the server lists them. */
function listFiles({ mock, request, response, url }) {
  refuseFiles(mock, request);
  for (const key of url.searchParams.keys()) if (!["project", "limit", "cursor"].includes(key)) throw new Refusal(400, `unknown parameter ${key}`);
  const project = url.searchParams.get("project");
  if (project !== null && !mock.projects.some(({ slug }) => slug === project)) throw new Refusal(404, "there is no such project");
  const limit = Number(url.searchParams.get("limit") ?? 20);
  if (!(limit >= 1 && limit <= 100)) throw new Refusal(400, "limit: 1 to 100");
  const before = url.searchParams.get("cursor");
  const files = [...mock.uploads].filter(([, file]) => project === null || file.project === project).reverse();
  const from = before === null ? 0 : files.findIndex(([id]) => id === before) + 1;
  // A page of the longest kind is asked for to count the files, which moves none of them.
  const items = files.slice(from, from + limit).map(([, file]) => (limit === 100 ? file.states[0] : look(file)));
  send(response, 200, { items, next_cursor: from + limit < files.length ? items.at(-1).id : null });
}

function deleteFile({ mock, request, response, id }) {
  refuseFiles(mock, request);
  found(mock.uploads, id);
  mock.uploads.delete(id);
  response.writeHead(204).end();
}

function refuseFiles(mock, { method }) {
  if (mock.filesRefused === method) throw new Refusal(503, "the database does not answer");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const threads = ["Why do leaves turn red?", "Notice period in the lease", "How is tea decaffeinated?", "Tallest lighthouses in Europe"].map((title, at) =>
    ({ id: `old-${at}`, title, pinned: at === 1, created_at: "2026-11-01T10:00:00Z", updated_at: `2026-11-0${9 - at}T10:00:00Z`, messages: [] }));
  const mock = await startMock({ port: Number(process.env.PORT ?? 8099), pace: 25, threads, projects: [{ id: "p1", slug: "handbook", name: "Handbook" }] });
  storeFile(mock, "handbook", { name: "scan.pdf", pages: 3 }, [{ status: "failed", error: "there is no text in it (a scan or an empty file)" }]);
  storeFile(mock, "handbook", { name: "field-handbook.pdf", pages: 214, size: 8_400_000 });
  storeFile(mock, "handbook", { name: "counts.csv" }, [...Array(8).fill({ status: "received" }), { status: "indexed", chunks: 4 }]);
  console.log(mock.url);
}
