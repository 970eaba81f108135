// What a run is doing before and while it writes: its plan and its steps, folded away once the text begins.

import { el, icon, webUrl } from "./dom.js";
import { formatDuration, has, t } from "./i18n.js";
import { stepErrorText } from "./reasons.js";

const STATUS_ICONS = { started: "dot", done: "check", failed: "alert", skipped: "minus" };

export class ProgressView {
  #summary = el("span", { class: "progress-now" }, t("working"));
  #plan = el("ul", { class: "queries", "aria-label": t("plan"), hidden: true });
  #list = el("ol", { class: "steps" });
  #steps = new Map();
  #queries = new Set();
  #touched = false;

  constructor() {
    const summary = el("summary", { on: { click: () => { this.#touched = true; } } }, icon("chevron"), this.#summary);
    this.node = el("details", { class: "progress running", open: true }, summary, this.#plan, this.#list);
  }

  /** Each round of research names what it looks for; what an earlier round named already is not shown twice. */
  plan({ queries = [] }) {
    for (const query of queries) {
      if (this.#queries.has(query)) continue;
      this.#queries.add(query);
      this.#plan.append(el("li", {}, icon("search"), el("span", {}, query)));
    }
    this.#plan.hidden = this.#queries.size === 0;
  }

  step(step) {
    const node = stepNode(step);
    const known = this.#steps.get(step.id);
    if (known === undefined) this.#list.append(node);
    else known.replaceWith(node);
    this.#steps.set(step.id, node);
    if (step.status === "started") this.#summary.textContent = `${titleOf(step)}…`;
  }

  /** The text has begun: fold the steps away, unless the person opened or closed them. */
  fold() {
    if (!this.#touched) this.node.open = false;
  }

  /** The run is over: say in one line what it did (else how many steps that were) and took, and leave no step running. */
  finish({ did, took }) {
    this.node.classList.remove("running");
    for (const node of this.#list.querySelectorAll('[data-status="started"]')) node.dataset.status = "skipped";
    this.#summary.textContent = [did || (this.#steps.size === 0 ? t("plan") : t("stepCount", { count: this.#steps.size })), took].filter(Boolean).join(" · ");
    this.node.hidden = this.#steps.size === 0 && this.#queries.size === 0;
    this.fold();
  }
}

function titleOf(step) {
  const key = `kind_${step.kind}`;
  return has(key) ? t(key) : step.title || String(step.kind);
}

/** What a step is about: its query, the page it opens, or how it writes. */
function aboutOf(step) {
  if (step.query) return `“${step.query}”`;
  const key = `title_${step.title}`;
  return has(key) ? t(key) : step.title || "";
}

function stepNode(step) {
  const status = Object.hasOwn(STATUS_ICONS, step.status) ? step.status : "started";
  const about = [aboutOf(step), webUrl(step.url)?.host].filter((text) => text && text !== titleOf(step)).join(" · ");
  const figures = [
    Number.isInteger(step.count) ? t("results", { count: step.count }) : null,
    Number.isFinite(step.ms) ? formatDuration(step.ms) : null,
  ].filter(Boolean).join(" · ");
  return el("li", { data: { status } },
    el("span", { class: "step-icon" }, icon(STATUS_ICONS[status]), el("span", { class: "sr-only" }, t(`status_${status}`))),
    el("span", { class: "step-text" },
      el("span", {}, titleOf(step)),
      about ? el("span", { class: "step-about" }, about) : null,
      step.error ? el("span", { class: "step-error" }, stepErrorText(step.error)) : null),
    el("span", { class: "step-figures" }, figures));
}
