// The side list of older threads: search, open, rename, pin, delete.

import { changeThread, deleteThread, listThreads } from "./api.js";
import { button, confirmed, el, icon } from "./dom.js";
import { t } from "./i18n.js";

const TYPING_PAUSE_MS = 250;
// A new answer reaches the library a moment after it is done.
const ARRIVAL_WAITS_MS = [0, 400, 1500, 4000];
// One that nobody follows any more is done some time.
const LEFT_WAITS_MS = Array(60).fill(5000);

export class ThreadList {
  #nodes;
  #items = [];
  #cursor = null;
  #current = null;
  // Runs by the id of their thread, which the library knows only once they are done.
  #running = new Map();
  #request = null;
  #actions;
  #otherTabs = new BroadcastChannel("gooseek-threads");

  /** `nodes`: `list`, `search`, `note`, `more`, `confirm`; `actions`: `open(address)`, `closed(id)` after a delete, `renamed(id, title)`. */
  constructor(nodes, actions) {
    this.#nodes = nodes;
    this.#actions = actions;
    let typing;
    nodes.search.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.refresh(), TYPING_PAUSE_MS);
    });
    nodes.more.addEventListener("click", () => this.#load(this.#cursor));
    this.#otherTabs.addEventListener("message", () => this.refresh());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.refresh();
    });
  }

  /** Marks the thread that is open; null for none. */
  setCurrent(id) {
    this.#current = id;
    for (const link of this.#nodes.list.querySelectorAll("a")) {
      if (link.dataset.thread === id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  /** Loads the first page of the list again. */
  refresh() {
    return this.#load(null);
  }

  /** Shows at once that a run goes on in the thread `id`, new or not. */
  setRunning(id, { runId, title }) {
    this.#running.set(id, { runId, title });
    this.#render(this.#query);
  }

  /** Loads the list until the thread `id`, which has a new answer, or will have (`left`), has come to its top. */
  async awaitThread(id, { left = false } = {}) {
    const before = this.#items.find((item) => item.id === id)?.updated_at;
    const run = this.#running.get(id);
    if (run !== undefined && !left) run.ended = true;
    for (const wait of left ? LEFT_WAITS_MS : ARRIVAL_WAITS_MS) {
      await new Promise((resolve) => { setTimeout(resolve, wait); });
      await this.refresh();
      const item = this.#items.find((candidate) => candidate.id === id);
      if (item !== undefined && item.updated_at !== before) break;
      if (this.#running.get(id) !== run) return;
    }
    if (this.#running.get(id) === run) this.#running.delete(id);
    this.#render(this.#query);
    this.#otherTabs.postMessage("changed");
  }

  get #query() {
    return this.#nodes.search.value.trim();
  }

  async #load(cursor) {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const query = this.#query;
    try {
      const page = await listThreads({ query, cursor }, signal);
      if (signal.aborted) return;
      this.#items = cursor === null ? page.items : [...this.#items, ...page.items];
      this.#cursor = page.next_cursor;
      this.#render(query);
    } catch (error) {
      if (!signal.aborted) this.#nodes.note.textContent = error.message;
    }
  }

  #render(query) {
    const { list, note, more } = this.#nodes;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const known = new Set(this.#items.map(({ id }) => id));
    const begun = query === "" ? [...this.#running].filter(([id]) => !known.has(id)).reverse() : [];
    const items = [...begun.map(([id, { title }]) => ({ id, title, unknown: true })), ...this.#items];
    const pinned = items.filter((item) => item.pinned);
    const others = items.filter((item) => !item.pinned);
    const group = (name, items) => (items.length === 0 || pinned.length === 0 ? [] : [el("li", { class: "label" }, t(name))]);
    list.replaceChildren(
      ...group("pinned", pinned), ...pinned.map((item) => this.#row(item)),
      ...group("recent", others), ...others.map((item) => this.#row(item)));
    const empty = query === "" ? t("noThreads") : t("noMatches");
    note.textContent = items.length === 0 ? empty : "";
    more.hidden = this.#cursor === null || this.#cursor === undefined;
    this.setCurrent(this.#current);
    if (focused !== undefined) [...list.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focused)?.focus();
  }

  #row(item) {
    const title = item.title || t("untitled");
    const run = this.#running.get(item.id);
    const address = run === undefined ? `/?thread=${encodeURIComponent(item.id)}` : `/?run=${encodeURIComponent(run.runId)}`;
    const link = el("a", { href: address, data: { thread: item.id, key: `${item.id} open` } },
      el("span", { class: "thread-name" }, item.pinned ? icon("pin") : null,
        run === undefined || run.ended ? null : runningMark(), title),
      item.snippet ? el("span", { class: "snippet" }, item.snippet) : null);
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      this.#actions.open(address);
    });
    if (item.unknown) return el("li", { class: "thread" }, link);
    const tool = (name, label, click) => button({ label, name, className: "icon-button small", data: { key: `${item.id} ${name}` }, click });
    const row = el("li", { class: "thread" }, link, el("span", { class: "thread-tools" },
      tool("pin", t(item.pinned ? "unpin" : "pin", { title }), () => this.#change(item, { pinned: !item.pinned })),
      tool("pen", t("rename", { title }), () => this.#startRename(row, item)),
      tool("trash", t("deleteThread", { title }), () => this.#remove(item, title))));
    if (item.pinned) row.dataset.pinned = "";
    return row;
  }

  /** Makes a change on the server; the list is read again whether or not it was taken. */
  async #change(item, change) {
    const problem = await changeThread(item.id, change).then(() => null, (error) => error.message);
    await this.refresh();
    if (problem !== null) {
      this.#nodes.note.textContent = problem;
      return;
    }
    if (change.title !== undefined) this.#actions.renamed(item.id, change.title);
    this.#otherTabs.postMessage("changed");
  }

  #startRename(row, item) {
    const input = el("input", { type: "text", class: "rename", "aria-label": t("newName"), maxlength: "200" });
    input.value = item.title ?? "";
    let over = false;
    const end = (save) => {
      if (over) return;
      over = true;
      const title = input.value.trim();
      if (save && title !== "" && title !== item.title) this.#change(item, { title });
      else this.refresh();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) end(true);
      if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => end(true));
    row.replaceChildren(input);
    input.select();
    input.focus();
  }

  async #remove(item, title) {
    const { confirm, note, search } = this.#nodes;
    if (!await confirmed(confirm, t("confirmDelete", { title }))) return;
    const problem = await deleteThread(item.id).then(() => null, (error) => error.message);
    await this.refresh();
    note.textContent = problem ?? note.textContent;
    if (problem !== null) return;
    search.focus();
    this.#otherTabs.postMessage("changed");
    this.#actions.closed(item.id);
  }
}

function runningMark() {
  return el("span", { class: "thread-running" }, icon("dot"), el("span", { class: "sr-only" }, `${t("status_started")}: `));
}
