// The text of an answer while it is written: Markdown rendered block by block. Only the last block, which may still
// grow, is rendered again, at most once a frame; each finished sentence is handed on to be spoken.

import { el, outsideLink, webUrl } from "./dom.js";
import { inlineNodes } from "./inline.js";
import { blocksOf, linesOf } from "./markdown.js";

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
    if (this.#text === "") return;
    this.node.replaceChildren();
    this.#tail = [];
    this.#settled = 0;
    this.#render();
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
    const blocks = blocksOf(linesOf(this.#text.slice(this.#settled), this.#settled), this.#open);
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
    return inlineNodes(lines, { open, cite: this.#mark, link: (address, children) => this.#link(address, children) });
  }

  /** Only the address of a source of this answer becomes a link, and says where it leads. */
  #link(address, children) {
    const url = webUrl(address);
    if (url === null || !this.#addresses.has(url.href)) return null;
    return [outsideLink(url, { class: "source-link" }, ...children), el("span", { class: "host" }, ` (${url.host})`)];
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
        return el("pre", { tabindex: "0", data: { language: block.language } }, el("code", {}, block.code));
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
