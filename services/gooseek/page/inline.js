// Turns the inline Markdown of a block (bold, italic, code, links, citation marks) into DOM nodes.
// HTML in it stays text; pictures are reduced to their description. TeX and words quoted from a source stay as they are.

import { el } from "./dom.js";

const CITATION = /[[【](\d{1,3}(?:\s*[,;]\s*\d{1,3})*)[\]】](?!\()/y;
const LINK = /!?\[([^[\]\n]*(?:\[[^[\]\n]*\][^[\]\n]*)*)\]\(\s*<?((?:[^\s<>()]|\([^\s<>()]*\))*)>?(?:\s+"[^"\n]*")?\s*\)/y;
const UNFINISHED_LINK = /!?\[([^[\]\n]*)(?:\](?:\([^)\n]*)?)?$/y;
const UNFINISHED_CITATION = /[[【][\d,;\s]*$/y;
const TRAILING_MARKS = /[*_`~\\]+$/;
const LAST_WORD = /\S{1,24} ?$/;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const EMPHASIS = /(\*\*|__|~~|\*|_)/y;
const TAGS = { "**": "strong", "__": "strong", "~~": "del", "*": "em", "_": "em" };
// What in quoted words is a sign of theirs, not Markdown.
const LITERAL = /[\\*_~[【!$]/;
const TEX_PAIRS = { "\\(": "\\)", "\\[": "\\]", "$$": "$$" };
const LONGEST_TEX = 1000;
const DUNDER = /^__[a-z][a-z\d]*(?:_[a-z\d]+)*__(?!\w)/;
const LONGEST_NAME = 60;
const DEEPEST = 8;

/**
 * The nodes of the lines of one block. `context` is `{cite(number, at), link(address, text), quoted(at), open}`: `cite` makes
 * the node of a citation mark at a place of the answer, or null when there is no such source; `link` makes the nodes of a
 * link, or null when the address leads nowhere; `quoted` tells whether a place is in words quoted from a source; `open` says
 * that more text may follow this block.
 */
export function inlineNodes(lines, context) {
  const text = lines.map((line) => line.text).join("\n");
  const shown = context.open ? text.replace(TRAILING_MARKS, "") : text;
  const starts = [];
  let from = 0;
  for (const line of lines) {
    starts.push(from);
    from += line.text.length + 1;
  }
  const place = (i) => {
    let [line, beyond] = [0, starts.length];
    while (beyond - line > 1) {
      const middle = (line + beyond) >> 1;
      if (starts[middle] <= i) line = middle;
      else beyond = middle;
    }
    return lines[line].at + i - starts[line];
  };
  return new Scanner(shown, context, place).nodes(0, shown.length, context.open, 0);
}

class Scanner {
  #text;
  #context;
  #place;

  constructor(text, context, place) {
    this.#text = text;
    this.#context = context;
    this.#place = place;
  }

  /** The nodes of the text from `i` to `end`; with `open`, what is begun and not closed is closed at the end. */
  nodes(i, end, open, depth) {
    const out = [];
    // Marks that have no closing partner further on: looked for once, not again at every place.
    const missing = new Set();
    let plain = "";
    const put = (node) => {
      const last = node.classList.contains("cite") ? LAST_WORD.exec(plain) : null;
      if (last !== null) plain = plain.slice(0, last.index);
      if (plain !== "") out.push(plain);
      plain = "";
      // A mark stays on the line of the word before it.
      out.push(last === null ? node : el("span", { class: "together" }, last[0], node));
    };
    while (i < end) {
      const found = this.#special(i, end, open, depth, missing);
      if (found === null) {
        plain += this.#text[i];
        i += 1;
      } else if (typeof found.node === "string") {
        plain += found.node;
        i = found.end;
      } else {
        for (const node of [found.node].flat()) {
          if (typeof node === "string") plain += node;
          else put(node);
        }
        i = found.end;
      }
    }
    if (plain !== "") out.push(plain);
    return out;
  }

  #special(i, end, open, depth, missing) {
    const character = this.#text[i];
    if (LITERAL.test(character) && this.#context.quoted(this.#place(i))) return null;
    switch (character) {
      case "$":
        return this.#tex(i, end);
      case "\\":
        return this.#tex(i, end) ?? this.#escape(i, end);
      case "`":
        return this.#code(i, end, open, missing);
      case "\n":
        return this.#text.slice(i - 2, i) === "  " ? { node: el("br"), end: i + 1 } : null;
      case "[":
      case "【":
        return this.#citation(i, end, open) ?? this.#link(i, end, open, depth);
      case "!":
        return this.#text[i + 1] === "[" ? this.#link(i, end, open, depth) : null;
      case "*":
      case "_":
      case "~":
        return this.#emphasis(i, end, open, depth, missing);
      default:
        return null;
    }
  }

  #match(pattern, i, end) {
    pattern.lastIndex = i;
    const match = pattern.exec(this.#text);
    return match !== null && pattern.lastIndex <= end ? match : null;
  }

  #escape(i, end) {
    return i + 1 < end && ESCAPABLE.test(this.#text[i + 1]) ? { node: this.#text[i + 1], end: i + 2 } : null;
  }

  #tex(i, end) {
    const close = this.#texEnd(i, end);
    return close < 0 ? null : { node: el("span", { class: "tex" }, this.#text.slice(i, close)), end: close };
  }

  /** Where the TeX that begins at `i` ends, or -1 when none does: a lone `$` is a sum of money, `\[1\]` an escaped bracket. */
  #texEnd(i, end) {
    const mark = this.#text.slice(i, i + 2);
    const text = this.#text.slice(i, Math.min(end, i + LONGEST_TEX));
    if (Object.hasOwn(TEX_PAIRS, mark)) {
      const close = text.indexOf(TEX_PAIRS[mark], 2);
      return close <= 2 || /^[\d\s]*$/.test(text.slice(2, close)) ? -1 : i + close + 2;
    }
    if (mark[0] !== "$" || /[\w$]/.test(this.#text[i - 1] ?? "")) return -1;
    let close = text.indexOf("$", 1);
    while (close > 0 && text[close - 1] === "\\") close = text.indexOf("$", close + 1);
    return close > 1 && isTex(text.slice(1, close)) && !/\w/.test(text[close + 1] ?? "") ? i + close + 1 : -1;
  }

  #code(i, end, open, missing) {
    const ticks = /`+/y;
    ticks.lastIndex = i;
    const [run] = ticks.exec(this.#text);
    const from = i + run.length;
    let close = missing.has(run) ? -1 : this.#text.indexOf(run, from);
    while (close >= 0 && this.#text[close + run.length] === "`") {
      while (this.#text[close] === "`") close += 1;
      close = this.#text.indexOf(run, close);
    }
    if (close < 0 || close >= end) {
      missing.add(run);
      if (!open) return { node: run, end: from };
      return { node: el("code", {}, this.#text.slice(from, end)), end };
    }
    const code = this.#text.slice(from, close).replace(/\n/g, " ").replace(/^ (.+) $/, "$1");
    return { node: el("code", {}, code), end: close + run.length };
  }

  #citation(i, end, open) {
    const match = this.#match(CITATION, i, end);
    if (match === null) {
      return open && this.#match(UNFINISHED_CITATION, i, end) !== null ? { node: "", end } : null;
    }
    const nodes = match[1].split(/[,;]/).map((number) => this.#context.cite(Number(number), this.#place(i)));
    if (nodes.some((node) => node === null)) return null;
    return { node: nodes, end: i + match[0].length };
  }

  #link(i, end, open, depth) {
    const match = this.#match(LINK, i, end);
    if (match === null) {
      const begun = open ? this.#match(UNFINISHED_LINK, i, end) : null;
      return begun === null ? null : { node: begun[1], end };
    }
    const picture = match[0].startsWith("!");
    const from = i + (picture ? 2 : 1);
    const children = picture || depth >= DEEPEST ? [match[1]] : this.nodes(from, from + match[1].length, false, depth + 1);
    const link = picture ? null : this.#context.link(match[2], children);
    return { node: link ?? children, end: i + match[0].length };
  }

  #emphasis(i, end, open, depth, missing) {
    const match = this.#match(EMPHASIS, i, end);
    if (match === null || depth >= DEEPEST) return null;
    const mark = match[1];
    const from = i + mark.length;
    if (this.#isSign(mark, i) || from >= end || /\s/.test(this.#text[from])) return { node: mark, end: from };
    const close = missing.has(mark) ? -1 : this.#closing(mark, from, end);
    if (close < 0) {
      missing.add(mark);
      if (!open) return { node: mark, end: from };
    }
    const to = close < 0 ? end : close;
    const children = this.nodes(from, to, open && close < 0, depth + 1);
    return { node: el(TAGS[mark], {}, ...children), end: close < 0 ? end : close + mark.length };
  }

  /** Whether a mark is a sign of a name or a sum, as in `snake_case`, `__init__`, `2*3*4` and `2**8`. */
  #isSign(mark, i) {
    const [before, after] = [this.#text[i - 1] ?? "", this.#text[i + mark.length] ?? ""];
    if (mark === "__" && DUNDER.test(this.#text.slice(i, i + LONGEST_NAME))) return true;
    if (mark[0] === "_") return /\w/.test(before);
    const kind = mark === "*" ? /[a-z\d]/i : /\d/;
    return mark[0] === "*" && kind.test(before) && kind.test(after);
  }

  /** Where `mark` closes an emphasis that began before `from`, or -1. Code and escapes in between are skipped. */
  #closing(mark, from, end) {
    for (let i = from; i < end; i += 1) {
      const character = this.#text[i];
      const tex = character === "\\" || character === "$" ? this.#texEnd(i, end) : -1;
      if (tex > 0) {
        i = tex - 1;
      } else if (character === "\\") {
        i += 1;
      } else if (character === "`") {
        const close = this.#text.indexOf("`", i + 1);
        if (close > 0 && close < end) i = close;
      } else if (character === mark[0]) {
        let run = 1;
        while (i + run < end && this.#text[i + run] === character) run += 1;
        const fits = run === mark.length || run === 3 || (run > 3 && run % 2 === mark.length % 2);
        const inWord = character === "_" && /\w/.test(this.#text[i + run] ?? "");
        if (fits && i > from && !/\s/.test(this.#text[i - 1]) && !inWord) return i + (run === 3 ? 3 - mark.length : 0);
        i += run - 1;
      }
    }
    return -1;
  }
}

/** Whether the text between two `$` is TeX and not what stands between two sums of money. */
function isTex(text) {
  if (/^\s|\s$|\*\*|`/.test(text)) return false;
  return /^\d/.test(text) ? /[\\^_=]/.test(text) : !/\s/.test(text) || /[\\^_{}=<>+*/-]/.test(text);
}
