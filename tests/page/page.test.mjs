// Asking, following, reading and finding again. With BASE_URL this drives a running server, and only what holds for any
// answer is checked; without, it drives the mock, which also checks what the page sends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { assertClean, ended, mockOnly, overflow, prepare, QUESTION, realOnly, visit } from "./setup.mjs";

const at = prepare();

const answerText = (page, nth = 0) => page.locator(".answer").nth(nth).innerText();

test("an answer arrives with its sources, and the address names its run", async () => {
  const { page, noted } = await visit(at);
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
  const { page, noted } = await visit(at);
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
  const { page } = await visit(at);
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
  const { page } = await visit(at, "/", { viewport: { width: 320, height: 640 } });
  assert.equal(await overflow(page), 0);
  await ask(page, QUESTION);
  await ended(page);
  assert.equal(await overflow(page), 0);
  await page.locator(".cite").first().click();
  await page.locator("#panel mark.passage").waitFor();
  assert.equal(await overflow(page), 0);
  await page.keyboard.press("Escape");
  await page.locator("#open-threads").click();
  await page.locator(".thread a").first().waitFor();
  assert.equal(await overflow(page), 0);
});

test("two sources stand side by side, without a hole between them", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a pair of sources");
  await ended(page);
  const [first, second] = await Promise.all([0, 1].map((nth) => page.locator(".card").nth(nth).boundingBox()));
  assert.ok(second.x - (first.x + first.width) < 16);
});

test("the interface speaks Russian to a Russian browser", async () => {
  const { page } = await visit(at, "/", { locale: "ru-RU" });
  assert.equal(await page.locator("html").getAttribute("lang"), "ru");
  await page.getByRole("heading", { name: "Что вы хотите узнать?" }).waitFor();
  await page.locator("#question").fill(QUESTION);
  await page.keyboard.press("Enter");
  await ended(page);
  await page.getByRole("button", { name: "Скопировать ответ" }).waitFor();
});

test("the stored text is highlighted at the very passage and quote", mockOnly, async () => {
  const { page } = await visit(at);
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
  const whole = await visit(at);
  await ask(whole.page, QUESTION);
  await ended(whole.page);
  const text = await answerText(whole.page);
  at.mock.overlap = 3;
  for (const cut of [{ bytes: 700 }, { bytes: 4321 }, { bytes: 6003 }, { reconnect: 20 }]) {
    const { page, noted } = await visit(at);
    at.mock.cutNext = cut;
    await ask(page, QUESTION);
    await ended(page);
    assert.equal(await answerText(page), text, JSON.stringify(cut));
    assert.equal(at.mock.cutNext, null);
    assert.ok(at.mock.resumes.pop() > 0, "came back for the events it had not seen");
    assertClean(noted);
  }
});

test("two tabs and a reload in the middle follow one run", mockOnly, async () => {
  at.mock.pace = 25;
  const { page } = await visit(at);
  await ask(page, QUESTION);
  await page.locator(".answer p").first().waitFor();
  const second = await visit(at, new URL(page.url()).search.replace(/^/, "/"));
  await page.reload();
  await Promise.all([ended(page), ended(second.page)]);
  assert.equal(await answerText(page), await answerText(second.page));
  assert.equal(at.mock.runs.size, 1);
});

test("a run is stopped, and says so", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a slow question");
  await page.locator(".answer p").first().waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("This answer was stopped before it was complete.").waitFor();
  assert.ok(await page.locator("#send").isVisible());
});

test("a follow-up goes on in the thread, and a reload shows both", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, QUESTION);
  await ended(page);
  await page.getByRole("button", { name: "How do geese decide who leads?" }).click();
  await ended(page, 1);
  const [first, second] = [...at.mock.runs.values()];
  assert.equal(second.asked.thread_id, first.threadId);
  await page.reload();
  await page.locator(".turn").nth(1).waitFor();
  await ended(page, 1);
  assert.deepEqual(await page.locator(".turn h2").allInnerTexts(), [QUESTION, "How do geese decide who leads?"]);
  await page.goBack();
  await page.waitForURL(/run=run-1$/);
});

test("older threads are found, opened, renamed, pinned and deleted", mockOnly, async () => {
  const { page, noted } = await visit(at);
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
  assert.ok(at.mock.threads.has("old-2"));
  await page.getByRole("button", { name: "Delete “Tea”" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("heading", { name: "What do you want to know?" }).waitFor();
  assert.deepEqual([...at.mock.threads.keys()], ["old-1"]);
  assertClean(noted);
});

test("the files of the page are compressed, and not sent again to who has them", realOnly, async () => {
  for (const path of ["/", "/page/app.js", "/page/style.css", "/page/icon.svg"]) {
    const first = await fetch(at.base + path);
    assert.equal(first.headers.get("content-encoding"), "gzip", path);
    const etag = first.headers.get("etag");
    const second = await fetch(at.base + path, { headers: { "if-none-match": etag } });
    assert.deepEqual([second.status, second.headers.get("etag")], [304, etag], path);
    assert.equal(second.headers.get("content-security-policy"), first.headers.get("content-security-policy"));
  }
});
