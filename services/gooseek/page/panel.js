// The side panel of a citation: the stored text of its source, scrolled to the passage, with the quote marked.

import { fileAddress, storedText } from "./api.js";
import { supportBadge, supportOf } from "./citations.js";
import { button, el, icon, outsideLink, webUrl } from "./dom.js";
import { formatDate, has, t } from "./i18n.js";
import { locate, passageOf } from "./passages.js";

// Below this width the panel covers the page and keeps the focus inside.
const NARROW = window.matchMedia("(max-width: 1099px)");

export class SourcePanel {
  #dialog;
  #opener = null;
  #request = null;

  constructor(dialog) {
    this.#dialog = dialog;
    dialog.addEventListener("close", () => this.#closed());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && dialog.open && !document.querySelector("dialog:modal")) this.close();
    });
    NARROW.addEventListener("change", () => this.close());
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  #closed() {
    this.#request?.abort();
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Shows `source`; `cited` is `{citation, sentence}` when it was reached through a mark. */
  async open(source, cited, opener) {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    this.#opener = opener;
    const body = el("div", { class: "stored", tabindex: "0", "aria-label": t("storedText") }, el("p", { class: "hint" }, t("loading")));
    this.#dialog.replaceChildren(this.#head(source), ...this.#verdict(source, cited), body);
    if (!this.#dialog.open) {
      if (NARROW.matches) this.#dialog.showModal();
      else this.#dialog.show();
    }
    this.#dialog.querySelector(".panel-close").focus();
    try {
      const stored = await storedText(source, signal);
      if (!signal.aborted) this.#fill(body, stored, source, cited?.citation.quote);
    } catch (error) {
      if (signal.aborted) return;
      const gone = error.status === 404;
      const note = el("p", { class: gone ? "hint" : "problem" }, gone ? t("storedTextGone") : error.message);
      body.replaceChildren(note, ...passageAlone(passageOf(source, cited?.citation.quote)));
    }
  }

  #head(source) {
    const url = webUrl(source.url);
    const dates = [
      formatDate(source.published_at) && t("published", { date: formatDate(source.published_at) }),
      formatDate(source.fetched_at) && t("fetched", { date: formatDate(source.fetched_at) }),
    ].filter(Boolean);
    return el("header", { class: "panel-head" },
      el("div", { class: "panel-top" },
        el("span", { class: "panel-kind" }, icon(source.kind === "file" ? "file" : "globe"), `[${source.index}] ${siteOf(source)}`),
        button({ label: t("closePanel"), name: "close", className: "icon-button panel-close", click: () => this.close() })),
      el("h2", { id: "panel-title" }, source.title || source.url || t("untitled")),
      el("p", { class: "panel-meta" }, dates.join(" · ")),
      url === null ? null : outsideLink(url, { class: "panel-link" }, icon("open"), `${t("openOriginal")} (${url.host})`),
      source.kind === "file" && source.file_id ? fileLinks(source.file_id) : null);
  }

  #verdict(source, cited) {
    if (!cited) return [];
    const support = supportOf(cited.citation);
    const { judged_by: judge } = cited.citation;
    return [el("section", { class: `verdict verdict-${support}` },
      supportBadge(support),
      el("p", {}, t(`${support}Note`), support !== "verbatim" && has(`judge_${judge}`) ? ` ${t(`judge_${judge}`)}` : null),
      el("p", { class: "verdict-sentence" }, el("span", { class: "label" }, t("citedSentence")), readable(cited.sentence, support)))];
  }

  #fill(body, stored, source, quote) {
    if (stored === null) {
      body.replaceChildren(el("p", { class: "hint" }, t("noStoredText")), ...passageAlone(passageOf(source, quote)));
      return;
    }
    const text = String(stored.text ?? "");
    const found = locate(text, source, quote);
    const where = placeOf(found.shown);
    const content = el("div", { class: "stored-text" }, ...highlighted(text, found));
    const missing = found.passage === null && found.shown !== null ? [el("p", { class: "hint" }, t("passageMissing")), ...passageAlone(found.shown)] : [];
    if (where !== null) body.before(el("p", { class: "place" }, where));
    body.replaceChildren(...missing, content);
    const mark = content.querySelector("mark.quote") ?? content.querySelector("mark");
    if (mark === null) return;
    const offset = mark.getBoundingClientRect().top - body.getBoundingClientRect().top;
    body.scrollTop += offset - body.clientHeight / 4;
  }
}

/** The links that open and save a file as it was added. */
function fileLinks(id) {
  return el("p", { class: "panel-links" },
    el("a", { class: "panel-link", href: fileAddress(id), target: "_blank", rel: "noopener" }, icon("open"), t("openFile")),
    el("a", { class: "panel-link", href: fileAddress(id, { download: true }), download: "" }, icon("download"), t("download")));
}

/** Where a source is from: its site or the name of its file, else the host of its address. */
export function siteOf(source) {
  if (source.kind === "file") return source.site && source.site !== source.title ? source.site : t("file");
  return source.site || webUrl(source.url)?.host || "";
}

/** The page and heading of a passage, or null. */
export function placeOf(passage) {
  const parts = [
    Number.isInteger(passage?.page) ? t("page", { page: passage.page }) : null,
    passage?.heading || null,
  ].filter(Boolean);
  return parts.length === 0 ? null : parts.join(" · ");
}

/** A sentence of the answer without its marks; the source's own words keep every sign. */
function readable(sentence, support) {
  if (support === "verbatim") return sentence.replace(/\s*[[【]\d{1,3}[\]】]\s*$/, "").trim();
  return sentence.replace(/\s*\[\d+\]/g, "").replace(/^\s*(?:[-*+>]|#+|\d+[.)])\s+/, "").replace(/[*`]+/g, "").trim();
}

function passageAlone(passage) {
  return passage?.text ? [el("blockquote", { class: "passage-alone" }, passage.text)] : [];
}

function highlighted(text, { passage, quote }) {
  if (passage === null) return [text];
  const inside = quote === null
    ? [text.slice(passage.start, passage.end)]
    : [text.slice(passage.start, quote.start), el("mark", { class: "quote" }, text.slice(quote.start, quote.end)), text.slice(quote.end, passage.end)];
  return [text.slice(0, passage.start), el("mark", { class: "passage" }, ...inside), text.slice(passage.end)];
}
