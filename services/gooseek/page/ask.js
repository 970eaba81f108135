// The ask box: the question, the choosers of mode and sources, the buttons to ask and to stop, and the questions that wait
// for the answer before them.

import { button, el } from "./dom.js";
import { t } from "./i18n.js";

const REMEMBERED = "gooseek-choices";

export class AskBox {
  #nodes;
  #projects;
  #running = false;
  #queue = [];

  /** `nodes` by id; `projects` says which project is asked about; `actions`: `ask(question)`, `stop()`, `say(text)`. */
  constructor(nodes, projects, actions) {
    this.#nodes = nodes;
    this.#projects = projects;
    const { form, question, stop } = nodes;
    const submit = () => {
      const text = question.value.trim();
      if (text === "") return;
      question.value = "";
      this.#fit();
      if (!this.#running) return actions.ask(text);
      this.#queue.push(text);
      this.#showQueue();
      actions.say(t("queued", { question: text }));
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
    for (const node of [nodes.mode, nodes.sources]) node.addEventListener("change", () => this.#remember());
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
    const choices = { mode: mode.value };
    if (this.#projects.any) choices.sources = sources.value.split(",");
    if (this.#projects.current !== null) choices.project = this.#projects.current;
    return choices;
  }

  /** Where to look is a choice only when there may be files. */
  projectsChanged() {
    this.#nodes.sourcesChooser.hidden = !this.#projects.any;
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

  /** Takes the question that waits longest, or undefined. */
  next() {
    const question = this.#queue.shift();
    this.#showQueue();
    return question;
  }

  /** Puts the questions that wait back into the box: nothing that was written is lost. */
  unqueue() {
    if (this.#queue.length === 0) return;
    const { question } = this.#nodes;
    question.value = [...this.#queue, question.value].filter(Boolean).join("\n");
    this.#queue = [];
    this.#showQueue();
    this.#fit();
  }

  #showQueue() {
    const { queue, question } = this.#nodes;
    queue.hidden = this.#queue.length === 0;
    queue.replaceChildren(...this.#queue.map((text, at) => el("li", {}, el("span", { class: "label" }, t("next")), el("span", { class: "queue-text" }, text),
      button({ label: t("unqueue", { question: text }), name: "close", className: "icon-button small", click: () => {
        this.#queue.splice(at, 1);
        this.#showQueue();
        question.focus();
      } }))));
  }

  setFollowUp(followUp) {
    this.#nodes.question.placeholder = t(followUp ? "followUp" : "placeholder");
  }

  focus() {
    this.#nodes.question.focus({ preventScroll: true });
  }

  #remember() {
    const { mode, sources } = this.#nodes;
    localStorage.setItem(REMEMBERED, JSON.stringify({ mode: mode.value, sources: sources.value }));
  }

  #restore() {
    const { mode, sources } = this.#nodes;
    let kept = {};
    try {
      kept = JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
    } catch {
      // Not ours any more: start with the defaults.
    }
    for (const [node, value] of [[mode, kept.mode], [sources, kept.sources]]) {
      if ([...node.options].some((option) => option.value === value)) node.value = value;
    }
  }

  /** The box grows with the question; the style sheet bounds it. */
  #fit() {
    const { question } = this.#nodes;
    question.style.height = "";
    if (question.value !== "") question.style.height = `${question.scrollHeight}px`;
  }
}
