// The files of the chosen project, or of all: how far each has come, and deleting them; renaming and deleting the project.
// While a file is being read and the page is looked at, the list is asked for again.

import { deleteFile, listFiles } from "./api.js";
import { confirmed, el } from "./dom.js";
import { t } from "./i18n.js";
import { FileRow } from "./filerow.js";

const FIRST_POLL_MS = 1000;
const LONGEST_POLL_MS = 5000;

export class ProjectFiles {
  #nodes;
  #projects;
  #say;
  #rows = new Map();
  #cursor = null;
  #request = null;
  #timer;
  #wait = FIRST_POLL_MS;

  /**
   * `nodes`: `box`, `title`, `list`, `note`, `problem`, `retry`, `more`, `add` and `addFolder` with their `input` and `folder`,
   * `tools` of a project with `rename` and `remove`, the dialog `confirm`; `say(text)` speaks.
   */
  constructor(nodes, projects, say) {
    this.#nodes = nodes;
    this.#projects = projects;
    this.#say = say;
    nodes.add.addEventListener("click", () => nodes.input.click());
    nodes.addFolder.addEventListener("click", () => nodes.folder.click());
    nodes.rename.addEventListener("click", () => projects.rename());
    nodes.remove.addEventListener("click", () => this.#removeProject());
    nodes.retry.addEventListener("click", () => {
      nodes.title.focus();
      this.refresh();
    });
    nodes.more.addEventListener("click", () => this.#more());
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  get #shown() {
    return !this.#nodes.box.hidden;
  }

  /** Shows the list of the chosen project from its start. */
  open() {
    const { box, title, list, note } = this.#nodes;
    box.hidden = false;
    this.#rows.clear();
    this.#cursor = null;
    list.replaceChildren();
    this.#fail(null);
    this.#nodes.more.hidden = true;
    note.textContent = t("loading");
    const project = this.#projects.currentName;
    title.textContent = project === null ? t("filesOfAll") : t("filesOf", { project });
    this.#nodes.tools.hidden = project === null;
    this.refresh();
  }

  close() {
    this.#nodes.box.hidden = true;
    this.#stop();
  }

  /** Another project is chosen, or the names of the projects have come. */
  projectsChanged() {
    if (this.#shown) this.open();
  }

  /** Asks again for what is shown; for nothing while nobody looks, or before the choice of a project is known. */
  async refresh() {
    this.#stop();
    if (!this.#shown || document.hidden || !this.#projects.known) return;
    await this.#ask(async (signal) => {
      const files = [];
      let page = { next_cursor: null };
      do {
        page = await listFiles({ project: this.#projects.current, cursor: page.next_cursor }, signal);
        files.push(...page.items);
      } while (page.next_cursor && files.length < this.#rows.size);
      this.#cursor = page.next_cursor;
      this.#fill(files);
    });
  }

  async #more() {
    this.#stop();
    const last = [...this.#rows.values()].at(-1);
    await this.#ask(async (signal) => {
      const page = await listFiles({ project: this.#projects.current, cursor: this.#cursor }, signal);
      this.#cursor = page.next_cursor;
      for (const file of page.items) this.#nodes.list.append(this.#row(file).node);
      this.#settle();
      const next = last?.node.nextElementSibling;
      if (next) this.#rows.get(next.dataset.file)?.focus();
    });
  }

  /** Makes one request for the list at a time; its failure is shown, and tried again while files are being read. */
  async #ask(read) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      await read(signal);
      this.#fail(null);
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error.message);
    }
    this.#poll();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  #poll() {
    if (![...this.#rows.values()].some((row) => row.pending)) {
      this.#wait = FIRST_POLL_MS;
      return;
    }
    this.#timer = setTimeout(() => this.refresh(), this.#wait);
    this.#wait = Math.min(this.#wait * 1.5, LONGEST_POLL_MS);
  }

  /** Brings the rows to `files`; those that stay keep their place, their focus and their open question. */
  #fill(files) {
    const { list } = this.#nodes;
    const ids = new Set(files.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    files.forEach((file, at) => {
      const { node } = this.#row(file);
      if (list.children[at] !== node) list.insertBefore(node, list.children[at] ?? null);
    });
    this.#rows = new Map(files.map(({ id }) => [id, this.#rows.get(id)]));
    this.#settle();
  }

  /** The row of a file as it is now. */
  #row(file) {
    const known = this.#rows.get(file.id);
    if (known !== undefined) {
      known.update(file);
      return known;
    }
    const project = this.#projects.current === null ? this.#projects.nameOf(file.project_id) : null;
    const row = new FileRow(file, { project, remove: () => this.#remove(file) });
    row.node.dataset.file = file.id;
    this.#rows.set(file.id, row);
    return row;
  }

  /** Says what an empty list means, and whether there is more than is shown. */
  #settle() {
    const { note, more } = this.#nodes;
    note.textContent = this.#rows.size === 0 ? t("noFiles") : "";
    more.hidden = !this.#cursor;
  }

  /** Deletes a file, and answers with what went wrong, or null. One that is gone already is deleted, too. */
  async #remove({ id, name }) {
    // An answer that left the server before the deletion would bring the file back.
    this.#stop();
    const error = await deleteFile(id).then(() => null, (failure) => failure);
    if (error === null || error.status === 404) {
      this.#drop(id);
      this.#say(t("fileDeleted", { name }));
    }
    this.refresh();
    return error === null || error.status === 404 ? null : error.message;
  }

  /** Deletes the chosen project, after a question that says how many files go with it. */
  async #removeProject() {
    const { confirm, title } = this.#nodes;
    const { current: slug, currentName: project } = this.#projects;
    this.#fail(null);
    try {
      const count = await countFiles(slug);
      if (!await confirmed(confirm, t(count === 0 ? "confirmDeleteEmptyProject" : "confirmDeleteProject", { project, count }))) return;
      await this.#projects.remove(slug);
      this.#say(t("projectDeleted", { project }));
      title.focus();
    } catch (error) {
      this.#fail(t("fileNotDeleted", { reason: error.message }));
    }
  }

  /** Takes a row away; the focus goes to the one that takes its place. */
  #drop(id) {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const focused = row.node.contains(document.activeElement);
    const next = row.node.nextElementSibling ?? row.node.previousElementSibling;
    row.node.remove();
    this.#rows.delete(id);
    if (!focused) return;
    if (next === null) this.#nodes.add.focus();
    else this.#rows.get(next.dataset.file).focus();
  }

  #fail(message) {
    const { problem, note } = this.#nodes;
    problem.hidden = message === null;
    problem.querySelector(".problem-text").textContent = message ?? "";
    if (message !== null && this.#rows.size === 0) note.textContent = "";
  }
}

async function countFiles(project) {
  let count = 0;
  let cursor = null;
  do {
    const page = await listFiles({ project, cursor, limit: 100 });
    count += page.items.length;
    cursor = page.next_cursor;
  } while (cursor);
  return count;
}
