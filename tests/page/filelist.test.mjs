// The list of files: what it says of each, following those that are read, deleting, and going through pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { storeFile } from "./mock.mjs";
import { assertClean, mockOnly, overflow, prepare, visit } from "./setup.mjs";

const at = prepare();

const row = (page, name) => page.locator(".file", { hasText: name });
const names = (page) => page.locator(".file-name").allInnerTexts();
const trash = (page, name) => page.getByRole("button", { name: `Delete ${name}` });
const sure = (page) => page.getByRole("button", { name: "Delete", exact: true });
const focused = (page) => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent);
const reading = (looks) => [...Array(looks).fill({ status: "received" }), { status: "indexed", chunks: 2 }];

test("a file that was added is found in the list of its project, deleted, and gone", async () => {
  const { page, noted } = await visit(at);
  await page.getByRole("link", { name: "Files", exact: true }).click();
  await page.getByRole("heading", { name: "Files of all projects" }).waitFor();
  await page.getByRole("button", { name: "New project…" }).click();
  const project = `Page tests ${Date.now()}`;
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill(project);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: `Files of “${project}”` }).waitFor();
  await page.getByText("No files here yet.").waitFor();
  const choosing = page.waitForEvent("filechooser");
  await page.locator("#files").getByRole("button", { name: "Add files" }).click();
  await (await choosing).setFiles([{ name: "lease.md", mimeType: "text/markdown", buffer: Buffer.from("# Lease\n\nThe notice period is three months.") }]);
  await row(page, "lease.md").getByText("Ready", { exact: true }).waitFor({ timeout: 30_000 });
  assert.equal(await page.getByText("No files here yet.").count(), 0);
  await page.reload();
  await row(page, "lease.md").getByText("Ready", { exact: true }).waitFor();
  await trash(page, "lease.md").click();
  await sure(page).click();
  await page.getByText("No files here yet.").waitFor();
  await page.reload();
  await page.getByText("No files here yet.").waitFor();
  assertClean(noted);
});

test("each file says how far it is, why it failed, how large it is and where it belongs", mockOnly, async () => {
  storeFile(at.mock, "handbook", { name: "scan.pdf", pages: 1 }, [{ status: "failed", error: "there is no text in it (a scan or an empty file)" }]);
  storeFile(at.mock, "handbook", { name: "guide.pdf", pages: 214, size: 8_400_000 });
  storeFile(at.mock, "handbook", { name: "late.md", size: 480 }, [{ status: "pending", error: "no parser is free" }]);
  const { page } = await visit(at, "/?files");
  await row(page, "scan.pdf").waitFor();
  const lines = () => page.locator(".file-line").evaluateAll((nodes) => nodes.map((node) => [...node.querySelectorAll("span:not(:has(span))")].map((part) => part.textContent).join(" | ")));
  assert.deepEqual(await names(page), ["late.md", "guide.pdf", "scan.pdf"], "newest first");
  assert.deepEqual(await lines(), [
    "Trying again: no parser is free | 480 bytes | added Nov 2, 2026 to “Handbook”",
    "Ready | 214 pages | 8.4 MB | added Nov 2, 2026 to “Handbook”",
    "Not readable: there is no text in it (a scan or an empty file) | 1 page | 12 kB | added Nov 2, 2026 to “Handbook”",
  ]);
  await page.locator("#project").selectOption("handbook");
  await page.getByRole("heading", { name: "Files of “Handbook”" }).waitFor();
  await row(page, "guide.pdf").waitFor();
  assert.equal((await lines())[1], "Ready | 214 pages | 8.4 MB | added Nov 2, 2026");
  const russian = await visit(at, "/?files", { locale: "ru-RU" });
  await russian.page.getByText("Не читается: в нём нет текста (снимок или пустой файл)").waitFor();
});

test("the list is asked for again while a file is read and the page is looked at, and then no more", mockOnly, async () => {
  const id = storeFile(at.mock, "handbook", { name: "long.md" }, reading(1000));
  const { page } = await visit(at, "/");
  await page.clock.install();
  await page.getByRole("link", { name: "Files", exact: true }).click();
  await row(page, "long.md").getByText("Reading").waitFor();
  await page.evaluate(() => {
    const { fetch } = window;
    window.asked = 0;
    window.fetch = (path, ...rest) => {
      window.asked += path.startsWith("/api/v1/upload?");
      return fetch(path, ...rest);
    };
  });
  const asked = async (does) => {
    await page.evaluate(() => { window.asked = 0; });
    await does();
    await page.clock.runFor(30_000);
    return page.evaluate(() => window.asked);
  };
  const look = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  assert.ok(await asked(() => {}) >= 1, "a file is being read");
  assert.equal(await asked(() => look(true)), 0, "nobody looks");
  assert.ok(await asked(() => look(false)) >= 1, "somebody looks again");
  at.mock.uploads.get(id).states.splice(0, 1000, { ...at.mock.uploads.get(id).states[0], status: "indexed" });
  const ready = row(page, "long.md").getByText("Ready", { exact: true });
  for (let steps = 0; steps < 100 && !await ready.isVisible(); steps += 1) await page.clock.runFor(1000);
  assert.ok(await ready.isVisible());
  assert.equal(await asked(() => {}), 0, "nothing is being read");
});

