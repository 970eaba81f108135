// The text of an answer while it is written: Markdown rendered block by block. Only the last block, which may still
// grow, is rendered again, at most once a frame; each finished sentence is handed on to be spoken. Words quoted from a
// source are shown as they are there: their signs are no Markdown.

import { copyButton, el, outsideLink, webUrl } from "./dom.js";
import { t } from "./i18n.js";
import { inlineNodes } from "./inline.js";
import { blocksOf, linesOf } from "./markdown.js";

// A longer address stands beside its link cut short.
const LONGEST_ADDRESS = 60;
const SENTENCE_END = /[.!?…。！？]["'”»)\]]*(?:\s*\[\d+\])*(?:\s|$)|\n/g;

export class AnswerView {
  #text = "";
  #settled = 0;
  #spoken = 0;
  #tail = [];
  #open = true;
  #frame = null;
  #mark;
  #addresses = new Map();
  #quoted = [];
  #onSentence;

  /** `mark(number, at)` makes the node of a citation mark, or null; `onSentence(text)` is told of each whole sentence. */
  constructor({ mark, onSentence }) {
    this.node = el("div", { class: "answer" });
    this.#mark = mark;
    this.#onSentence = onSentence;
  }

  get text() {
    return this.#text;
  }

  push(text) {
    this.#text += text;
    this.#frame ??= requestAnimationFrame(() => this.#render());
  }

  /** The sources that the answer may link to; what is already written is read again with them. */
  setSources(sources) {
    this.#addresses = new Map(sources.map((source) => [webUrl(source.url)?.href, source]));
    if (this.#text !== "") this.#again();
  }

  /** The text from `start` to `end` is quoted from a source, word for word. */
  setQuoted(start, end) {
    this.#quoted.push({ start, end });
    if (start >= this.#settled) this.push("");
    else this.#again();
  }

  /** Reads all that is written again. */
  #again() {
    this.#tail = [...this.node.childNodes];
    this.#settled = 0;
    this.push("");
  }

  /** No more text comes. */
  finish() {
    this.#open = false;
    this.#render();
  }

  #render() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const focused = this.#tail.some((node) => node.contains(document.activeElement)) ? document.activeElement.dataset.at : null;
    for (const node of this.#tail) node.remove();
    this.#tail = [];
    const blocks = blocksOf(this.#lines(), this.#open);
    blocks.forEach((block, index) => {
      const last = index === blocks.length - 1;
      const node = this.#block(block, this.#open && last);
      this.node.append(node);
      if (!last) return;
      this.#tail = [node];
      this.#settled = block.at;
    });
    if (focused !== null && focused !== undefined) this.node.querySelector(`[data-at="${Number(focused)}"]`)?.focus();
    this.#speak();
  }

  /** The lines that are not settled; "- 5 °C" at the start of quoted words is no list. */
  #lines() {
    const sentences = new Set(this.#quoted.filter(({ start, end }) => !this.#text.slice(start, end).trim().includes("\n")).map(({ start }) => start));
    return linesOf(this.#text.slice(this.#settled), this.#settled).map((line) => (sentences.has(line.at) ? { ...line, plain: true } : line));
  }

  #speak() {
    const rest = this.#text.slice(this.#spoken);
    let end = this.#open ? 0 : rest.length;
    if (this.#open) for (const match of rest.matchAll(SENTENCE_END)) end = match.index + match[0].length;
    // The last sign may be a decimal point: "3." and then "5".
    if (this.#open && end === rest.length && !/\s$/.test(rest)) return;
    if (end === 0) return;
    this.#spoken += end;
    const sentence = rest.slice(0, end).replace(/\s*\[\d+\]/g, "").replace(/[*_`#>|]+/g, " ").replace(/\s+/g, " ").trim();
    if (sentence !== "") this.#onSentence(sentence);
  }

  #inline(lines, open) {
    return inlineNodes(lines, {
      open, cite: this.#mark, link: (address, children) => this.#link(address, children),
      quoted: (at) => this.#quoted.some(({ start, end }) => start <= at && at < end),
    });
  }

  /** Only the address of a source of this answer becomes a link, and says where it leads; of others the address is shown. */
  #link(address, children) {
    const url = webUrl(address);
    if (url === null) return null;
    if (this.#addresses.has(url.href)) return [outsideLink(url, { class: "source-link" }, ...children), el("span", { class: "host" }, ` (${url.host})`)];
    const whole = url.href.replace(/^https?:\/\//, "").replace(/\/$/, "");
    const shown = whole.length > LONGEST_ADDRESS ? `${whole.slice(0, LONGEST_ADDRESS)}…` : whole;
    return [...children, el("span", { class: "host", title: url.href }, ` (${shown})`)];
  }

  #blocks(blocks, open) {
    return blocks.map((block, index) => this.#block(block, open && index === blocks.length - 1));
  }

  #block(block, open) {
    switch (block.type) {
      case "heading":
        // The question is the heading above: those of the answer stand below it.
        return el(`h${Math.min(block.level + 2, 6)}`, {}, ...this.#inline(block.lines, open));
      case "code":
        return codeBox(block, this.#onSentence);
      case "tex":
        return el("pre", { class: "tex", tabindex: "0" }, block.tex);
      case "rule":
        return el("hr");
      case "quote":
        return el("blockquote", {}, ...this.#blocks(block.blocks, open));
      case "list":
        return this.#list(block, open);
      case "table":
        return this.#table(block, open);
      default:
        return el("p", {}, ...this.#inline(block.lines, open));
    }
  }

  #list({ ordered, first, items }, open) {
    const nodes = items.map((blocks, index) => {
      const own = open && index === items.length - 1;
      const tight = blocks.length > 0 && blocks[0].type === "paragraph";
      const head = tight ? this.#inline(blocks[0].lines, own && blocks.length === 1) : [];
      return el("li", {}, ...head, ...this.#blocks(tight ? blocks.slice(1) : blocks, own));
    });
    return ordered ? el("ol", { start: first === 1 ? null : first }, ...nodes) : el("ul", {}, ...nodes);
  }

  #table({ head, align, rows }, open) {
    const cell = (tag, line, column, last) =>
      el(tag, { class: `align-${align[column] ?? "left"}`, scope: tag === "th" ? "col" : null }, ...this.#inline([line], last));
    const headRow = el("tr", {}, ...head.map((line, column) => cell("th", line, column, open)));
    const bodyRows = rows.map((row, index) =>
      el("tr", {}, ...row.map((line, column) => cell("td", line, column, open && index === rows.length - 1))));
    const table = el("table", {}, el("thead", {}, headRow), el("tbody", {}, ...bodyRows));
    return el("div", { class: "table-scroll", tabindex: "0" }, table);
  }
}

/** A block of code with the name of its language and a button that copies it. */
function codeBox({ language, code }, say) {
  return el("div", { class: "code-box" },
    el("div", { class: "code-head" }, el("span", {}, language), copyButton(t("copyCode"), () => code, say)),
    el("pre", { tabindex: "0" }, el("code", {}, code)));
}
