// What an answer looks like: the source's own words, formulas, code, links, and citations that are judged again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { assertClean, ended, mockOnly, overflow, prepare, visit } from "./setup.mjs";

const at = prepare();

const blocks = (page) => page.locator(".answer > *").evaluateAll((nodes) => nodes.map((node) => `${node.localName}: ${node.textContent}`));

test("an extract says that it is word for word, and its signs stay", mockOnly, async () => {
  const { page, noted } = await visit(at);
  await ask(page, "an extract");
  await ended(page);
  const marks = page.locator(".cite");
  assert.deepEqual(await marks.evaluateAll((nodes) => nodes.map((node) => node.dataset.support)), ["verbatim", "verbatim", "verbatim"], "brackets of the source are no marks");
  assert.deepEqual(await blocks(page), ["p: When deep matching is on, the pattern ** matches all files and any number of folders. 1 Set the variable my_long_name or __init__ before the start; the path is C:\\temp\\new\\*.log on Windows. 1 The van passes the stops [3,1,2] and [1] in this order. 1"]);
  assert.equal(await page.locator(".turn-end .support").innerText(), "Word for word");
  const [mark, supported] = await Promise.all([".cite", ".support-verbatim"].map((wanted) => page.locator(wanted).first().evaluate((node) => getComputedStyle(node).backgroundColor)));
  assert.equal(mark, supported);
  await marks.nth(1).click();
  await page.locator("#panel .support").getByText("Word for word").waitFor();
  await page.locator("#panel").getByText("These are the source's own words.").waitFor();
  assert.match(await page.locator("#panel .verdict-sentence").innerText(), /__init__ before the start; the path is C:\\temp\\new\\\*\.log on Windows\.$/);
  assert.equal(await page.locator("#panel mark.quote").innerText(), "Set the variable my_long_name or __init__ before the start; the path is C:\\temp\\new\\*.log on Windows.");
  await page.reload();
  await ended(page);
  assert.equal((await blocks(page)).length, 1);
  assertClean(noted);
});

test("a stored extract looks as it did, in Russian too", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "an extract");
  await ended(page);
  const shown = await blocks(page);
  const [{ threadId }] = at.mock.runs.values();
  const russian = await visit(at, `/?thread=${threadId}`, { locale: "ru-RU" });
  await ended(russian.page);
  await russian.page.waitForFunction((text) => document.querySelector(".answer").textContent === text, shown[0].slice(3));
  assert.equal(await russian.page.locator(".turn-end .support").innerText(), "Дословно");
  assert.match(await russian.page.locator(".cite").first().getAttribute("aria-label"), /Дословно$/);
});

test("the closest passages stand under their headline", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "closest passages");
  await ended(page);
  assert.equal(await page.locator(".answer strong").innerText(), "Nothing in the sources answers this directly; the closest passages are:");
  assert.equal(await page.locator(".answer p").count(), 2);
});

test("formulas and code are not read as Markdown", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a formula");
  await ended(page);
  const shown = await blocks(page);
  assert.equal(shown[0], "p: The mean $\\bar{x}_n = a_1*b_1 + a_2*b_2$ and \\(x_i*y_i\\) cost $5 or more than $6; *not emphasis*.");
  assert.equal(await page.locator(".answer strong").innerText(), "more than $6");
  assert.equal(shown[1], "pre: \\[\n\\sum_{i=1}^{n} x_i\n- y_i * z_i\n\\]");
  assert.equal(shown[2], "pre: $$E = mc^2$$");
  assert.equal(await page.locator(".answer em").count(), 0);
  assert.equal(await page.locator(".answer .code-box code").innerText(), "grep -r \"**\" --include=*.md | sed 's/__a__/\\1/'");
  assert.equal(await page.locator(".answer p code, .answer li > code").innerText(), "**kwargs");
});

