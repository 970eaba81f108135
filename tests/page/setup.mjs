// What the tests have in common: a browser, and the mock or (with BASE_URL) a running server behind it.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { launch, open } from "./browser.mjs";
import { startMock } from "./mock.mjs";

const REAL = process.env.BASE_URL?.replace(/\/$/, "");
export const QUESTION = process.env.QUESTION ?? "Why do geese fly in a V?";
export const realOnly = { skip: REAL ? false : "needs a running server" };
export const mockOnly = { skip: REAL ? "needs the mock's answers" : false };

/** For the tests of a file: `{browser, mock, base}`, with a fresh mock (null with BASE_URL) for each test. */
export function prepare() {
  const at = {};
  before(async () => { at.browser = await launch(); });
  after(() => at.browser.close());
  beforeEach(async () => {
    at.mock = REAL ? null : await startMock({ threads: [oldThread("old-1", "Leaves in autumn"), oldThread("old-2", "Tea and caffeine")], projects: [{ id: "p1", slug: "handbook", name: "Handbook" }] });
    at.base = REAL ?? at.mock.url;
  });
  afterEach(async () => {
    for (const context of at.browser.contexts()) await context.close();
    if (at.mock === null) return;
    await at.mock.close();
    assert.deepEqual(at.mock.faults, [], "the page kept to the contract");
  });
  return at;
}

/** A page in a fresh context, as `open` of browser.mjs. */
export const visit = (at, path, options) => open(at.browser, at.base, path, options);

/** The turn number `nth` has ended, in an answer or a problem. */
export const ended = (page, nth = 0) => page.locator(".turn").nth(nth).locator(".turn-end, .problem").first().waitFor({ timeout: 60_000 });

export function assertClean(noted) {
  assert.deepEqual(noted, { scripts: 0, foreign: [], errors: [], violations: [] });
}

/** How far the page is wider than its window. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

function oldThread(id, title) {
  const source = { index: 1, kind: "file", url: null, title: "Field handbook", site: "field-handbook.pdf", published_at: null, fetched_at: null, snapshot_id: null, file_id: "file-3", passages: [] };
  const message = { id: `m-${id}`, run_id: `r-${id}`, question: `${title}?`, answer: `About ${title} [1].`, status: "complete", citations: [{ index: 1, source: 1, start: 0, end: 10 + title.length, quote: "Counting flocks", support: "partial", score: 0.5 }], sources: [source], degraded: [], created_at: "2026-11-01T10:00:00Z" };
  return { id, title, pinned: false, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", messages: [message] };
}
