// Folders with their paths, the original of a file, and leaving the page while files are sent.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { storeFile } from "./mock.mjs";
import { ask } from "./browser.mjs";
import { assertClean, ended, mockOnly, overflow, prepare, QUESTION, visit } from "./setup.mjs";

const at = prepare();

const file = (name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("# Lease\n\nThe notice period is three months.") });
const stored = () => [...at.mock.uploads.values()].map(({ states: [{ path, name }] }) => path ?? name).sort();
const dialog = (page) => page.getByRole("dialog");

/** A folder on the disk, taken away after the test. */
async function folder(context) {
  const top = await mkdtemp(join(tmpdir(), "page-"));
  context.after(() => rm(top, { recursive: true }));
  const root = join(top, "house");
  await mkdir(join(root, "rules", "old"), { recursive: true });
  await mkdir(join(root, ".git"));
  for (const name of ["readme.md", "rules/lease.md", "rules/old/lease.md", ".git/config", "rules/.DS_Store"]) await writeFile(join(root, name), "The notice period is three months.");
  return root;
}

const HOUSE = ["house/readme.md", "house/rules/lease.md", "house/rules/old/lease.md"];

test("a chosen folder keeps the paths of its files, and leaves hidden ones out", mockOnly, async (context) => {
  const { page, noted } = await visit(at, "/?files");
  await page.locator("#project").selectOption("handbook");
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add a folder" }).click();
  await (await choosing).setFiles(await folder(context));
  await page.locator("#uploads-line").getByText("Files ready: 3 of 3").waitFor();
  assert.deepEqual(stored(), HOUSE);
  assert.deepEqual((await page.locator(".file-name").allInnerTexts()).sort(), HOUSE);
  assert.deepEqual((await page.locator(".upload-name").allTextContents()).sort(), HOUSE);
  assertClean(noted);
});

test("a dropped folder keeps them too", mockOnly, async (context) => {
  const { page } = await visit(at);
  await page.locator("#project").selectOption("handbook");
  const root = await folder(context);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [root], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: 600, y: 300, data });
  await page.locator("#uploads-line").getByText("Files ready: 3 of 3").waitFor();
  assert.deepEqual(stored(), HOUSE);
});

test("the original opens and is saved from the list and from the passage", mockOnly, async () => {
  storeFile(at.mock, "handbook", { id: "file-3", name: "lease.md", path: "house/rules/lease.md", dated_at: "2025-03-01T00:00:00Z" });
  const { page } = await visit(at, "/?files", { viewport: { width: 320, height: 640 } });
  const opened = async (link) => {
    const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
    await tab.waitForLoadState();
    return tab.locator("body").innerText();
  };
  const saved = async (link) => {
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    return download.suggestedFilename();
  };
  assert.equal(await page.locator(".file-name").innerText(), "house/rules/lease.md");
  await page.locator(".file-facts").getByText("of Mar 1, 2025").waitFor();
  assert.equal(await opened(page.getByRole("link", { name: "lease.md", exact: true })), "The whole of lease.md.");
  assert.equal(await saved(page.getByRole("link", { name: "Download lease.md" })), "lease.md");
  assert.equal(await overflow(page), 0);
  await page.goto(at.base);
  await ask(page, QUESTION);
  await ended(page);
  await page.locator(".cite[data-source='3']").click();
  assert.equal(await opened(page.locator("#panel").getByRole("link", { name: "Open the file" })), "The whole of lease.md.");
  assert.equal(await saved(page.locator("#panel").getByRole("link", { name: "Download" })), "lease.md");
  await page.keyboard.press("Escape");
  await page.locator(".cite[data-source='1']").first().click();
  assert.equal(await page.locator("#panel").getByRole("link", { name: "Download" }).count(), 0, "a page of the web is no file");
});

test("leaving while files are sent asks first, and not before or after", mockOnly, async () => {
  const { page } = await visit(at);
  page.removeAllListeners("dialog");
  const asked = [];
  page.on("dialog", (question) => {
    asked.push(question.type());
    question.dismiss();
  });
  await page.locator("#project").selectOption("handbook");
  await page.reload();
  let release;
  at.mock.uploadsHeld = new Promise((resolve) => { release = resolve; });
  await page.locator("#file-input").setInputFiles(["a.md", "b.md", "c.md", "d.md"].map(file));
  await page.getByText("Uploading, 100 %").first().waitFor();
  await page.reload({ timeout: 2000 }).catch(() => {});
  assert.deepEqual(asked, ["beforeunload"]);
  await page.getByText("Uploading, 100 %").first().waitFor();
  release();
  await page.locator("#uploads-line").getByText("Files ready: 4 of 4").waitFor();
  await page.reload();
  assert.deepEqual(asked, ["beforeunload"]);
});

test("a project is renamed, and keeps its files", mockOnly, async () => {
  storeFile(at.mock, "handbook", { name: "lease.md" });
  const { page, noted } = await visit(at, "/?files");
  assert.equal(await page.locator("#project-tools").isVisible(), false, "all projects are none");
  await page.locator("#project").selectOption("handbook");
  await page.getByRole("button", { name: "Rename the project" }).click();
  const name = dialog(page).getByRole("textbox", { name: "Name" });
  assert.equal(await name.inputValue(), "Handbook");
  await name.fill("  ");
  await page.keyboard.press("Enter");
  await dialog(page).getByText("The project needs a name.").waitFor();
  await name.fill("House rules");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Files of “House rules”" }).waitFor();
  await page.locator(".file", { hasText: "lease.md" }).waitFor();
  assert.deepEqual(at.mock.projects.map(({ slug, name: given }) => [slug, given]), [["handbook", "House rules"]]);
  assert.equal(await page.locator("#project option:checked").innerText(), "House rules");
  assertClean(noted);
});

test("a project is deleted after a question that says how many files go", mockOnly, async () => {
  at.mock.projects.push({ id: "p2", slug: "other", name: "Other" });
  for (let number = 0; number < 123; number += 1) storeFile(at.mock, "handbook", { name: `${number}.md` });
  storeFile(at.mock, "other", { name: "stays.md" });
  const { page, noted } = await visit(at, "/?files");
  await page.locator("#project").selectOption("handbook");
  await page.getByRole("button", { name: "Delete the project" }).click();
  await dialog(page).getByText("Delete the project “Handbook” with its 123 files and all that was made from them? It cannot be brought back.").waitFor();
  await page.keyboard.press("Enter");
  assert.equal(at.mock.projects.length, 2, "Cancel has the focus");
  await page.getByRole("button", { name: "Delete the project" }).click();
  await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("heading", { name: "Files of all projects" }).waitFor();
  await page.locator(".file", { hasText: "stays.md" }).waitFor();
  assert.deepEqual([...at.mock.uploads.values()].map(({ project }) => project), ["other"]);
  assert.equal(await page.locator("#spoken p").last().innerText(), "The project “Handbook” is deleted.");
  assertClean(noted);
});

test("a project that could not be deleted stays, and says why", mockOnly, async () => {
  const { page } = await visit(at, "/?files");
  await page.locator("#project").selectOption("handbook");
  await page.getByRole("button", { name: "Delete the project" }).click();
  await dialog(page).getByText("Delete the project “Handbook”? It has no files.").waitFor();
  at.mock.filesRefused = "DELETE";
  await dialog(page).getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByRole("alert").getByText("It was not deleted. A part of the server is not there for the moment.").waitFor();
  assert.equal(await page.locator("#project").inputValue(), "handbook");
});
