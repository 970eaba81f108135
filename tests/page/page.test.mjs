// The page in a real browser. With BASE_URL it drives a running server, and only what holds for any answer is
// checked; without, it drives the mock, which also checks what the page sends.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ask, launch, open } from "./browser.mjs";
import { startMock } from "./mock.mjs";

const REAL = process.env.BASE_URL?.replace(/\/$/, "");
const QUESTION = process.env.QUESTION ?? "Why do geese fly in a V?";
const mockOnly = { skip: REAL ? "needs the mock's answers" : false };

let browser;
let mock;
let base;

before(async () => { browser = await launch(); });
after(() => browser.close());
beforeEach(async () => {
  mock = REAL ? null : await startMock({ threads: [oldThread("old-1", "Leaves in autumn"), oldThread("old-2", "Tea and caffeine")], projects: [{ id: "p1", slug: "handbook", name: "Handbook" }] });
  base = REAL ?? mock.url;
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  if (mock === null) return;
  await mock.close();
  assert.deepEqual(mock.faults, [], "the page kept to the contract");
});

function oldThread(id, title) {
  const source = { index: 1, kind: "file", url: null, title: "field-handbook.pdf", site: null, published_at: null, fetched_at: null, snapshot_id: null, file_id: "file-3", passages: [] };
  const message = { id: `m-${id}`, run_id: `r-${id}`, question: `${title}?`, answer: `About ${title} [1].`, status: "complete", citations: [{ index: 1, source: 1, start: 0, end: 10 + title.length, quote: "Counting flocks", support: "partial", score: 0.5 }], sources: [source], degraded: [], created_at: "2026-11-01T10:00:00Z" };
  return { id, title, pinned: false, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", messages: [message] };
}

const ended = (page, nth = 0) => page.locator(".turn").nth(nth).locator(".turn-end, .problem").first().waitFor({ timeout: 60_000 });
const answerText = (page, nth = 0) => page.locator(".answer").nth(nth).innerText();

function assertClean(noted) {
  assert.deepEqual(noted, { scripts: 0, foreign: [], errors: [], violations: [] });
}

test("an answer arrives with its sources, and the address names its run", async () => {
  const { page, noted } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  assert.match(page.url(), /\/\?run=[^&]+$/);
  assert.equal(await page.locator(".turn h2").innerText(), QUESTION);
  assert.ok((await answerText(page)).length > 20);
  assert.ok(await page.locator(".card").count() > 0);
  assert.ok(await page.locator(".cite").count() > 0);
  await page.locator(".thread a[aria-current]").waitFor();
  assertClean(noted);
});

test("a reload shows the run again, word for word", async () => {
  const { page, noted } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  const text = await answerText(page);
  await page.reload();
  await ended(page);
  assert.equal(await answerText(page), text);
  assert.equal(await page.locator(".turn").count(), 1);
  assertClean(noted);
});

test("a citation opens its source", async () => {
  const { page } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  const mark = page.locator(".cite").first();
  await mark.click();
  await page.locator("#panel mark.passage").waitFor();
  assert.ok(await page.locator("#panel .support").isVisible());
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#panel").isVisible(), false);
  assert.ok(await mark.evaluate((node) => node === document.activeElement), "the focus is back on the mark");
});

test("nothing is wider than a window of 320 pixels", async () => {
  const { page } = await open(browser, base, "/", { viewport: { width: 320, height: 640 } });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.equal(await overflow(), 0);
  await ask(page, QUESTION);
  await ended(page);
  assert.equal(await overflow(), 0);
  await page.locator(".cite").first().click();
  await page.locator("#panel mark.passage").waitFor();
  assert.equal(await overflow(), 0);
  await page.keyboard.press("Escape");
  await page.locator("#open-threads").click();
  await page.locator(".thread a").first().waitFor();
  assert.equal(await overflow(), 0);
});

test("the interface speaks Russian to a Russian browser", async () => {
  const { page } = await open(browser, base, "/", { locale: "ru-RU" });
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  await page.getByRole("heading", { name: "Что вы хотите узнать?" }).waitFor();
  await page.locator("#question").fill(QUESTION);
  await page.keyboard.press("Enter");
  await ended(page);
  await page.getByRole("button", { name: "Скопировать ответ" }).waitFor();
});

test("the stored text is highlighted at the very passage and quote", mockOnly, async () => {
  const { page } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  const highlights = [];
  for (const mark of await page.locator(".cite").all()) {
    await mark.click();
    await page.locator("#panel mark.quote").waitFor();
    const seen = await page.locator("#panel mark.quote").evaluate((node) => {
      const box = node.getBoundingClientRect();
      const view = node.closest(".stored").getBoundingClientRect();
      return box.top >= view.top && box.bottom <= view.bottom;
    });
    assert.ok(seen, "scrolled to the quote");
    highlights.push([await mark.getAttribute("data-support"), await page.locator("#panel .support").innerText(), await page.locator("#panel mark.quote").innerText()]);
  }
  assert.deepEqual(highlights, [
    ["supported", "Supported", "can place its own wing in rising air"],
    ["supported", "Supported", "11–14 % lower than those of birds flying alone"],
    ["supported", "Supported", "Ibises changed the lead often"],
    ["unsupported", "Not supported", "pairs gave each other about the same time in front"],
    ["partial", "Partly supported", "angles between 27° and 45° were measured most often"],
  ]);
  await page.locator(".cite[data-source='2']").click();
  const before = page.locator("#panel mark.passage").evaluate((node) => node.previousSibling.data);
  assert.match(await before, /Results\. Pelicans were trained to follow a boat\. $/, "the cited place, not an equal sentence before it");
  await page.locator(".cite[data-source='3']").click();
  await page.locator("#panel .place").getByText("Page 12").waitFor();
  const passage = await page.locator("#panel mark.passage").innerText();
  assert.equal(passage, "The angle of a V varies between flocks and within one flight; angles between 27° and 45° were measured most often.");
  assert.equal(await page.locator("#panel .place").innerText(), "Page 12 · Section 7. Formation");
});

test("a stream cut anywhere goes on where it was", mockOnly, async () => {
  const whole = await open(browser, base);
  await ask(whole.page, QUESTION);
  await ended(whole.page);
  const text = await answerText(whole.page);
  mock.overlap = 3;
  for (const cut of [{ bytes: 700 }, { bytes: 4321 }, { bytes: 6003 }, { reconnect: 20 }]) {
    const { page, noted } = await open(browser, base);
    mock.cutNext = cut;
    await ask(page, QUESTION);
    await ended(page);
    assert.equal(await answerText(page), text, JSON.stringify(cut));
    assert.equal(mock.cutNext, null);
    assert.ok(mock.resumes.pop() > 0, "came back for the events it had not seen");
    assertClean(noted);
  }
});

test("two tabs and a reload in the middle follow one run", mockOnly, async () => {
  mock.pace = 25;
  const { page } = await open(browser, base);
  await ask(page, QUESTION);
  await page.locator(".answer p").first().waitFor();
  const second = await open(browser, base, new URL(page.url()).search.replace(/^/, "/"));
  await page.reload();
  await Promise.all([ended(page), ended(second.page)]);
  assert.equal(await answerText(page), await answerText(second.page));
  assert.equal(mock.runs.size, 1);
});

test("a run is stopped, and says so", mockOnly, async () => {
  const { page } = await open(browser, base);
  await ask(page, "a slow question");
  await page.locator(".answer p").first().waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("This answer was stopped before it was complete.").waitFor();
  assert.ok(await page.locator("#send").isVisible());
});

test("a follow-up goes on in the thread, and a reload shows both", mockOnly, async () => {
  const { page } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  await page.getByRole("button", { name: "How do geese decide who leads?" }).click();
  await ended(page, 1);
  const [first, second] = [...mock.runs.values()];
  assert.equal(second.asked.thread_id, first.threadId);
  await page.reload();
  await page.locator(".turn").nth(1).waitFor();
  await ended(page, 1);
  assert.deepEqual(await page.locator(".turn h2").allInnerTexts(), [QUESTION, "How do geese decide who leads?"]);
  await page.goBack();
  await page.waitForURL(/run=run-1$/);
});

test("errors, a spent budget and missing parts are named", mockOnly, async () => {
  const { page } = await open(browser, base);
  await ask(page, "an outage");
  await page.getByText("All search engines failed.").waitFor();
  await page.getByText("web: all engines failed").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".turn").nth(1).locator(".problem").waitFor();
  await page.goto(base);
  await ask(page, "a small budget");
  await page.getByText("This answer is incomplete: the time budget was spent").waitFor();
  await page.getByText("memory: not reachable").waitFor();
  await page.goto(base);
  await ask(page, "refuse this");
  await page.getByText("The question is not allowed").waitFor();
  await page.goto(`${base}/?run=unknown`);
  await page.getByText("There is no such thing, or it is not yours.").waitFor();
});