test("sums of money, paths and escaped marks are no formulas", mockOnly, async () => {
  const { page } = await visit(at, "/?thread=old-1");
  await page.locator(".cite").waitFor();
  const shown = await page.evaluate(async () => {
    const { AnswerView } = await import("/page/answer.js");
    const read = (text) => {
      const view = new AnswerView({ mark: (number) => (number === 1 ? Object.assign(document.createElement("button"), { className: "cite", textContent: "1" }) : null), onSentence: () => {} });
      view.push(text);
      view.finish();
      return view.node.innerHTML;
    };
    return ["It costs $5, *not* $10.", "US$5 and *that* is 3$.", "$HOME and *$PATH*", "See \\[1\\] and `a`.", "$$\nx_1\n\n*after*", "\\[ *open*", "**a $x^*$ b**", "$O(n*m)$ of 5 * 3 [1]", "\\begin{align}\na &= b * c \\\\\n\\end{align}\nafter", "__init__.py, 2*3*4, 2**8**2, __two words__, un__*it*__"].map(read);
  });
  assert.deepEqual(shown, [
    "<p>It costs $5, <em>not</em> $10.</p>",
    "<p>US$5 and <em>that</em> is 3$.</p>",
    "<p>$HOME and <em>$PATH</em></p>",
    "<p>See [1] and <code>a</code>.</p>",
    "<p>$$\nx_1</p><p><em>after</em></p>",
    "<p>[ <em>open</em></p>",
    '<p><strong>a <span class="tex">$x^*$</span> b</strong></p>',
    '<p><span class="tex">$O(n*m)$</span> of 5 * <span class="together">3 <button class="cite">1</button></span></p>',
    '<pre class="tex" tabindex="0">\\begin{align}\na &amp;= b * c \\\\\n\\end{align}</pre><p>after</p>',
    "<p>__init__.py, 2*3*4, 2**8**2, <strong>two words</strong>, un__<em>it</em>__</p>",
  ]);
});

test("what looks like a list, a heading or a quotation at the start of quoted words is none", mockOnly, async () => {
  const { page } = await visit(at, "/?thread=old-1");
  await page.locator(".cite").waitFor();
  const shown = await page.evaluate(async () => {
    const { AnswerView } = await import("/page/answer.js");
    const view = new AnswerView({ mark: () => Object.assign(document.createElement("sup"), { className: "cite" }), onSentence: () => {} });
    const sentences = ["- 5 °C is the least.", "# begins a comment.", "> 3 V is too much.", "To reset:\n- press A\n- hold *B*."];
    let text = "";
    for (const sentence of sentences) {
      const start = text.length + (text === "" ? 0 : 2);
      text += `${text === "" ? "" : "\n\n"}${sentence} [1]`;
      view.setQuoted(start, start + sentence.length);
    }
    view.push(text);
    view.finish();
    return [...view.node.children].map((node) => `${node.localName}: ${node.textContent}`);
  });
  assert.deepEqual(shown, ["p: - 5 °C is the least. ", "p: # begins a comment. ", "p: > 3 V is too much. ", "p: To reset:", "ul: press Ahold *B*. "]);
});

test("code is copied by its button", mockOnly, async () => {
  const { page } = await visit(at, "/", { permissions: ["clipboard-read", "clipboard-write"] });
  await ask(page, "a formula");
  await ended(page);
  await page.getByRole("button", { name: "Copy code" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "grep -r \"**\" --include=*.md | sed 's/__a__/\\1/'");
  assert.equal(await page.locator("#spoken p").last().innerText(), "Copied");
});

test("a link that is no source shows its address, and leads nowhere", mockOnly, async () => {
  const { page } = await visit(at, "/", { viewport: { width: 320, height: 640 } });
  await ask(page, "a formula");
  await ended(page);
  assert.deepEqual(await page.locator(".answer .host").allInnerTexts(), [" (manual.example/install?step=2#third)", " (birds.example)"]);
  assert.deepEqual(await page.locator(".answer a").allInnerTexts(), ["home"]);
  assert.equal(await overflow(page), 0);
});

test("a citation that is judged again takes the place of the one before", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "judged twice");
  await ended(page);
  assert.deepEqual(await page.locator(".cite").evaluateAll((nodes) => nodes.map((node) => node.dataset.support)), ["supported", "supported", "supported", "supported", "partial"]);
  assert.deepEqual(await page.locator(".turn-end .count").allInnerTexts(), ["Supported\n4", "Partly supported\n1"]);
  await page.locator(".cite").nth(3).click();
  await page.locator("#panel").getByText("Compared by the model.").waitFor();
});
