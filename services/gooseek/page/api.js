// The HTTP calls of the page. Each answers with the decoded body or throws an `ApiError` fit to be shown.

import { t } from "./i18n.js";

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
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("network"), 0, "network");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

/** Reads the problem+json of a refused request: its detail, and each faulty field where there are some. */
async function problem(response) {
  const body = await response.json().catch(() => null);
  const summary = body?.detail || body?.title || t("badAnswer", { status: response.status });
  const faults = Array.isArray(body?.errors) ? body.errors.map((fault) => fault?.detail).filter(Boolean) : [];
  return new ApiError([summary, ...faults].join(" · "), response.status, body?.code ?? null);
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

export function listProjects() {
  return json("/api/v1/projects");
}

/** The stored text `{title, url, fetched_at, text}` of a source, or null when it has none. */
export async function storedText(source, signal) {
  if (source.kind === "file" && source.file_id) return json(`/api/v1/upload/${segment(source.file_id)}/text`, { signal });
  if (source.snapshot_id) return json(`/api/v1/search/pages/${segment(source.snapshot_id)}`, { signal });
  return null;
}

export function uploadFile(file, project) {
  const form = new FormData();
  form.append("project", project);
  form.append("file", file);
  return json("/api/v1/upload", { method: "POST", body: form });
}

export function uploadStatus(id) {
  return json(`/api/v1/upload/${segment(id)}`);
}
