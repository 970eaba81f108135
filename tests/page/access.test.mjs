// The page without a mouse or without eyes: keyboard, spoken text, contrast, and axe's rules.

import assert from "node:assert/strict";
import { test } from "node:test";
import axe from "axe-core";
import { ask } from "./browser.mjs";
import { ended, mockOnly, prepare, QUESTION, visit } from "./setup.mjs";

const at = prepare();

test("each whole sentence is spoken once", mockOnly, async () => {
  const { page } = await visit(at);
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
  const { page } = await visit(at, "/?thread=old-1");
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
  for (const wanted of ["skip", "new-thread", "open-files", "thread-search", "cite", "question", "project", "new-project", "mode", "sources", "add-files", "send"]) assert.ok(reached.includes(wanted), wanted);
});

test("the list of threads over a narrow window keeps the focus, and gives it back", mockOnly, async () => {
  const { page } = await visit(at, "/?thread=old-1", { viewport: { width: 390, height: 780 } });
  await page.locator("#threads a").first().waitFor({ state: "attached" });
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.closest("[id]")?.id);
  await page.getByRole("button", { name: "Open the list of threads" }).click();
  assert.equal(await focused(), "close-threads");
  const reached = new Set();
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("Tab");
    reached.add(await focused());
  }
  for (const behind of ["question", "send", "turns"]) assert.equal(reached.has(behind), false, behind);
  await page.getByRole("button", { name: "Close the list of threads" }).focus();
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "open-threads");
});

test("texts stand out from what is behind them in both themes", mockOnly, async () => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await visit(at, "/", { colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await page.evaluate(weakTexts), [], colorScheme);
    await ask(page, "a formula");
    await ended(page);
    assert.deepEqual(await page.evaluate(weakTexts), [], colorScheme);
    for (const question of ["a small budget", "an extract"]) {
      await page.goto(at.base);
      await ask(page, question);
      await ended(page);
      await page.locator(".progress summary").click();
      await page.locator(".cite").first().click();
      await page.locator("#panel mark.quote").waitFor();
      assert.deepEqual(await page.evaluate(weakTexts), [], colorScheme);
    }
  }
});

test("axe finds nothing serious", async () => {
  for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 740 } }]) {
    const { page } = await visit(at, "/", { ...options, reducedMotion: "reduce", bypassCSP: true });
    const check = async (what) => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run(document));
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(serious.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]), [], `${what}, ${options.colorScheme}`);
    };
    await check("the first page");
    await page.locator("#new-project").click();
    await check("the project dialog");
    await page.keyboard.press("Escape");
    if (at.mock !== null) {
      await page.locator("#project").selectOption("handbook");
      await page.locator("#file-input").setInputFiles(["a.md", "b.bin", "c.exe"].map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("x") })));
      await page.locator(".upload[data-status=done]").waitFor();
      await check("files");
      await page.goto(`${at.base}/?files`);
      await page.getByRole("button", { name: "Delete b.bin" }).first().click();
      await check("the list of files");
      await page.locator("#project-delete").click();
      await page.getByRole("dialog").getByText("Delete the project").waitFor();
      await check("the question before a project is deleted");
      await page.keyboard.press("Escape");
      await page.goto(at.base);
    }
    await ask(page, QUESTION);
    await ended(page);
    await page.locator(".progress summary").click();
    await check("an answer");
    if (at.mock !== null) {
      await ask(page, "a formula");
      await ended(page, 1);
      await check("code and formulas");
      await ask(page, "a slow question");
      await page.locator(".turn").nth(2).locator(".answer p").first().waitFor();
      await ask(page, "And ducks?");
      await check("a question that waits");
      await page.goto(at.base);
      await ask(page, QUESTION);
      await ended(page);
    }
    await page.locator(".cite").first().click();
    await page.locator("#panel mark.passage").waitFor();
    await check("a source");
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
