// The ask box: the question, the choosers of mode, project and sources, and the buttons to ask and to stop.

import { listProjects } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

const REMEMBERED = "gooseek-choices";

export class AskBox {
  #nodes;
  #running = false;

  /** `nodes` by id; `actions`: `ask(question)`, `stop()`. */
  constructor(nodes, actions) {
    this.#nodes = nodes;
    const { form, question, stop } = nodes;
    const submit = () => {
      const text = question.value.trim();
      if (text === "" || this.#running) return;
      question.value = "";
      this.#fit();
      actions.ask(text);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
    });
    question.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    question.addEventListener("input", () => this.#fit());
    stop.addEventListener("click", () => {
      stop.disabled = true;
      actions.stop();
    });
    this.#restore();
    for (const node of [nodes.mode, nodes.project, nodes.sources]) node.addEventListener("change", () => this.#changed());
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.closest("input, textarea, select, dialog")) {
        event.preventDefault();
        question.focus();
      }
    });
  }

  /** What a request for a run says beside the question and its thread. */
  get choices() {
    const { mode, sources } = this.#nodes;
    const project = this.project;
    if (project === null) return { mode: mode.value };
    return { mode: mode.value, project, sources: sources.value.split(",") };
  }

  /** The slug of the chosen project, or null. */
  get project() {
    return this.#nodes.project.value || null;
  }

  /** While a run goes on, the box offers to stop it in place of asking. */
  setRunning(running) {
    const { send, stop } = this.#nodes;
    const focused = document.activeElement === send || document.activeElement === stop;
    this.#running = running;
    send.hidden = running;
    stop.hidden = !running;
    stop.disabled = false;
    if (focused) (running ? stop : send).focus();
  }

  setFollowUp(followUp) {
    this.#nodes.question.placeholder = t(followUp ? "followUp" : "placeholder");
  }

  focus() {
    this.#nodes.question.focus({ preventScroll: true });
  }

  /** Offers the projects there are; without any, nothing about projects is shown. */
  async loadProjects() {
    const { project, projectChooser } = this.#nodes;
    const { items } = await listProjects().catch(() => ({ items: [] }));
    const options = items.map(({ slug, name }) => el("option", { value: slug }, name || slug));
    project.replaceChildren(el("option", { value: "" }, t("noProject")), ...options);
    projectChooser.hidden = items.length === 0;
    project.value = items.some(({ slug }) => slug === project.dataset.wanted) ? project.dataset.wanted : "";
    this.#showForProject();
  }

  #changed() {
    const { mode, project, sources } = this.#nodes;
    localStorage.setItem(REMEMBERED, JSON.stringify({ mode: mode.value, project: project.value, sources: sources.value }));
    this.#showForProject();
  }

  #restore() {
    const { mode, project, sources } = this.#nodes;
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
    } catch {
      // Not ours any more: start with the defaults.
    }
    for (const [node, value] of [[mode, kept.mode], [sources, kept.sources]]) {
      if ([...node.options].some((option) => option.value === value)) node.value = value;
    }
    project.dataset.wanted = kept.project ?? "";
  }

  #showForProject() {
    const chosen = this.project !== null;
    this.#nodes.sourcesChooser.hidden = !chosen;
    this.#nodes.add.hidden = !chosen;
  }

  /** The box grows with the question; the style sheet bounds it. */
  #fit() {
    const { question } = this.#nodes;
    question.style.height = "";
    if (question.value !== "") question.style.height = `${question.scrollHeight}px`;
  }
}