test("a deletion is asked about beside the file, by keyboard, and can be left", mockOnly, async () => {
  for (const name of ["c.md", "b.md", "a.md"]) storeFile(at.mock, "handbook", { name });
  storeFile(at.mock, "handbook", { name: "new.md" }, reading(1000));
  const { page, noted } = await visit(at, "/?files");
  await trash(page, "b.md").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("group", { name: "Delete b.md" }).getByText("It cannot be brought back").waitFor();
  assert.equal(await focused(page), "Cancel");
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Delete b.md");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  assert.equal(await focused(page), "Delete b.md");
  assert.equal(at.mock.uploads.size, 4, "nothing is deleted without an answer");
  await page.keyboard.press("Enter");
  await page.waitForResponse((response) => response.url().includes("/api/v1/upload?"));
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Delete", "the list was read again, and the question stands");
  await page.keyboard.press("Enter");
  await row(page, "b.md").waitFor({ state: "detached" });
  assert.equal(await focused(page), "Delete c.md", "the next file has the focus");
  assert.deepEqual([...at.mock.uploads.values()].map(({ states }) => states[0].name), ["c.md", "a.md", "new.md"]);
  assert.equal(await page.locator("#spoken p").last().innerText(), "b.md is deleted.");
  assertClean(noted);
});

test("a deletion that failed leaves the file, says why, and can be tried again", mockOnly, async () => {
  storeFile(at.mock, "handbook", { name: "a.md" });
  const { page } = await visit(at, "/?files");
  at.mock.filesRefused = "DELETE";
  await trash(page, "a.md").click();
  await sure(page).click();
  await page.getByRole("alert").getByText("It was not deleted. A part of the server is not there for the moment.").waitFor();
  assert.equal(await focused(page), "Delete");
  at.mock.filesRefused = null;
  await sure(page).click();
  await row(page, "a.md").waitFor({ state: "detached" });
});

test("a file that somebody else deleted leaves the list", mockOnly, async () => {
  const id = storeFile(at.mock, "handbook", { name: "a.md" });
  const { page } = await visit(at, "/?files");
  await trash(page, "a.md").click();
  at.mock.uploads.delete(id);
  await sure(page).click();
  await page.getByText("No files here yet.").waitFor();
  assert.equal(await page.locator("#spoken p").last().innerText(), "a.md is deleted.");
});

test("many files come in pages, and deleting one moves none twice", mockOnly, async () => {
  for (let number = 120; number > 0; number -= 1) storeFile(at.mock, "handbook", { name: `file ${number}.md` });
  const { page } = await visit(at, "/?files");
  const more = page.locator("#files").getByRole("button", { name: "More" });
  await more.waitFor();
  assert.equal(await page.locator(".file").count(), 50);
  await trash(page, "file 50.md").click();
  await sure(page).click();
  await row(page, "file 50.md").waitFor({ state: "detached" });
  await more.click();
  await row(page, "file 100.md").waitFor();
  assert.match(await focused(page), /^Delete file 5\d\.md$/, "the focus is at the first of the new ones");
  await more.click();
  await more.waitFor({ state: "hidden" });
  const expected = Array.from({ length: 120 }, (_, nth) => `file ${nth + 1}.md`).filter((name) => name !== "file 50.md");
  assert.deepEqual(await names(page), expected);
});

test("a list that cannot be had says so, and comes when asked again", mockOnly, async () => {
  storeFile(at.mock, "handbook", { name: "a.md" });
  at.mock.filesRefused = "GET";
  const { page } = await visit(at, "/?files");
  const box = page.getByRole("alert").filter({ hasText: "A part of the server is not there for the moment." });
  await box.waitFor();
  assert.equal(await page.getByText("No files here yet.").count(), 0, "what is unknown is not called empty");
  at.mock.filesRefused = null;
  await box.getByRole("button", { name: "Try again" }).click();
  await row(page, "a.md").waitFor();
  assert.equal(await page.locator("#files-problem").isVisible(), false);
});

test("a question asked from the list leaves it, and going back returns", mockOnly, async () => {
  storeFile(at.mock, "handbook", { name: "a.md" });
  const { page } = await visit(at, "/?files");
  await row(page, "a.md").waitFor();
  await page.locator("#question").fill("What do the files say?");
  await page.keyboard.press("Enter");
  await page.locator(".turn-end").waitFor();
  assert.equal(await page.locator("#files").isVisible(), false);
  await page.goBack();
  await row(page, "a.md").waitFor();
  assert.equal(await page.locator(".turn").count(), 0);
});

test("long names stay inside a narrow window", mockOnly, async () => {
  const name = `${"quarterly_report_final_".repeat(8)}.pdf`;
  storeFile(at.mock, "handbook", { name }, [{ status: "failed", error: `it is damaged: ${"x".repeat(200)}` }]);
  const { page } = await visit(at, "/?files", { viewport: { width: 320, height: 640 } });
  await row(page, name).waitFor();
  assert.equal(await overflow(page), 0);
  await trash(page, name).click();
  assert.equal(await overflow(page), 0);
});
