// The first screen: what answers are made from, which variable changes that, and three questions to begin with.

import { capabilities, listFiles, searchEngines } from "./api.js";
import { button, el } from "./dom.js";
import { formatNumber, t } from "./i18n.js";

const MOST_FILES = 100;
const MOST_ENGINES = 5;
const EXAMPLES = 3;
const AGAIN_MS = 1000;

export class Welcome {
  #nodes;
  #actions;
  #asked = 0;
  #timer = null;

  /** `nodes`: `on` (a dl) and `examples` (a ul); `actions`: `ask(question)`, `files()` shows the list of files. */
  constructor(nodes, actions) {
    this.#nodes = nodes;
    this.#actions = actions;
    nodes.on.replaceChildren(...["answers", "web", "files"].map((part) => row(part, "…")));
    this.#showExamples([]);
  }

  /** Asks the server what is on; what it does not tell is left out. */
  async show() {
    this.#asked += 1;
    const asked = this.#asked;
    const known = (promise) => promise.catch(() => null);
    const [chat, search, files] = await Promise.all([known(capabilities()), known(searchEngines()), known(listFiles({ limit: MOST_FILES }))]);
    if (asked !== this.#asked) return;
    this.#nodes.on.replaceChildren(...[chat && answers(chat.models ?? []), search && web(search.engines ?? []), files && this.#files(files)].filter(Boolean));
    const ready = (files?.items ?? []).filter(({ status }) => status === "indexed");
    this.#showExamples(search?.engines?.length === 0 ? ready : ready.slice(0, 1));
  }

  /** Asks again a moment after what is on has changed, however often that was. */
  changed() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#nodes.on.checkVisibility()) this.show();
    }, AGAIN_MS);
  }

  #files({ items, next_cursor: more }) {
    if (items.length === 0) return row("files", t("onNoFiles"));
    const count = `${formatNumber(items.length)}${more ? "+" : ""}`;
    const link = el("a", { href: "/?files" }, t("onFiles", { count: items.length, shown: count }));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#actions.files();
    });
    return row("files", link);
  }

  /** Questions about `files`, and of the general kind. */
  #showExamples(files) {
    const questions = [...files.map(({ title, name }) => t("exampleFile", { title: title || name })), t("example1"), t("example2"), t("example3")];
    const nodes = questions.slice(0, EXAMPLES).map((question) =>
      el("li", {}, button({ text: question, className: "example", click: () => this.#actions.ask(question) })));
    this.#nodes.examples.replaceChildren(...nodes);
  }
}

function row(part, value, ...variables) {
  const names = variables.flatMap((name, at) => [at > 0 ? ", " : null, el("code", {}, name)]);
  const change = names.length === 0 ? null : el("span", { class: "change" }, `${t("changedBy")} `, ...names);
  return el("div", { data: { part } }, el("dt", {}, t(`on_${part}`)), el("dd", {}, value, change));
}

function answers(models) {
  if (models.length === 0) return row("answers", t("onExtracts"), "LLM_PROVIDER", "CHAT_MODEL");
  return row("answers", t("onModel", { models: models.join(", ") }), "CHAT_MODEL");
}

function web(engines) {
  if (engines.length === 0) return row("web", t("onNoWeb"), "SEARXNG_URL", "SEARCH_ENGINES");
  const failing = ({ status }) => status === "failing" || status === "suspended";
  const names = engines.slice(0, MOST_ENGINES).map((engine) => (failing(engine) ? t("onFailing", { name: engine.name }) : engine.name));
  const rest = engines.length - names.length;
  return row("web", `${names.join(", ")}${rest > 0 ? ` +${formatNumber(rest)}` : ""}`, "SEARXNG_URL", "SEARCH_ENGINES");
}
