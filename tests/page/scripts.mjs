// What the mock server says: sources with their stored text, and the events of a run, by what the question contains.

import { PAYLOADS } from "./payloads.mjs";

/** The number of Unicode scalar values of `text`, in which the contract counts. */
export const chars = (text) => [...text].length;

// The stored texts begin with characters outside the basic plane: a reader that counts UTF-16 units points beside the passage.
const FORMATION = `🪿🪿 Formation flight

Large birds such as geese often travel in a V. Each bird's wing leaves a spiral of air behind its tip, and the outer part of that spiral rises.

## What a follower gains

A bird that flies a little behind and to the side of another can place its own wing in rising air. In a study of northern bald ibises, each bird kept close to the position that theory predicts, and timed its wing beats to follow the path of the bird ahead.

Heart rates of pelicans flying in formation were 11–14 % lower than those of birds flying alone, mainly because they glided more often.

## Leading

The bird in front gains least. Ibises changed the lead often, and pairs gave each other about the same time in front.
`;

const HANDBOOK = `Field handbook 🦆

Section 4. Counting flocks

A flock in a V is counted from one end to the other. ${"Note the time, the wind and the height above ground. ".repeat(40)}

Section 7. Formation

The angle of a V varies between flocks and within one flight; angles between 27° and 45° were measured most often.
`;

const HEART_RATES = "Heart rates of pelicans flying in formation were 11–14 % lower than those of birds flying alone, mainly because they glided more often.";

// The cited sentence stands here twice; only its place tells which one was cited.
const PELICANS = `Abstract 🐦. ${HEART_RATES}\n\nResults. Pelicans were trained to follow a boat. ${HEART_RATES} 𝐕-shapes were measured with a camera.`;

const PATTERNS = `Patterns ✱

When deep matching is on, the pattern ** matches all files and any number of folders.
Set the variable my_long_name or __init__ before the start; the path is C:\\temp\\new\\*.log on Windows.
The van passes the stops [3,1,2] and [1] in this order.
`;

// Sentences of an extract: the source's own words, whose stars, lines, slashes and brackets are theirs.
const EXTRACT = PATTERNS.split("\n").slice(2, 5).map((sentence, at) => [`${at > 0 ? " " : ""}${sentence} [1]`, 1, "verbatim", sentence]);

const FORMULAS = `The mean $\\bar{x}_n = a_1*b_1 + a_2*b_2$ and \\(x_i*y_i\\) cost $5 or **more than $6**; \\*not emphasis\\*.

\\[
\\sum_{i=1}^{n} x_i
- y_i * z_i
\\]

$$E = mc^2$$

1. Run:

   \`\`\`sh
   grep -r "**" --include=*.md | sed 's/__a__/\\1/'
   \`\`\`

2. See [the manual](https://manual.example/install?step=2#third), [home](https://birds.example/formation) and \`**kwargs\`.
`;

export const STORED = new Map([
  ["snap-4", { title: "Patterns", url: "https://patterns.example/", fetched_at: "2026-11-18T09:30:00Z", text: PATTERNS }],
  ["snap-1", { title: "Why birds fly in formation", url: "https://birds.example/formation", fetched_at: "2026-11-18T09:30:00Z", text: FORMATION }],
  ["snap-2", { title: "Energy saving in flight formation", url: "https://journal.example/pelicans", fetched_at: "2026-11-18T09:30:01Z", text: PELICANS }],
  ["file-3", { title: "field-handbook.pdf", url: null, fetched_at: "2026-11-02T08:00:00Z", text: HANDBOOK }],
]);

/** A passage of `stored` that is `text`, at its last place. */
function passage(stored, text, more = {}) {
  const at = stored.lastIndexOf(text);
  if (at < 0) throw new Error(`no such passage: ${text}`);
  const start = chars(stored.slice(0, at));
  return { text, start, end: start + chars(text), page: null, heading: null, ...more };
}

const source = (index, more) => ({ index, kind: "web", url: null, title: "", site: null, published_at: null, fetched_at: null, snapshot_id: null, file_id: null, passages: [], ...more });

const SOURCES = [
  source(1, { url: "https://birds.example/formation", title: "Why birds fly in formation", site: "birds.example", published_at: "2025-04-12T00:00:00Z", fetched_at: "2026-11-18T09:30:00Z", snapshot_id: "snap-1", passages: [
    passage(FORMATION, "A bird that flies a little behind and to the side of another can place its own wing in rising air. In a study of northern bald ibises, each bird kept close to the position that theory predicts, and timed its wing beats to follow the path of the bird ahead.", { heading: "What a follower gains" }),
    passage(FORMATION, "The bird in front gains least. Ibises changed the lead often, and pairs gave each other about the same time in front.", { heading: "Leading" })] }),
  source(2, { url: "https://journal.example/pelicans", title: "Energy saving in flight formation", site: "journal.example", published_at: "2001-10-18T00:00:00Z", fetched_at: "2026-11-18T09:30:01Z", snapshot_id: "snap-2", passages: [
    passage(PELICANS, HEART_RATES)] }),
  source(3, { kind: "file", title: "Field handbook", site: "field-handbook.pdf", fetched_at: "2026-11-02T08:00:00Z", file_id: "file-3", passages: [
    passage(HANDBOOK, "The angle of a V varies between flocks and within one flight; angles between 27° and 45° were measured most often.", { page: 12, heading: "Section 7. Formation" })] }),
];

