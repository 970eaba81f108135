// Finds passages and quotes in stored text. The server counts places in Unicode scalar values; JavaScript strings
// count UTF-16 units: every place from the server goes through `utf16Index`.

/** The UTF-16 place of the `count`-th character of `text`, or the end of the text if it is shorter. */
export function utf16Index(text, count) {
  let index = 0;
  for (let passed = 0; passed < count && index < text.length; passed += 1) {
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/**
 * Where to highlight in the stored `text` of `source`: `{passage, quote, shown}` with ranges `{start, end}` in UTF-16
 * units, or null where nothing was found; `shown` is the passage as the server gave it. Without a quote, the first passage.
 */
export function locate(text, source, quote) {
  const shown = passageOf(source, quote);
  if (shown === null) return { passage: null, quote: null, shown };
  const passage = passageRange(text, shown);
  if (passage === null || !quote) return { passage, quote: null, shown };
  const inner = findLoosely(text.slice(passage.start, passage.end), quote);
  const range = inner === null ? null : { start: passage.start + inner.start, end: passage.start + inner.end };
  return { passage, quote: range, shown };
}

/** The passage of `source` that holds `quote`, else its first one; null when it has none. */
export function passageOf(source, quote) {
  const passages = source.passages ?? [];
  const holder = quote ? passages.find((passage) => findLoosely(passage.text ?? "", quote) !== null) : undefined;
  return holder ?? passages[0] ?? null;
}

function passageRange(text, passage) {
  if (Number.isInteger(passage.start) && passage.end > passage.start) {
    const start = utf16Index(text, passage.start);
    const range = { start, end: start + utf16Index(text.slice(start), passage.end - passage.start) };
    const found = text.slice(range.start, range.end);
    if (!passage.text || squeeze(found) === squeeze(passage.text)) return range;
  }
  return findLoosely(text, passage.text ?? "");
}

function squeeze(text) {
  return text.replace(/\s+/g, " ").trim();
}

/** The first place of `wanted` in `text`, where white space, letter case and Markdown signs between words may differ. */
export function findLoosely(text, wanted) {
  const words = wanted.split(/[\s*_`|>#]+/).filter(Boolean);
  if (words.length === 0) return null;
  const exact = text.indexOf(wanted);
  if (exact >= 0) return { start: exact, end: exact + wanted.length };
  const pattern = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("[\\s*_`|>#]+");
  const match = new RegExp(pattern, "iu").exec(text);
  return match === null ? null : { start: match.index, end: match.index + match[0].length };
}
