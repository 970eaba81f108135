// Reads the Markdown of an answer into blocks: headings, paragraphs, lists, quotes, tables, rules and fences.
// Each line keeps the place where its text starts in the answer, so that a citation mark can be found again.

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*))?$/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const TEX = /^ {0,3}(\$\$|\\\[|\\begin\{([a-z]+\*?)\})/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|(\d{1,9})[.)])( +|$)/;
const DELIMITER_ROW = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const UNFINISHED_DELIMITER_ROW = /^[\s|:-]*$/;

// Deeper nesting than this is read as plain text: no answer needs it, and hostile text must not exhaust the stack.
const DEEPEST = 8;
// Lines that a formula may have: its end is looked for no further.
const LONGEST_TEX = 60;

/** The lines `{text, at}` of `text`, the first of which starts at the place `at` of the answer. */
export function linesOf(text, at) {
  const lines = [];
  for (const line of text.split("\n")) {
    lines.push({ text: line.endsWith("\r") ? line.slice(0, -1) : line, at });
    at += line.length + 1;
  }
  return lines;
}

/**
 * The blocks of `lines`, in order; each has a `type` and `at`, where its first line starts. A line that is `plain` begins
 * with words, whatever they look like. With `open`, the text is still growing, and a table that has only begun counts as one.
 */
export function blocksOf(lines, open, depth = 0) {
  const blocks = [];
  let next = 0;
  while (next < lines.length) {
    if (isBlank(lines[next])) {
      next += 1;
      continue;
    }
    const read = reader(lines, next, open, depth);
    const { block, end } = read(lines, next, open, depth);
    blocks.push({ ...block, at: lines[next].at });
    next = end;
  }
  return blocks;
}

function isBlank(line) {
  return line.text.trim() === "";
}

function reader(lines, start, open, depth) {
  const { text, plain } = lines[start];
  if (plain) return readParagraph;
  if (FENCE.test(text)) return readFence;
  if (texEnd(lines, start, open) > 0) return readTex;
  if (HEADING.test(text)) return readHeading;
  if (RULE.test(text)) return readRule;
  if (depth < DEEPEST && QUOTE.test(text)) return readQuote;
  if (depth < DEEPEST && ITEM.test(text)) return readList;
  if (startsTable(lines, start, open)) return readTable;
  return readParagraph;
}

function readFence(lines, start) {
  const [, fence, language] = FENCE.exec(lines[start].text);
  const closing = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  let end = start + 1;
  while (end < lines.length && !closing.test(lines[end].text)) end += 1;
  const code = lines.slice(start + 1, end).map((line) => line.text).join("\n");
  return { block: { type: "code", language, code }, end: Math.min(end + 1, lines.length) };
}

/** The line after the formula that begins at `start`, or -1: one that stands in lines of its own is no Markdown. */
function texEnd(lines, start, open) {
  const begun = TEX.exec(lines[start].text);
  if (begun === null) return -1;
  const [whole, mark, environment] = begun;
  const closing = environment !== undefined ? `\\end{${environment}}` : mark === "$$" ? "$$" : "\\]";
  const last = Math.min(lines.length, start + LONGEST_TEX);
  for (let at = start; at < last; at += 1) {
    if (at > start && isBlank(lines[at])) return -1;
    const rest = at === start ? lines[at].text.slice(whole.length) : lines[at].text;
    const close = rest.indexOf(closing);
    if (close < 0) continue;
    const isNumber = at === start && /^[\d\s]*$/.test(rest.slice(0, close));
    return !isNumber && /^[.,;]?\s*$/.test(rest.slice(close + closing.length)) ? at + 1 : -1;
  }
  return open && last === lines.length ? last : -1;
}

function readTex(lines, start, open) {
  const end = texEnd(lines, start, open);
  return { block: { type: "tex", tex: lines.slice(start, end).map((line) => line.text).join("\n") }, end };
}