// Pieces of the answer: text, and for a cited sentence the source, its support and the quote.
const ANSWER = [
  ["Geese fly in a **V** because the air behind a wing tip rises: "],
  ["a bird a little behind and to the side of another places its wing in that rising air and spends less effort [1]. ", 1, "supported", "can place its own wing in rising air"],
  ["The saving is measurable: pelicans in formation had heart rates **11–14 % lower** than pelicans flying alone [2].", 2, "supported", "11–14 % lower than those of birds flying alone"],
  ["\n\n### Who flies in front\n\n"],
  ["- The bird in front gains least, so the lead changes often [1].\n", 1, "supported", "Ibises changed the lead often"],
  ["- Every bird leads for exactly one minute [1].\n\n", 1, "unsupported", "pairs gave each other about the same time in front"],
  ["| Measure | Value |\n|---|--:|\n| Heart rate | −11 to −14 % |\n| Angle of the V | 27° to 45° |\n\n"],
  ["The angle is not fixed; most flocks keep between 27° and 45° and hold it for the whole flight [3].", 3, "partial", "angles between 27° and 45° were measured most often"],
  [" See [the overview](https://birds.example/formation), or the `field-handbook.pdf`. 🪿"],
];

const QUOTED = [source(1, { url: "https://patterns.example/", title: "Patterns", site: "patterns.example", fetched_at: "2026-11-18T09:30:00Z", snapshot_id: "snap-4", passages: [passage(PATTERNS, PATTERNS.split("\n").slice(2, 5).join("\n"))] }),
  source(2, { url: "https://birds.example/formation", title: "Why birds fly in formation" })];

const UNOPENED = "web: none of 10 pages could be opened (http_403 ×6, timeout_total ×3, http_418 ×1)";

const OFFLINE = "web: every search engine failed (wikipedia: unreachable, wikidata: unreachable)";

const RELATED = ["How do geese decide who leads?", "Do all migrating birds fly in a V?", "How far can a goose fly in a day?"];

const step = (id, kind, status, title, more = {}) => ["step", { id, kind, status, title, ...more }];

function research(question, sources) {
  return [
    ["plan", { question, language: "en", intent: "explain", sources: ["web", "files"], queries: ["why geese fly in V formation", "energy saving formation flight heart rate"], round: 1 }],
    step("s1", "search", "started", "Searching the web", { query: "why geese fly in V formation" }),
    step("s2", "retrieve", "started", "Looking through the handbook"),
    step("s2", "retrieve", "done", "Looking through the handbook", { count: 4, ms: 12 }),
    step("s1", "search", "done", "Searching the web", { query: "why geese fly in V formation", count: 18, ms: 431 }),
    step("s3", "open", "started", "Opening a page", { url: "https://birds.example/formation" }),
    step("s4", "open", "started", "Opening a page", { url: "https://slow.example/flight" }),
    step("s3", "open", "done", "Opening a page", { url: "https://birds.example/formation", ms: 166 }),
    step("s4", "open", "failed", "Opening a page", { url: "https://slow.example/flight", ms: 900, error: "no answer in time" }),
    ["sources", { sources }],
    step("s5", "write", "started", "Writing"),
  ];
}

/** The deltas and citations of `pieces`; offsets are counted over the whole text. */
function writing(pieces) {
  const events = [];
  let text = "";
  let index = 0;
  for (const [piece, number, support, quote] of pieces) {
    const start = chars(text);
    for (const part of piece.match(/[^]{1,14}/gu)) events.push(["delta", { text: part }]);
    text += piece;
    if (number === undefined) continue;
    index += 1;
    const end = start + chars(piece.trimEnd());
    events.push(["citation", { index, source: number, start, end, quote, support, score: support === "supported" ? 0.92 : 0.4 }]);
  }
  return events;
}

const usage = ["usage", { prompt_tokens: 2810, completion_tokens: 216, total_tokens: 3026, cost: { amount: 0.0021, currency: "USD" }, searches: 1, pages_opened: 2, seconds: 1.84 }];
const done = (status, reason = null, degraded = []) => ["done", { status, reason, degraded, budget: {} }];

