// Adding files to a project, by button or by drag and drop, and watching them become ready.

import { uploadFile, uploadStatus } from "./api.js";
import { button, el, icon } from "./dom.js";
import { chosen, dropped } from "./drops.js";
import { pending, pendingText } from "./filerow.js";
import { formatNumber, t } from "./i18n.js";
import { fileReason } from "./reasons.js";

const AT_ONCE = 3;
const FIRST_POLL_MS = 400;
const LONGEST_POLL_MS = 5000;

export class Uploads {
  #nodes;
  #projects;
  #say;
  #stored;
  #rows = new Set();
  // Ready files whose rows were taken away; they count until the tray is empty.
  #taken = 0;
  #waiting = [];
  #sending = 0;

  /** `nodes`: `box` (a details), `line`, `list`, `input`, `folder`, `add`, `drop`; `projects` says where files go; `say(text)` speaks; `stored()` is told of each file the server has taken. */
  constructor(nodes, projects, say, stored) {
    this.#nodes = nodes;
    this.#projects = projects;
    this.#say = say;
    this.#stored = stored;
    nodes.add.addEventListener("click", () => nodes.input.click());
    for (const input of [nodes.input, nodes.folder]) {
      input.addEventListener("change", () => {
        const files = chosen(input.files);
        input.value = "";
        this.#add(files);
      });
    }
    this.#watchDrops(nodes.drop);
  }

  /** Whether files would be lost if the page were left now. */
  get sending() {
    return this.#sending > 0 || this.#waiting.length > 0;
  }

  /** Takes the ready files away and folds the rest into one line, so that it covers no answer. */
  fold() {
    for (const row of this.#rows) if (row.state === "done") this.#remove(row);
    this.#nodes.box.open = false;
  }

  /** A file dropped anywhere is taken: left alone, the browser would leave the page to show it. */
  #watchDrops(overlay) {
    const busy = () => document.querySelector("dialog:modal") !== null;
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = busy() ? "none" : "copy";
      if (busy() || !overlay.hidden) return;
      const project = this.#projects.currentName;
      overlay.firstElementChild.textContent = project === null ? t("dropHere") : t("dropInto", { project });
      overlay.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) overlay.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      overlay.hidden = true;
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (!busy()) dropped(event.dataTransfer).then((files) => this.#add(files), () => this.#say(t("folderUnread")));
    });
  }

  async #add(files) {
    if (files.length === 0) return;
    const project = await this.#projects.destination();
    if (project === null) return;
    if (document.body.classList.contains("home")) this.#nodes.box.open = true;
    for (const { file, path } of files) this.#waiting.push({ row: this.#row(path || file.name), file, path, project });
    this.#sendNext();
  }

  #sendNext() {
    while (this.#sending < AT_ONCE && this.#waiting.length > 0) {
      const job = this.#waiting.shift();
      this.#sending += 1;
      const sent = this.#send(job).finally(() => {
        this.#sending -= 1;
        this.#sendNext();
      });
      this.#follow(job.row, sent);
    }
  }

  #send({ row, file, path, project }) {
    const onProgress = (part) => this.#show(row, "started", t("uploadingPart", { percent: formatNumber(Math.floor(part * 100)) }), part);
    onProgress(0);
    return uploadFile(file, path, project, { onProgress, signal: row.stopped.signal });
  }

  /** Asks for the state of a stored file until it is ready or has failed. */
  async #follow(row, sent) {
    try {
      let file = await sent;
      this.#stored();
      let wait = FIRST_POLL_MS;
      while (pending(file)) {
        this.#show(row, "started", pendingText(file));
        await new Promise((resolve) => { setTimeout(resolve, wait); });
        if (!this.#rows.has(row)) return;
        wait = Math.min(wait * 1.5, LONGEST_POLL_MS);
        file = await uploadStatus(file.id);
      }
      if (file.status === "failed") return this.#failed(row, t("fileFailed", { reason: fileReason(file.error ?? "") }), "unread");
      this.#show(row, "done", t("indexedInto", { count: file.chunks }));
      this.#say(t("fileReady", { name: row.name }));
    } catch (error) {
      if (this.#rows.has(row)) this.#failed(row, error.message);
    }
  }

  /** `fate`: "refused", or "unread" of a file that the server has but cannot read. */
  #failed(row, reason, fate = "refused") {
    row.fate = fate;
    this.#show(row, "failed", reason);
    this.#say(t("fileNotAdded", { name: row.name, reason }));
  }

  #row(name) {
    const status = el("span", { class: "upload-status" }, t("waiting"));
    const bar = el("progress", { max: "1", "aria-label": name });
    const row = { name, status, bar, state: "started", stopped: new AbortController() };
    row.node = el("li", { class: "upload", data: { status: "started" } }, icon("file"),
      el("span", { class: "upload-text" }, el("span", { class: "upload-name" }, name), bar, status),
      button({ label: t("dismissFile", { name }), name: "close", className: "icon-button small", click: () => this.#dismiss(row) }));
    this.#nodes.list.append(row.node);
    this.#rows.add(row);
    this.#sum();
    return row;
  }

  /** `part` is the share that is sent, or absent where no share is known. */
  #show(row, state, text, part) {
    row.state = state;
    row.node.dataset.status = state;
    row.status.textContent = text;
    row.bar.hidden = state !== "started";
    if (part === undefined) row.bar.removeAttribute("value");
    else row.bar.value = part;
    this.#sum();
  }

  #dismiss(row) {
    const next = row.node.nextElementSibling ?? row.node.previousElementSibling;
    this.#remove(row);
    (next?.querySelector("button") ?? this.#nodes.add).focus();
  }

  #remove(row) {
    row.stopped.abort();
    row.node.remove();
    this.#rows.delete(row);
    this.#waiting = this.#waiting.filter((job) => job.row !== row);
    this.#taken = this.#rows.size === 0 ? 0 : this.#taken + (row.state === "done" ? 1 : 0);
    this.#sum();
  }

  /** The one line: of a single file what its row says, of several how many are ready. */
  #sum() {
    const { box, line } = this.#nodes;
    const rows = [...this.#rows];
    const of = (state) => rows.filter((row) => row.state === state).length;
    const fated = (fate) => rows.filter((row) => row.state === "failed" && row.fate === fate).length;
    const [refused, unread, total] = [fated("refused"), fated("unread"), this.#taken + rows.length];
    box.hidden = rows.length === 0;
    box.dataset.status = of("failed") > 0 ? "failed" : of("started") > 0 ? "started" : "done";
    line.classList.toggle("counts", total > 1);
    line.textContent = total === 1 ? `${rows[0].name}: ${rows[0].status.textContent}` : [
      t("uploadsLine", { done: formatNumber(this.#taken + of("done")), total: formatNumber(total) }),
      refused > 0 ? t("uploadsRefused", { count: refused }) : null,
      unread > 0 ? t("uploadsUnread", { count: unread }) : null,
    ].filter(Boolean).join(" · ");
  }
}
