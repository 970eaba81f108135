// Reads the event stream of a run: parses server-sent events, and comes back with Last-Event-ID when the
// connection is cut, falls silent or the server says that it is about to stop.

import { ApiError, runEvents } from "./api.js";

// The server sends a comment every 15 seconds; three missed ones mean a dead connection.
const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
// Failures in a row, without an event between them, after which the person decides.
const TRIES = 8;

/** Cuts the text of a stream into events `{id, type, data}`; `data` is left as text. */
export class EventParser {
  #rest = "";
  #event = { id: null, type: "message", data: [] };

  /** The events that `chunk` completes. */
  push(chunk) {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line !== "") {
        this.#field(line);
        continue;
      }
      const { id, type, data } = this.#event;
      if (data.length > 0) events.push({ id, type, data: data.join("\n") });
      this.#event = { id: null, type: "message", data: [] };
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#event.data.push(value);
    if (name === "event") this.#event.type = value;
    if (name === "id" && /^\d+$/.test(value)) this.#event.id = Number(value);
  }
}

/**
 * Follows a run until its last event. `open` is the first response's promise (of a run just asked), or absent to
 * start from the stored events of `runId`. Calls `onEvent(type, data)` once for each event, in order, and
 * `onConnection(connected)` when the connection is lost or back. Throws an `ApiError` when it cannot go on.
 */
export async function followRun({ runId, open, signal, onEvent, onConnection }) {
  const state = { runId, lastId: 0, finished: false, waitMs: null, failures: 0 };
  let next = open;
  while (!signal.aborted) {
    try {
      const response = await (next ?? runEvents(state.runId, state.lastId, signal));
      onConnection(true);
      await readEvents(response, state, { signal, onEvent });
    } catch (error) {
      if (signal.aborted) return;
      // A run that has no id yet cannot be found again; a refusal does not change by asking twice.
      if (state.runId === undefined || isFinal(error)) throw error;
    }
    next = undefined;
    if (state.finished || signal.aborted) return;
    if (state.runId === undefined) throw new ApiError("", 0, "cut");
    state.failures += 1;
    if (state.failures > TRIES) throw new ApiError("", 0, "cut");
    onConnection(false);
    await pause(state.waitMs ?? backoff(state.failures), signal);
    state.waitMs = null;
  }
}

function isFinal(error) {
  if (!(error instanceof ApiError)) return true;
  return error.status >= 400 && error.status < 500 && error.status !== 429 && error.status !== 408;
}

/** Reads one connection to its end; a lost one ends quietly and `state.finished` stays false. */
async function readEvents(response, state, { signal, onEvent }) {
  // 204: the run has ended, and its last event was seen.
  if (response.body === null || response.status === 204) {
    state.finished = true;
    return;
  }
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    while (!state.finished && state.waitMs === null) {
      const chunk = await readOrGiveUp(reader);
      if (chunk === null) return;
      for (const event of parser.push(chunk)) take(event, state, onEvent);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** The next piece of text, or null at the end, after a cut, or after too long a silence. */
async function readOrGiveUp(reader) {
  let timer;
  const silence = new Promise((resolve) => {
    timer = setTimeout(() => resolve({ done: true }), SILENCE_MS);
  });
  const cut = () => ({ done: true });
  const { done, value } = await Promise.race([reader.read().catch(cut), silence]);
  clearTimeout(timer);
  return done ? null : value;
}

function take(event, state, onEvent) {
  if (state.finished) return;
  let data;
  try {
    data = JSON.parse(event.data);
  } catch {
    return;
  }
  if (event.type === "reconnect") {
    state.waitMs = Math.min(Math.max(Number(data.retry_ms) || 0, 0), 30_000);
    return;
  }
  // Every event of the log has an id; one seen already came twice.
  if (event.id === null || event.id <= state.lastId) return;
  state.lastId = event.id;
  state.failures = 0;
  if (event.type === "run") state.runId = data.run_id;
  state.finished = event.type === "done" || event.type === "error";
  onEvent(event.type, data);
}

function backoff(failures) {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return wait * (0.75 + Math.random() / 2);
}

/** Waits, but not past the moment the network is back or the reader has left. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
