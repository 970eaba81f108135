// One question and its answer on the page, built from the events of a run or from a stored message.

import { AnswerView } from "./answer.js";
import { Citations, SUPPORT, supportBadge } from "./citations.js";
import { button, copyButton, el, icon, webUrl } from "./dom.js";
import { formatCost, formatDate, formatDuration, formatNumber, t } from "./i18n.js";
import { siteOf } from "./panel.js";
import { degradedNote, failureBox, notice, partialNotice } from "./notes.js";
import { ProgressView } from "./progress.js";

const SOURCES_AWAITED = 3;

export class TurnView {
  #actions;
  #question;
  #heading = el("h2", { class: "asked", tabindex: "-1" });
  #progress = new ProgressView();
  #sourcesNode = el("section", { class: "sources", "aria-label": t("sources"), hidden: true });
  #connection = el("p", { class: "connection", role: "status", hidden: true });
  #ending = el("div", { class: "ending" });
  #related = el("section", { class: "related", hidden: true });
  #relatedQuestions = [];
  #sources = [];
  #usage = null;
  #citations;
  #answer;

  /** `actions`: `ask(question)`, `openSource(source, cited, opener)`, `say(text)`. */
  constructor(question, actions) {
    this.#actions = actions;
    this.#citations = new Citations(actions.openSource);
    this.#answer = new AnswerView({
      mark: (number, at) => this.#citations.mark(number, at),
      onSentence: actions.say,
    });
    // What grows stands below the sources, and is folded away as the answer begins: nothing that is looked at moves.
    this.node = el("article", { class: "turn" }, this.#heading, this.#sourcesNode, this.#progress.node, this.#answer.node,
      this.#connection, this.#ending, this.#related);
    this.#setQuestion(question);
  }

  /** A turn whose run goes on: its sources have their room before they are known. */
  static running(question, actions) {
    const turn = new TurnView(question, actions);
    turn.#sourcesNode.hidden = false;
    turn.#sourcesNode.append(el("h3", { class: "label" }, t("sources")),
      el("ul", { class: "cards", "aria-hidden": "true" }, ...Array.from({ length: SOURCES_AWAITED }, () => el("li", {}, el("span", { class: "card" })))));
    return turn;
  }

  /** A finished turn of an older thread. */
  static stored(message, actions) {
    const turn = new TurnView(message.question, { ...actions, say: () => {} });
    turn.#setSources(message.sources ?? []);
    turn.#answer.push(message.answer ?? "");
    for (const citation of message.citations ?? []) turn.#cite(citation);
    turn.#finish({ status: message.status, reason: null, degraded: message.degraded ?? [] });
    return turn;
  }

  get question() {
    return this.#question;
  }

  #setQuestion(question) {
    this.#question = question;
    this.#heading.textContent = question;
  }

  /** Takes one event of the run. */
  handle(type, data) {
    switch (type) {
      case "run":
        this.#setQuestion(data.question);
        break;
      case "plan":
        this.#progress.plan(data);
        break;
      case "step":
        this.#progress.step(data);
        break;
      case "sources":
        this.#setSources(data.sources ?? []);
        break;
      case "delta":
        this.#write(data.text);
        break;
      case "citation":
        this.#cite(data);
        break;
      case "related":
        this.#setRelated(data.questions ?? []);
        break;
      case "usage":
        this.#usage = data;
        break;
      case "done":
        this.#finish(data);
        break;
      case "error":
        this.fail(data);
        break;
    }
  }

  /** Says that the connection is lost, or back. */
  connected(connected) {
    this.#connection.hidden = connected;
    this.#connection.textContent = connected ? "" : t("reconnecting");
  }

  #write(text) {
    if (this.#answer.text === "") {
      this.#actions.say(t("answering", { question: this.#question }));
      this.#progress.fold();
      this.#expectNoSources();
    }
    this.#answer.push(text);
  }

  #cite(citation) {
    const quoted = this.#citations.add(citation, this.#answer.text);
    if (quoted !== null) this.#answer.setQuoted(quoted.start, quoted.end);
  }

  #setSources(sources) {
    this.#sources = sources;
    this.#citations.setSources(sources);
    this.#answer.setSources(sources);
    this.#sourcesNode.hidden = sources.length === 0;
    const cards = sources.map((source) => sourceCard(source, this.#actions.openSource));
    this.#sourcesNode.replaceChildren(el("h3", { class: "label" }, t("sourceCount", { count: sources.length })),
      el("ul", { class: "cards" }, ...cards));
  }

  /** Gives back the room of sources that did not come. */
  #expectNoSources() {
    this.#sourcesNode.hidden = this.#sources.length === 0;
  }

  #setRelated(questions) {
    this.#relatedQuestions = questions;
    const buttons = questions.map((question) =>
      el("li", {}, button({ text: question, name: "plus", className: "related-question", click: () => this.#actions.ask(question) })));
    this.#related.replaceChildren(el("h3", { class: "label" }, t("related")), el("ul", {}, ...buttons));
  }

  /** The run ended with `done`. */
  #finish({ status, reason, degraded }) {
    this.#close();
    const notes = [];
    if (status === "partial") notes.push(partialNotice(reason));
    if (status === "cancelled") notes.push(notice("cancelled", t("doneCancelledNote")));
    if (status === "error" || status === "failed") notes.push(notice("error", t("doneError")));
    if (this.#answer.text === "" && status === "complete") notes.push(el("p", { class: "hint" }, t("emptyAnswer")));
    this.#ending.replaceChildren(...notes, ...degradedNote(degraded, { sourced: this.#sources.length > 0 }), this.#footer(status !== "complete"));
    this.#related.hidden = this.#relatedQuestions.length === 0;
    if (status === "complete") this.#actions.say(t("answered"));
  }

  /** The run ended in an error, or (without a code) could not be followed. `retry` replaces asking the same question again. */
  fail(failure, retry) {
    this.#close();
    this.connected(true);
    const again = button({ text: t("retry"), name: "retry", className: "solid", click: retry ?? (() => this.#actions.ask(this.#question)) });
    const box = failureBox(failure, failure.retryable === false ? null : again);
    this.#ending.replaceChildren(box, ...(this.#answer.text === "" ? [] : [this.#footer(false)]));
  }

  /** The connection was given up, but the run may go on: `resume` follows it again. */
  lost(resume) {
    this.connected(true);
    const again = button({ text: t("retry"), name: "retry", className: "solid", click: resume });
    this.#ending.replaceChildren(failureBox({ message: t("connectionLost") }, again));
  }

  #close() {
    this.#answer.finish();
    this.#expectNoSources();
    this.#progress.finish(this.#summary());
    this.connected(true);
  }

  #summary() {
    const usage = this.#usage;
    if (usage === null) return {};
    const did = [
      usage.searches > 0 ? t("searchCount", { count: usage.searches }) : null,
      usage.pages_opened > 0 ? t("pageCount", { count: usage.pages_opened }) : null,
    ].filter(Boolean).join(" · ");
    return { did, took: Number.isFinite(usage.seconds) ? formatDuration(usage.seconds * 1000) : null };
  }

  #footer(retry) {
    const counts = this.#citations.counts();
    const badges = SUPPORT.filter((support) => counts.has(support)).map((support) =>
      el("span", { class: "count" }, supportBadge(support), el("span", { class: "count-number" }, formatNumber(counts.get(support)))));
    const usage = this.#usage;
    const spent = [
      usage?.total_tokens > 0 ? t("tokenCount", { count: usage.total_tokens }) : null,
      usage?.cost ? formatCost(usage.cost) : null,
    ].filter(Boolean).join(" · ");
    const copy = copyButton(t("copy"), () => this.#asMarkdown(), this.#actions.say);
    const again = button({ text: t("retry"), name: "retry", click: () => this.#actions.ask(this.#question) });
    return el("footer", { class: "turn-end" }, this.#answer.text === "" ? null : copy, retry ? again : null,
      el("span", { class: "spacer" }), ...badges, spent ? el("span", { class: "spent" }, spent) : null);
  }

  /** The answer with the list of its sources, as Markdown. */
  #asMarkdown() {
    const list = this.#sources.map((source) => [`[${source.index}] ${source.title ?? ""}`, webUrl(source.url)?.href].filter(Boolean).join(" "));
    return [this.#answer.text.trim(), list.join("\n")].filter(Boolean).join("\n\n");
  }
}

function sourceCard(source, open) {
  const card = el("button", { type: "button", class: "card" },
    el("span", { class: "card-top" }, el("span", { class: "card-number" }, String(source.index)),
      icon(source.kind === "file" ? "file" : "globe"), el("span", { class: "card-site" }, siteOf(source))),
    el("span", { class: "card-title" }, source.title || source.url || t("untitled")),
    el("span", { class: "card-date" }, formatDate(source.published_at) ?? ""));
  card.addEventListener("click", () => open(source, null, card));
  return el("li", {}, card);
}