function readHeading(lines, start) {
  const { text, at } = lines[start];
  const [whole, marks, content = ""] = HEADING.exec(text);
  const line = { text: content.replace(/\s+#+\s*$/, ""), at: at + whole.length - content.length };
  return { block: { type: "heading", level: marks.length, lines: [line] }, end: start + 1 };
}

function readRule(_lines, start) {
  return { block: { type: "rule" }, end: start + 1 };
}

function readQuote(lines, start, open, depth) {
  const inner = [];
  let end = start;
  while (end < lines.length && QUOTE.test(lines[end].text)) {
    inner.push(cut(lines[end], QUOTE.exec(lines[end].text)[0].length));
    end += 1;
  }
  return { block: { type: "quote", blocks: blocksOf(inner, open && end === lines.length, depth + 1) }, end };
}

function cut(line, length) {
  return { text: line.text.slice(length), at: line.at + length };
}

/** Reads the items of one list. What belongs to an item is indented deeper than its mark, or follows it at once. */
function readList(lines, start, open, depth) {
  const [, indent, , number] = ITEM.exec(lines[start].text);
  const ordered = number !== undefined;
  const items = [];
  let end = start;
  while (end < lines.length && continuesList(lines[end], indent.length, ordered)) {
    const item = readItem(lines, end, indent.length);
    items.push(item.lines);
    end = item.end;
  }
  const blocks = items.map((item, index) => blocksOf(item, open && end === lines.length && index === items.length - 1, depth + 1));
  return { block: { type: "list", ordered, first: ordered ? Number(number) : 1, items: blocks }, end };
}

function continuesList(line, indent, ordered) {
  const mark = ITEM.exec(line.text);
  if (mark === null || RULE.test(line.text)) return false;
  return Math.abs(mark[1].length - indent) <= 1 && (mark[3] !== undefined) === ordered;
}

function readItem(lines, start, indent) {
  const mark = ITEM.exec(lines[start].text)[0];
  const own = [cut(lines[start], mark.length)];
  let end = start + 1;
  let filled = start;
  while (end < lines.length) {
    const line = lines[end];
    const spaces = /^ */.exec(line.text)[0].length;
    if (isBlank(line)) {
      while (filled < lines.length && (filled <= end || isBlank(lines[filled]))) filled += 1;
      const after = lines[filled];
      if (after === undefined) break;
      const inside = /^ */.exec(after.text)[0].length > indent + 1;
      if (!inside && !ITEM.test(after.text)) break;
    } else if (spaces <= indent + 1 && (startsBlock(line) || isBlank(lines[end - 1]))) {
      break;
    }
    own.push(cut(line, Math.min(spaces, mark.length)));
    end += 1;
  }
  return { lines: own, end };
}

function startsBlock({ text }) {
  return FENCE.test(text) || HEADING.test(text) || RULE.test(text) || QUOTE.test(text) || ITEM.test(text);
}

function startsTable(lines, start, open) {
  if (!lines[start].text.includes("|")) return false;
  const second = lines[start + 1];
  if (second !== undefined && DELIMITER_ROW.test(second.text)) {
    return cellsOf(lines[start]).length === cellsOf(second).length || (open && start + 2 === lines.length);
  }
  const begun = second === undefined || (start + 2 === lines.length && UNFINISHED_DELIMITER_ROW.test(second.text));
  return open && begun && lines[start].text.trimStart().startsWith("|");
}

function readTable(lines, start) {
  const head = cellsOf(lines[start]);
  const align = lines[start + 1] === undefined ? [] : cellsOf(lines[start + 1]).map(alignment);
  const rows = [];
  let end = Math.min(start + 2, lines.length);
  while (end < lines.length && !isBlank(lines[end]) && lines[end].text.includes("|")) {
    rows.push(cellsOf(lines[end]).slice(0, head.length));
    end += 1;
  }
  return { block: { type: "table", head, align, rows }, end };
}

function alignment({ text }) {
  if (/^:-+:$/.test(text)) return "center";
  return /-:$/.test(text) ? "right" : "left";
}

/** The cells of a table row as lines, split at each `|` that is neither escaped nor in code. */
function cellsOf({ text, at }) {
  const cells = [];
  let from = 0;
  let inCode = false;
  for (let i = 0; i <= text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`") inCode = !inCode;
    else if (i === text.length || (text[i] === "|" && !inCode)) {
      const raw = text.slice(from, i);
      cells.push({ text: raw.trim(), at: at + from + raw.length - raw.trimStart().length });
      from = i + 1;
    }
  }
  if (cells.length > 0 && cells[0].text === "" && text.trimStart().startsWith("|")) cells.shift();
  if (cells.length > 1 && cells.at(-1).text === "") cells.pop();
  return cells;
}

function readParagraph(lines, start, open) {
  let end = start + 1;
  while (end < lines.length && !isBlank(lines[end]) && !interruptsParagraph(lines, end, open)) end += 1;
  const own = lines.slice(start, end).map((line) => cut(line, /^\s*/.exec(line.text)[0].length));
  return { block: { type: "paragraph", lines: own }, end };
}

/** Only a list that starts with a bullet or at 1 may follow a paragraph at once: "in\n1984. Then" is no list. */
function interruptsParagraph(lines, at, open) {
  if (lines[at].plain) return false;
  const item = ITEM.exec(lines[at].text);
  if (item !== null && !RULE.test(lines[at].text)) return item[4] !== "" && (item[3] === undefined || item[3] === "1");
  return startsBlock(lines[at]) || texEnd(lines, at, open) > 0 || startsTable(lines, at, open && lines[at + 1] !== undefined);
}
