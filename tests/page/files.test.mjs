// Projects and files: made, chosen, added by button and by drop. These tests make projects of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { assertClean, ended, mockOnly, overflow, prepare, QUESTION, visit } from "./setup.mjs";

const at = prepare();

const file = (name, text = "# Lease\n\nThe notice period is three months.") => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
const choose = (page, files) => page.locator("#file-input").setInputFiles(files);
const row = (page, name) => page.locator(".upload", { hasText: name });
const dialog = (page) => page.getByRole("dialog");

/** Drops files on the middle of the page, and answers whether the browser was kept from opening them. */
function drop(page, names) {
  return page.evaluate((wanted) => {
    const transfer = new DataTransfer();
    for (const name of wanted) transfer.items.add(new File([`# ${name}\n\nThe notice period is three months.`], name, { type: "text/markdown" }));
    const target = document.getElementById("main");
    const fire = (type) => !target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    return [fire("dragover"), fire("drop")];
  }, names);
}

test("a first file needs no command line: dropped, given a project, ready, asked about", async () => {
  if (at.mock !== null) at.mock.projects.length = 0;
  const { page, noted } = await visit(at);
  assert.deepEqual(await drop(page, ["lease.md"]), [true, true], "the browser does not leave the page");
  await dialog(page).getByRole("heading", { name: "Add files to a project" }).waitFor();
  const where = dialog(page).getByRole("combobox", { name: "Project" });
  if (await where.isVisible()) await where.selectOption("New project…");
  const name = dialog(page).getByRole("textbox", { name: "Name" });
  assert.equal(await name.inputValue(), "My files");
  await name.fill(`Page tests ${Date.now()}`);
  await dialog(page).getByRole("button", { name: "Add the files" }).click();
  await row(page, "lease.md").getByText("Ready to be asked about").waitFor({ timeout: 30_000 });
  assert.match(await page.locator("#project").inputValue(), /^page-tests-\d+$/);
  await page.getByRole("combobox", { name: "Look in" }).selectOption("Files only");
  await ask(page, at.mock === null ? "What is the notice period?" : QUESTION);
  await ended(page);
  assert.ok(await page.locator(".card").count() > 0);
  await page.locator(".cite").first().click();
  await page.locator("#panel mark.passage").waitFor();
  assertClean(noted);
});

