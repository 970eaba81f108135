// The first screen: what answers are made from, what changes that, and questions to begin with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { storeFile } from "./mock.mjs";
import { assertClean, ended, mockOnly, overflow, prepare, visit } from "./setup.mjs";

const at = prepare();

const on = (page, part) => page.locator(`#what-is-on [data-part=${part}] dd`);
const told = async (page, part) => (await on(page, part).textContent()).trim();
const examples = (page) => page.locator("#examples button");

test("without a model and without files it says so, and which variables change it", mockOnly, async () => {
  const { page, noted } = await visit(at);
  await on(page, "answers").getByText("extracts of the sources, word for word; no model is on").waitFor();
  assert.match(await told(page, "answers"), /set by LLM_PROVIDER, CHAT_MODEL$/);
  assert.equal(await told(page, "web"), "searxng, wikipediaset by SEARXNG_URL, SEARCH_ENGINES");
  assert.equal(await told(page, "files"), "none yet: drop some anywhere on this page");
  assert.equal(await examples(page).count(), 3);
  await examples(page).first().click();
  await ended(page);
  assert.equal(await page.locator(".turn h2").innerText(), "Why do geese fly in a V?");
  assert.equal(await page.locator("#what-is-on").isVisible(), false);
  assertClean(noted);
});

test("models, engines that fail and files are named", mockOnly, async () => {
  at.mock.models.push("qwen3", "gpt-oss");
  at.mock.engines.splice(0, 2, { name: "searxng", status: "suspended" }, ...["a", "b", "c", "d", "e"].map((name) => ({ name })));
  storeFile(at.mock, "handbook", { name: "leave.md", title: "Leave policy" });
  const { page } = await visit(at);
  await on(page, "answers").getByText("written by qwen3, gpt-oss").waitFor();
  assert.match(await told(page, "web"), /^searxng \(does not answer\), a, b, c, d \+1/);
  assert.deepEqual(await examples(page).allInnerTexts(), ["What is “Leave policy” about?", "Why do geese fly in a V?", "What is the difference between TCP and UDP?"]);
  await page.locator("#project").selectOption("handbook");
  await page.locator("#file-input").setInputFiles([{ name: "travel.md", mimeType: "text/plain", buffer: Buffer.from("x") }]);
  await on(page, "files").getByText("2 files").waitFor();
  await page.locator("#project").selectOption("");
  await on(page, "files").getByRole("link", { name: "2 files" }).click();
  await page.getByRole("heading", { name: "Files of all projects" }).waitFor();
});

test("with files alone the examples are about them", mockOnly, async () => {
  at.mock.engines.length = 0;
  for (const title of ["One", "Two", "Three"]) storeFile(at.mock, "handbook", { name: `${title}.md`, title });
  const { page } = await visit(at, "/", { locale: "ru-RU", viewport: { width: 320, height: 640 } });
  await on(page, "web").getByText("поиска нет: не включена ни одна поисковая система").waitFor();
  assert.equal(await told(page, "files"), "3 файла");
  assert.deepEqual(await examples(page).allInnerTexts(), ["О чём «Three»?", "О чём «Two»?", "О чём «One»?"]);
  assert.equal(await overflow(page), 0);
  const [menu, heading] = await Promise.all(["#open-threads", "#welcome h2"].map((wanted) => page.locator(wanted).boundingBox()));
  assert.ok(heading.y >= menu.y + menu.height, "the heading stands below the menu");
});