/** The events of the run of `question` after `run`. A question with "slow" waits to be stopped after its first words. */
export function script(question) {
  if (question.includes("xss")) return hostile(question);
  if (question.includes("outage")) return [...research(question, SOURCES).slice(0, 2), ["error", { code: "search_outage", message: "every search engine failed, and nothing else had an answer", retryable: true, degraded: [OFFLINE] }]];
  if (question.includes("budget")) return [...research(question, SOURCES), ...writing(ANSWER.slice(0, 2)), usage, done("partial", "time", [OFFLINE, "files: 2 not indexed yet", "memory: not reachable"])];
  if (question.includes("offline")) return [...research(question, SOURCES.slice(2)), ...writing([["Most flocks keep between 27° and 45° [3].", 3, "supported", "angles between 27° and 45° were measured most often"]]), usage, done("complete", null, [OFFLINE])];
  if (question.includes("pair")) return [...research(question, SOURCES.slice(0, 2)), ...writing(ANSWER.slice(0, 2)), usage, done("complete")];
  if (question.includes("nothing")) return [...research(question, []), ["delta", { text: "The files say nothing about this." }], usage, done("complete", null, [OFFLINE])];
  if (question.includes("extract")) return [...research(question, QUOTED), ...writing(EXTRACT), usage, done("complete")];
  if (question.includes("closest")) return [...research(question, QUOTED), ...writing([["**Nothing in the sources answers this directly; the closest passages are:**\n\n"], ...EXTRACT.slice(0, 1)]), usage, done("complete")];
  if (question.includes("formula")) return [...research(question, QUOTED.slice(1)), ...writing([[FORMULAS]]), usage, done("complete")];
  if (question.includes("judged")) return [...research(question, SOURCES), ...writing(ANSWER), ...judgedAnew(), usage, done("complete")];
  if (question.includes("unopened")) return [...research(question, []), ["delta", { text: "Nothing was read." }], usage, done("partial", "content_filter", [UNOPENED, "model: model_no_text"])];
  if (question.includes("engineless")) return [...research(question, []).slice(0, 1), ["error", { code: "search_outage", message: "nothing could be searched", retryable: true, degraded: ["web: no search engine serves this: SEARXNG_URL and SEARCH_ENGINES turn some on"] }]];
  if (question.includes("mute")) return [...research(question, []).slice(0, 1), ["error", { code: "model_no_text", message: "no text", retryable: true, degraded: [] }]];
  if (question.includes("slow")) return [...research(question, SOURCES), ...writing(ANSWER.slice(0, 2)), ["wait", {}]];
  return [...research(question, SOURCES), ...writing(ANSWER), step("s5", "write", "done", "Writing", { ms: 612 }), ["related", { questions: RELATED }], usage, done("complete")];
}

/** A judge's second look at the fourth citation of the answer. */
function judgedAnew() {
  const [, citation] = writing(ANSWER).find(([type, { index }]) => type === "citation" && index === 4);
  return [["citation", { ...citation, support: "supported", score: 0.8, judged_by: "model" }]];
}

/** The payloads wherever the server passes on text from outside. */
function hostile(question) {
  const sources = PAYLOADS.map((payload, at) => source(at + 1, {
    url: payload, title: payload, site: payload, published_at: payload, fetched_at: payload, snapshot_id: `xss-${at}`,
    passages: [{ text: payload, start: 0, end: chars(payload), page: null, heading: payload }] }));
  sources.push(source(sources.length + 1, { kind: "file", file_id: "xss-file", title: PAYLOADS[0], url: "javascript:xss()" }));
  const pieces = PAYLOADS.map((payload, at) => [`${payload} [${at + 1}]\n\n`, at + 1, at % 2 ? "supported" : payload, payload]);
  const text = PAYLOADS.flatMap((payload) => [[`- ${payload}\n`], [`\n> ${payload}\n\n`], [`\n| ${payload} |\n|---|\n| ${payload} |\n\n`], [`# ${payload}\n`], [`[go](${payload}) ![p](${payload}) **${payload}**\n\n`]]);
  return [
    ["plan", { question, language: PAYLOADS[0], intent: PAYLOADS[1], sources: ["web"], queries: PAYLOADS, round: 1 }],
    ...PAYLOADS.map((payload, at) => step(payload, at % 2 ? payload : "search", at % 3 ? "failed" : payload, payload, { query: payload, url: payload, error: payload })),
    ["sources", { sources }], ...writing(pieces), ...writing(text).filter(([type]) => type === "delta"),
    ["widget", { kind: PAYLOADS[0], html: PAYLOADS[0] }],
    ["related", { questions: PAYLOADS }],
    ["usage", { ...usage[1], cost: { amount: PAYLOADS[0], currency: PAYLOADS[0] } }],
    done("partial", PAYLOADS[2], PAYLOADS),
  ];
}
