// Adding files to the chosen project, by button or by drag and drop, and watching them become ready.

import { uploadFile, uploadStatus } from "./api.js";
import { button, el, icon } from "./dom.js";
import { t } from "./i18n.js";

const POLL_MS = 1000;

export class Uploads {
  #list;
  #project;

  /** `nodes`: `list`, `input`, `add`, `drop`; `project()` names the chosen project, or null when there is none. */
  constructor(nodes, project) {
    this.#list = nodes.list;
    this.#project = project;
    nodes.add.addEventListener("click", () => nodes.input.click());
    nodes.input.addEventListener("change", () => {
      this.#add([...nodes.input.files]);
      nodes.input.value = "";
    });
    this.#watchDrops(nodes.drop);
  }

  #watchDrops(overlay) {
    const wanted = (event) => this.#project() !== null && event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!wanted(event)) return;
      event.preventDefault();
      overlay.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) overlay.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      overlay.hidden = true;
      if (!wanted(event)) return;
      event.preventDefault();
      this.#add([...event.dataTransfer.files]);
    });
  }

  #add(files) {
    const project = this.#project();
    if (project === null) return;
    for (const file of files) this.#follow(file, project);
  }

  async #follow(file, project) {
    const row = this.#row(file.name);
    try {
      const { id } = await uploadFile(file, project);
      row.show("started", t("indexing"));
      let state = await uploadStatus(id);
      while (row.node.isConnected && state.status !== "indexed" && state.status !== "failed") {
        await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
        state = await uploadStatus(id);
      }
      if (state.status === "failed") row.show("failed", state.error || t("failed"));
      else row.show("done", t("indexed"));
    } catch (error) {
      row.show("failed", error.message);
    }
  }

  #row(name) {
    const status = el("span", { class: "upload-status", role: "status" }, t("uploading"));
    const node = el("li", { class: "upload", data: { status: "started" } }, icon("file"), el("span", { class: "upload-name" }, name), status,
      button({ label: t("dismiss"), name: "close", className: "icon-button small", click: () => {
        node.remove();
        this.#list.hidden = this.#list.childElementCount === 0;
      } }));
    this.#list.append(node);
    this.#list.hidden = false;
    return {
      node,
      show(state, text) {
        node.dataset.status = state;
        status.textContent = text;
      },
    };
  }
}
