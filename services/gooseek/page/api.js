// The HTTP calls of the page. Each answers with the decoded body or throws an `ApiError` fit to be shown.

import { t } from "./i18n.js";
import { problemText } from "./reasons.js";
import { csrfHeaders, fetchSignedIn, goToSignIn, hasSession, isRenewed } from "./session.js";

/** A refused or failed request. `message` is for the person; `status` is 0 when nothing answered. */
export class ApiError extends Error {
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Sends a request and answers with the response if it is a 2xx; an abort passes through as it is. */
export async function send(path, options = {}) {
  let response;
  try {
    response = await fetchSignedIn(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("network"), 0, "network");
  }
  if (!response.ok) throw problem(response.status, await response.json().catch(() => null));
  return response;
}

/** The error for a refused request with the problem document `body`, or null when it had none. Without a session the person signs in. */
function problem(status, body) {
  if (status === 401) goToSignIn();
  return new ApiError(problemText(body, status), status, body?.code ?? null);
}

async function json(path, options) {
  const response = await send(path, options);
  try {
    return await response.json();
  } catch {
    throw new ApiError(t("badAnswer", { status: response.status }), response.status, "body");
  }
}

function jsonBody(method, body) {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

const segment = encodeURIComponent;

/** Starts a run; the response is its event stream. */
export function startRun(request, signal) {
  const options = jsonBody("POST", request);
  options.headers.accept = "text/event-stream";
  return send("/api/v1/chat", { ...options, signal });
}

/** The event stream of a run after the event `lastId`, or from its start when that is 0. */
export function runEvents(runId, lastId, signal) {
  const headers = { accept: "text/event-stream" };
  if (lastId > 0) headers["last-event-id"] = String(lastId);
  return send(`/api/v1/chat/runs/${segment(runId)}/events`, { headers, signal, cache: "no-store" });
}

export function cancelRun(runId) {
  return send(`/api/v1/chat/runs/${segment(runId)}/cancel`, { method: "POST" });
}

export function listThreads({ query, cursor }, signal) {
  const parameters = new URLSearchParams({ limit: "30" });
  if (query) parameters.set("q", query);
  if (cursor) parameters.set("cursor", cursor);
  return json(`/api/v1/library/threads?${parameters}`, { signal });
}

export function getThread(id, signal) {
  return json(`/api/v1/library/threads/${segment(id)}`, { signal });
}

/** `change` holds `title`, `pinned` or both. */
export function changeThread(id, change) {
  return send(`/api/v1/library/threads/${segment(id)}`, jsonBody("PATCH", change));
}

export function deleteThread(id) {
  return send(`/api/v1/library/threads/${segment(id)}`, { method: "DELETE" });
}

/** Every project, newest first. */
export async function listProjects() {
  const projects = [];
  let cursor = null;
  do {
    const parameters = new URLSearchParams({ limit: "100" });
    if (cursor) parameters.set("cursor", cursor);
    const page = await json(`/api/v1/projects?${parameters}`);
    projects.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return projects;
}

export function createProject(slug, name) {
  return json("/api/v1/projects", jsonBody("POST", { slug, name }));
}

export function renameProject(slug, name) {
  const options = jsonBody("PATCH", { name });
  options.headers["if-match"] = "*";
  return json(`/api/v1/projects/${segment(slug)}`, options);
}

/** Deletes a project with all its files. */
export function deleteProject(slug) {
  return send(`/api/v1/projects/${segment(slug)}`, { method: "DELETE" });
}

/** `{models}`: those that write answers, in the order in which they are asked; none means extracts. */
export function capabilities() {
  return json("/api/v1/chat/capabilities", { cache: "no-store" });
}

export function searchEngines() {
  return json("/api/v1/search/engines", { cache: "no-store" });
}

/** The stored text `{title, url, fetched_at, text}` of a source, or null when it has none. */
export async function storedText(source, signal) {
  if (source.kind === "file" && source.file_id) return json(`/api/v1/upload/${segment(source.file_id)}/text`, { signal });
  if (source.snapshot_id) return json(`/api/v1/search/pages/${segment(source.snapshot_id)}`, { signal });
  return null;
}

/** The address of a file as it was added. */
export function fileAddress(id, { download = false } = {}) {
  return `/api/v1/upload/${segment(id)}/content${download ? "?download=true" : ""}`;
}

/** Sends a file with its `path`, if it came with a folder; `onProgress(part)` is told which share of it is sent. */
export async function uploadFile(file, path, project, watch) {
  const form = new FormData();
  form.append("project", project);
  if (path) form.append("path", path);
  if (file.lastModified) form.append("modified_at", new Date(file.lastModified).toISOString());
  form.append("file", file);
  // A server that refuses a large body without reading it may cut the connection before its answer is read.
  const cut = (error) => {
    if (error.code === "network" && hasSession()) return { status: 401, response: null };
    throw error;
  };
  let { status, response } = await sendForm("/api/v1/upload", form, watch).catch(cut);
  const renewed = await isRenewed(status).catch(() => { throw new ApiError(t("network"), 0, "network"); });
  if (renewed) ({ status, response } = await sendForm("/api/v1/upload", form, watch));
  if (status >= 200 && status < 300 && response !== null) return response;
  throw problem(status, response);
}

/** Posts a form. `fetch` tells nothing of how far it is, hence the older call. */
function sendForm(path, form, { onProgress, signal }) {
  const request = new XMLHttpRequest();
  request.open("POST", path);
  for (const [name, value] of Object.entries(csrfHeaders())) request.setRequestHeader(name, value);
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
  signal.addEventListener("abort", () => request.abort());
  return new Promise((resolve, reject) => {
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("abort", () => reject(new ApiError("", 0, "stopped")));
    request.addEventListener("error", () => reject(new ApiError(t("network"), 0, "network")));
    request.send(form);
  });
}

export function uploadStatus(id) {
  return json(`/api/v1/upload/${segment(id)}`);
}

/** The files of a project, or of all when `project` is null, newest first. */
export function listFiles({ project, cursor, limit = 50 }, signal) {
  const parameters = new URLSearchParams({ limit: String(limit) });
  if (project) parameters.set("project", project);
  if (cursor) parameters.set("cursor", cursor);
  return json(`/api/v1/upload?${parameters}`, { signal, cache: "no-store" });
}

export function deleteFile(id) {
  return send(`/api/v1/upload/${segment(id)}`, { method: "DELETE" });
}

/** The person's account, or null on a machine without accounts. */
export async function ownAccount() {
  try {
    return await json("/api/v1/auth/me", { cache: "no-store" });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

export function signOut() {
  return send("/api/v1/auth/logout", { method: "POST" });
}
