// The citation marks [n] in an answer: which citation a mark belongs to, and how well its passage supports it.

import { el, icon } from "./dom.js";
import { t } from "./i18n.js";
import { utf16Index } from "./passages.js";

/** What a passage may be to its sentence, best first. */
export const SUPPORT = ["verbatim", "supported", "partial", "unsupported"];
const SUPPORT_ICONS = { verbatim: "quote", supported: "check", partial: "minus", unsupported: "alert", unchecked: "dot" };

// A mark stands in or right after the sentence it belongs to; farther away (UTF-16 units) it belongs to another.
const REACH = 40;

/** The support of a citation as one of the known words; "unchecked" without a citation. */
export function supportOf(citation) {
  return SUPPORT.includes(citation?.support) ? citation.support : "unchecked";
}

/** The visible mark of support: an icon and a word. */
export function supportBadge(support) {
  return el("span", { class: `support support-${support}` }, icon(SUPPORT_ICONS[support]), t(support));
}

/** The marks and citations of one answer. */
export class Citations {
  #sources = new Map();
  #all = [];
  #marks = new Set();
  #open;

  /** `open(source, citation, mark)` is called when a mark is pressed. */
  constructor(open) {
    this.#open = open;
  }

  setSources(sources) {
    this.#sources = new Map(sources.map((source) => [source.index, source]));
  }

  /** How many citations there are of each kind of support. */
  counts() {
    const counts = new Map();
    for (const { citation } of this.#all) {
      const support = supportOf(citation);
      counts.set(support, (counts.get(support) ?? 0) + 1);
    }
    return counts;
  }

  /**
   * Takes a citation, or one that was judged anew in place of it; `text` is the answer so far, in which its sentence stands.
   * Answers with the place `{start, end}` of the source's own words there, or null when it is no quotation.
   */
  add(citation, text) {
    const start = utf16Index(text, citation.start);
    const end = start + utf16Index(text.slice(start), citation.end - citation.start);
    const entry = { citation, start, end, sentence: text.slice(start, end) };
    const known = this.#all.findIndex((other) => other.citation.index === citation.index);
    const [former] = this.#all.splice(known < 0 ? this.#all.length : known, 1, entry);
    const numbers = [citation.source, former?.citation.source];
    for (const mark of this.#marks) {
      if (!mark.node.isConnected) this.#marks.delete(mark);
      else if (numbers.includes(mark.number)) this.#dress(mark);
    }
    return supportOf(citation) === "verbatim" ? { start, end: end - ownMark(entry).length } : null;
  }

  /** The button for the mark of source `number` at the place `at` of the answer, or null without such a source. */
  mark(number, at) {
    const source = this.#sources.get(number);
    if (source === undefined) return null;
    const node = el("button", { type: "button", class: "cite", data: { at: String(at), source: String(number) } });
    const mark = { node, number, at, source };
    node.addEventListener("click", () => this.#open(source, this.#find(number, at), node));
    this.#marks.add(mark);
    this.#dress(mark);
    return node;
  }

  #dress({ node, number, at, source }) {
    const support = supportOf(this.#find(number, at)?.citation);
    const label = t("citation", { number, title: source.title || source.url || "", support: t(support) });
    node.dataset.support = support;
    node.setAttribute("aria-label", label);
    node.title = label;
    const sign = ["verbatim", "partial", "unsupported"].includes(support) ? icon(SUPPORT_ICONS[support]) : null;
    node.replaceChildren(...[String(number), sign].filter((child) => child !== null));
  }

  #find(number, at) {
    let best = null;
    let nearest = REACH + 1;
    for (const entry of this.#all) {
      if (entry.citation.source !== number) continue;
      const distance = at < entry.start ? entry.start - at + REACH / 2 : Math.max(0, at - entry.end);
      if (distance < nearest) {
        best = entry;
        nearest = distance;
      }
    }
    return best;
  }
}

/** The mark of the citation itself at the end of its sentence; brackets before it are the source's. */
function ownMark({ citation, sentence }) {
  const [mark, number] = /\s*[[【](\d{1,3})[\]】]\s*$/.exec(sentence) ?? [""];
  return Number(number) === citation.source ? mark : "";
}