test("a project is made by keyboard, and its name becomes a slug", async () => {
  const { page } = await visit(at, "/", { locale: "ru-RU" });
  const stamp = String(Date.now());
  await page.getByRole("button", { name: "Новый проект…" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await dialog(page).getByText("Проекту нужно название.").waitFor();
  await page.keyboard.type(`Щука и Ёж ${stamp}`);
  await page.keyboard.press("Enter");
  await page.waitForFunction((slug) => document.getElementById("project").value === slug, `shchuka-i-ezh-${stamp}`);
  await page.reload();
  await page.waitForFunction((slug) => document.getElementById("project").value === slug, `shchuka-i-ezh-${stamp}`);
});

test("a project made elsewhere is there when the person comes back", mockOnly, async () => {
  const { page } = await visit(at);
  await page.locator("#project").selectOption("handbook");
  at.mock.projects.unshift({ id: "p2", slug: "contracts", name: "Contracts" });
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.locator("#project option", { hasText: "Contracts" }).waitFor({ state: "attached" });
  assert.equal(await page.locator("#project").inputValue(), "handbook", "the choice stays");
});

test("two names with one slug are two projects, and a name is taken once", mockOnly, async () => {
  const { page } = await visit(at);
  const make = async (name) => {
    await page.getByRole("button", { name: "New project…" }).click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill(name);
    await page.keyboard.press("Enter");
  };
  await make("hand-book!");
  await page.waitForFunction(() => document.getElementById("project").value === "hand-book");
  await make("Hand Book");
  await page.waitForFunction(() => document.getElementById("project").value === "hand-book-2");
  await make("handbook");
  await dialog(page).getByText("There is a project of that name already.").waitFor();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.locator("#project").inputValue(), "hand-book-2");
});

test("a chosen project takes files, each with its state or reason, and is asked", mockOnly, async () => {
  const { page } = await visit(at);
  await page.getByRole("combobox", { name: "Project" }).selectOption("Handbook");
  await page.getByRole("combobox", { name: "Look in" }).selectOption("Files only");
  await choose(page, [file("lease.md"), file("broken.bin"), file("tool.exe")]);
  await row(page, "lease.md").getByText("Ready to be asked about · 2 passages").waitFor();
  await row(page, "broken.bin").getByText("Not readable: it is damaged.").waitFor();
  await row(page, "tool.exe").getByText("Not taken: files of this kind are not read").waitFor();
  await page.locator("#uploads-line").getByText("Files ready: 1 of 3 · not added: 1 · not readable: 1").waitFor();
  for (const said of [/lease\.md is ready/, /broken\.bin was not added/, /tool\.exe was not added/]) assert.match(await page.locator("#spoken").textContent(), said);
  await ask(page, QUESTION);
  await ended(page);
  const { asked } = at.mock.runs.get([...at.mock.runs.keys()][0]);
  assert.equal(asked.project, "handbook");
  assert.deepEqual(asked.sources, ["files"]);
  assert.ok((await page.locator("#uploads").boundingBox()).height < 45, "what is left to say of the files is one line");
  assert.equal(await row(page, "lease.md").count(), 0);
  assert.equal(await page.locator("#uploads-line").innerText(), "Files ready: 1 of 3 · not added: 1 · not readable: 1", "what is ready counts when its row is gone");
  await page.locator("#uploads summary").click();
  await page.getByRole("button", { name: "Dismiss tool.exe" }).click();
  assert.equal(await page.locator("#uploads-line").innerText(), "Files ready: 1 of 2 · not readable: 1");
});

test("a file is followed while it is sent and read", mockOnly, async () => {
  let release;
  at.mock.uploadsHeld = new Promise((resolve) => { release = resolve; });
  const { page } = await visit(at);
  await page.getByRole("combobox", { name: "Project" }).selectOption("Handbook");
  await choose(page, ["a.md", "b.md", "c.md", "d.md"].map((name) => file(name)));
  await row(page, "a.md").getByText("Uploading, 100 %").waitFor();
  assert.equal(await row(page, "a.md").getByRole("progressbar", { name: "a.md" }).getAttribute("value"), "1");
  assert.equal(await row(page, "d.md").locator(".upload-status").innerText(), "Waiting", "three at once");
  const states = page.evaluate(() => new Promise((resolve) => {
    const seen = new Set();
    const node = document.querySelector(".upload .upload-status");
    new MutationObserver(() => {
      seen.add(node.textContent);
      if (node.textContent.startsWith("Ready")) resolve([...seen]);
    }).observe(node, { childList: true });
  }));
  release();
  assert.deepEqual(await states, ["Reading", "Trying again: no parser is free", "Found by its words; vectors are being made", "Ready to be asked about · 2 passages"]);
  await row(page, "d.md").getByText("Ready").waitFor();
});

test("the dialog offers the projects there are, and closing it adds nothing", mockOnly, async () => {
  const { page } = await visit(at);
  await choose(page, [file("lease.md")]);
  await dialog(page).getByRole("combobox", { name: "Project" }).waitFor();
  assert.deepEqual(await dialog(page).locator("option").allInnerTexts(), ["Handbook", "New project…"]);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".upload").count(), 0);
  await drop(page, ["lease.md"]);
  await dialog(page).getByRole("button", { name: "Add the files" }).click();
  await row(page, "lease.md").getByText("Ready").waitFor();
  assert.deepEqual([...at.mock.uploads.values()].map(({ project }) => project), ["handbook"]);
});

test("a failed file with a long name covers no answer on a telephone", mockOnly, async () => {
  const { page } = await visit(at, "/?thread=old-1", { viewport: { width: 360, height: 740 } });
  await page.locator(".cite").waitFor();
  await page.locator("#project").selectOption("handbook");
  const name = `${"quarterly_report_final_".repeat(8)}.exe`;
  await choose(page, [file(name)]);
  await page.locator("#uploads[data-status=failed]").waitFor();
  assert.ok((await page.locator("#uploads").boundingBox()).height < 45);
  assert.equal(await overflow(page), 0);
  await page.locator("#uploads summary").click();
  await row(page, name).getByText("Not taken").waitFor();
  assert.equal(await overflow(page), 0);
  await page.getByRole("button", { name: `Dismiss ${name}` }).click();
  await page.locator("#uploads").waitFor({ state: "hidden" });
});