test("older threads are found, opened, renamed, pinned and deleted", mockOnly, async () => {
  const { page, noted } = await open(browser, base);
  const list = page.locator("#threads");
  await page.getByRole("searchbox", { name: "Search threads" }).fill("caffeine");
  await list.getByText("Leaves in autumn").waitFor({ state: "detached" });
  await list.getByText("About Tea and caffeine").waitFor();
  await list.getByRole("link", { name: "Tea and caffeine" }).click();
  await page.getByRole("heading", { level: 2, name: "Tea and caffeine?" }).waitFor();
  assert.match(page.url(), /\?thread=old-2$/);
  await page.locator(".cite[data-support=partial]").waitFor();
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Rename “Tea and caffeine”" }).click();
  await page.getByRole("textbox", { name: "New name" }).fill("Tea");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Tea", exact: true }).waitFor();
  await page.getByRole("button", { name: "Pin “Tea”" }).click();
  await list.getByText("Pinned").waitFor();
  await page.getByRole("button", { name: "Delete “Tea”" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.ok(mock.threads.has("old-2"));
  await page.getByRole("button", { name: "Delete “Tea”" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  assert.deepEqual([...mock.threads.keys()], ["old-1"]);
  assertClean(noted);
});

test("a project is chosen, and files are added to it", mockOnly, async () => {
  const { page } = await open(browser, base);
  await page.getByRole("combobox", { name: "Project" }).selectOption("Handbook");
  await page.getByRole("combobox", { name: "Look in" }).selectOption("Files only");
  await page.locator("#file-input").setInputFiles([
    { name: "lease.md", mimeType: "text/markdown", buffer: Buffer.from("# Lease") },
    { name: "broken.bin", mimeType: "application/octet-stream", buffer: Buffer.from([0, 1]) }]);
  await page.getByText("Ready to be asked about").waitFor();
  await page.getByText("This kind of file cannot be read.").waitFor();
  await ask(page, QUESTION);
  await ended(page);
  const { asked } = mock.runs.get([...mock.runs.keys()][0]);
  assert.equal(asked.project, "handbook");
  assert.deepEqual(asked.sources, ["files"]);
});

test("each whole sentence is spoken once", mockOnly, async () => {
  const { page } = await open(browser, base);
  await ask(page, QUESTION);
  await ended(page);
  const spoken = await page.locator("#spoken p").allInnerTexts();
  assert.match(spoken[0], /has begun/);
  assert.equal(spoken.at(-1), "The answer is complete.");
  const joined = spoken.slice(1, -1).join(" ");
  assert.equal(joined.match(/The saving is measurable/g).length, 1);
  assert.ok(spoken.length < 15, "sentences, not single words");
});

test("everything is reached by keyboard", mockOnly, async () => {
  const { page } = await open(browser, base, "/?thread=old-1");
  await page.locator(".cite").waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Tab");
  const reached = [];
  for (let i = 0; i < 60; i += 1) {
    reached.push(await page.evaluate(() => {
      const node = document.activeElement;
      const style = getComputedStyle(node);
      const ring = node === document.body || style.outlineStyle !== "none" || node.closest(".search-field, .ask-box") !== null;
      return `${node.id || node.className || node.localName}${ring ? "" : " without focus ring"}`;
    }));
    await page.keyboard.press("Tab");
  }
  assert.deepEqual(reached.filter((name) => name.includes("without")), []);
  for (const wanted of ["skip", "new-thread", "thread-search", "cite", "question", "mode", "send"]) assert.ok(reached.includes(wanted), wanted);
});

test("texts stand out from what is behind them in both themes", mockOnly, async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open(browser, base, "/", { colorScheme, reducedMotion: "reduce" });
    await ask(page, "a small budget");
    await ended(page);
    await page.locator(".progress summary").click();
    await page.locator(".cite").first().click();
    await page.locator("#panel mark.quote").waitFor();
    assert.deepEqual(await page.evaluate(weakTexts), [], colorScheme);
  }
});

/** Runs in the page: the visible texts whose contrast is below 4.5. */
function weakTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const weak = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim() !== "");
    if (!own || !node.checkVisibility() || node.closest(".sr-only, .skip, .topbar")) continue;
    let behind = node;
    while (behind !== null && rgba(getComputedStyle(behind).backgroundColor)[3] < 250) behind = behind.parentElement;
    const [a, b] = [luminance(rgba(getComputedStyle(node).color)), luminance(rgba(getComputedStyle(behind ?? document.body).backgroundColor))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) weak.push(`${node.className || node.localName} ${contrast.toFixed(2)} ${node.textContent.slice(0, 30)}`);
  }
  return weak;
}
