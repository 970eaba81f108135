// What the page says when something fails: in the person's language, without names of fields or codes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { ended, mockOnly, prepare, visit } from "./setup.mjs";

const at = prepare();

test("nothing looked up is a clear box, with the server's words one press away", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "an outage");
  const box = page.getByRole("alert").filter({ hasText: "Nothing could be looked up" });
  await box.waitFor();
  await box.getByText("Files that you add can be asked about without it.").waitFor();
  assert.equal(await box.getByText("wikipedia: unreachable").isVisible(), false);
  await box.getByText("Details").click();
  await box.getByText("wikipedia: unreachable").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".turn").nth(1).locator(".problem").waitFor();
});

test("an offline answer from files has one quiet line, and no box", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "an offline question");
  await ended(page);
  const line = page.locator(".without");
  assert.equal(await line.locator("summary > span").first().innerText(), "The web was not searched: no search engine answered.");
  assert.equal(await page.locator(".notice, .problem:visible").count(), 0);
  assert.ok((await line.boundingBox()).height < 30, "one line");
  await line.locator("summary").click();
  await line.getByText("wikidata: unreachable").waitFor();
});

test("an answer without any source says in a box what was not searched", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "nothing fits");
  await page.locator(".notice-degraded").getByText("The web was not searched").waitFor();
});

test("a spent budget, unread files and unknown notes are named", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a small budget");
  await page.getByText("This answer is incomplete. The time for it was used up.").waitFor();
  await page.getByText("2 files are still being read and are missing here. memory: not reachable").waitFor();
});

test("pages that did not open, and what the model did, are told in words", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "unopened pages");
  await page.getByText("This answer is incomplete. The model's filter stopped it.").waitFor();
  await page.getByText("None of the 10 pages that were found could be opened: refused (403) ×6, no answer in time ×3, status 418 ×1.").waitFor();
  const russian = await visit(at, "/", { locale: "ru-RU" });
  await russian.page.locator("#question").fill("unopened pages");
  await russian.page.keyboard.press("Enter");
  await russian.page.getByText("Ответ неполный. Ответ остановил фильтр модели.").waitFor();
  await russian.page.getByText("Не открылась ни одна из найденных страниц (10): отказано (403) ×6, нет ответа вовремя ×3, статус 418 ×1.").waitFor();
});

test("no search engine on is not an outage, and the variables that change it are named", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "engineless");
  const box = page.locator(".turn .problem");
  await box.getByText("Nothing could be looked up: no search engine is on").waitFor();
  await box.getByText("SEARXNG_URL and SEARCH_ENGINES turn some on.").waitFor();
  assert.equal(await box.getByText("internet connection").count(), 0);
  await page.goto(at.base);
  await ask(page, "a mute model");
  await page.locator(".turn .problem").getByText("The model wrote no text.").waitFor();
});

test("a citation of a deleted file still shows its passage", mockOnly, async () => {
  const [source] = at.mock.threads.get("old-1").messages[0].sources;
  Object.assign(source, { file_id: "deleted", passages: [{ text: "Counting flocks from one end", start: 0, end: 28 }] });
  const { page } = await visit(at, "/?thread=old-1");
  await page.locator(".cite").click();
  await page.locator("#panel").getByText("The stored text is not here any more.").waitFor();
  await page.locator("#panel .passage-alone").getByText("Counting flocks from one end").waitFor();
});

test("a refused question names no field", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "this is too long");
  await page.getByText("A question has 1 to 8,000 characters.").waitFor();
  assert.equal((await page.locator(".turn .problem").innerText()).includes("/query"), false);
  await page.goto(at.base);
  await ask(page, "refuse this");
  await page.getByText("The question is not allowed").waitFor();
  await page.goto(`${at.base}/?run=unknown`);
  await page.getByText("It is not here any more, or it is not yours.").waitFor();
});

test("a Russian page tells of failures in Russian", mockOnly, async () => {
  const { page } = await visit(at, "/", { locale: "ru-RU" });
  const question = page.locator("#question");
  const send = async (text) => {
    await question.fill(text);
    await page.keyboard.press("Enter");
  };
  await send("an outage");
  await page.getByText("Ничего не удалось найти: ни одна поисковая система не ответила").waitFor();
  await page.goto(at.base);
  await send("a small budget");
  await page.getByText("Ответ неполный. Отведённое время вышло.").waitFor();
  await page.locator(".without summary").getByText("Поиска в сети не было").waitFor();
  await page.getByText("2 файла ещё читаются").waitFor();
  await page.goto(at.base);
  await send("this is too long");
  await page.getByText("В вопросе должно быть от 1 до 8000 знаков.").waitFor();
});
