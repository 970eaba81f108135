// One file in the list of files: what it is, how far it has come, and the question before it is deleted.

import { fileAddress } from "./api.js";
import { button, el, icon } from "./dom.js";
import { formatBytes, formatDate, t } from "./i18n.js";
import { fileReason } from "./reasons.js";

/** Whether the server is not done with a file yet. */
export function pending({ status }) {
  return status !== "indexed" && status !== "failed";
}

/** What a file that is still worked on is at. */
export function pendingText({ status, error }) {
  if (status === "parsed") return t("indexingVectors");
  if (status === "pending" && error) return t("tryingAgain", { reason: fileReason(error) });
  return t("reading");
}

export class FileRow {
  #file;
  #status = el("span", { class: "file-status" });
  #facts = el("span", { class: "file-facts" });
  #project;
  #about;
  #trash;
  #question = null;
  #remove;

  /** `project` is its name where the list holds files of several; `remove()` deletes and answers with what went wrong, or null. */
  constructor(file, { project, remove }) {
    this.#project = project;
    this.#remove = remove;
    const { id, name } = file;
    const folder = folderOf(file);
    this.#trash = button({ label: t("deleteFile", { name }), name: "trash", className: "icon-button", click: () => this.#ask(name) });
    this.#about = el("div", { class: "file-text" },
      el("span", { class: "file-name" }, folder === "" ? null : el("span", { class: "file-folder" }, folder),
        el("a", { href: fileAddress(id), target: "_blank", rel: "noopener", title: t("openNamed", { name }) }, name)),
      el("span", { class: "file-line" }, this.#status, this.#facts));
    const saving = t("downloadNamed", { name });
    const save = el("a", { class: "icon-button", href: fileAddress(id, { download: true }), download: "", "aria-label": saving, title: saving }, icon("download"));
    this.node = el("li", { class: "file" }, icon("file"), this.#about, el("span", { class: "file-tools" }, save, this.#trash));
    this.update(file);
  }

  get pending() {
    return pending(this.#file);
  }

  /** Shows the file as it is now; an open question stays open. */
  update(file) {
    this.#file = file;
    this.node.dataset.status = pending(file) ? "started" : file.status === "failed" ? "failed" : "done";
    this.#status.textContent = statusText(file);
    this.#facts.replaceChildren(...factsOf(file, this.#project).map((fact) => el("span", {}, fact)));
  }

  focus() {
    this.#trash.focus();
  }

  /** Asks in place of the button, so that the eyes stay on the file. */
  #ask(name) {
    const fault = el("p", { class: "field-fault", role: "alert", hidden: true });
    const no = button({ text: t("cancel"), click: () => this.#close() });
    const yes = button({ text: t("delete"), className: "danger", click: () => this.#confirmed(yes, fault) });
    this.#question = el("div", { class: "file-question", role: "group", "aria-label": t("deleteFile", { name }) },
      el("p", {}, t("confirmDeleteFile")), fault, el("div", { class: "confirm-row" }, no, yes));
    this.#question.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#close();
    });
    this.#trash.hidden = true;
    this.#about.append(this.#question);
    no.focus();
  }

  #close() {
    this.#question.remove();
    this.#question = null;
    this.#trash.hidden = false;
    this.focus();
  }

  async #confirmed(yes, fault) {
    // Not `disabled`, which would take the focus away from who has to hear of a failure.
    if (yes.ariaDisabled === "true") return;
    yes.ariaDisabled = "true";
    fault.hidden = true;
    const problem = await this.#remove();
    if (problem === null) return;
    yes.ariaDisabled = null;
    fault.textContent = t("fileNotDeleted", { reason: problem });
    fault.hidden = false;
  }
}

/** The folder that a file came with, with its last slash. */
function folderOf({ name, path }) {
  return path?.endsWith(`/${name}`) ? path.slice(0, -name.length) : "";
}

function statusText(file) {
  if (file.status === "failed") return t("fileFailed", { reason: fileReason(file.error ?? "") });
  if (pending(file)) return pendingText(file);
  const missing = (file.warnings ?? []).join("; ");
  return missing ? t("fileReadInPart", { missing }) : t("fileIsReady");
}

function factsOf(file, project) {
  const date = formatDate(file.created_at);
  return [
    file.pages > 0 ? t("filePages", { count: file.pages }) : null,
    Number.isFinite(file.size) ? formatBytes(file.size) : null,
    formatDate(file.dated_at) && t("datedOn", { date: formatDate(file.dated_at) }),
    date === null ? null : t(project === null ? "addedOn" : "addedTo", { date, project }),
  ].filter((fact) => fact !== null);
}
