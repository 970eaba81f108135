// Hostile text in every place that the page shows: no script runs, no foreign host is asked, no foreign markup appears.
// Run with the server's content policy, and without it: the page must not need the policy to be safe.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, launch, open } from "./browser.mjs";
import { startMock } from "./mock.mjs";
import { PAYLOADS } from "./payloads.mjs";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const thread = (payload, at) => ({ id: `x-${at}`, title: payload, pinned: at % 2 === 0, created_at: payload, updated_at: `2026-11-01T10:00:00.${at}Z`, messages: [
  { id: "m", run_id: "r", question: payload, answer: `${payload} [1]`, status: payload, citations: [], sources: [{ index: 1, kind: payload, title: payload, url: payload, site: payload, passages: [] }], degraded: [payload], created_at: payload }] });

/** Runs in the page: what no data may bring in. */
function foreignMarkup() {
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    if (node.matches("script, iframe, object, embed, link, meta, base, style, video, audio, form:not(#ask):not([method=dialog]), img:not([src='/page/icon.svg']), math, marquee, template, svg:not(.icon)")) found.push(node.localName);
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on") || name === "srcdoc") found.push(`${node.localName} ${name}`);
      if (name === "style" && node.localName !== "textarea") found.push(`${node.localName} style`);
      if (/^(href|src|action|formaction|xlink:href)$/.test(name) && !/^(\/|#|https:\/\/)/.test(value)) found.push(`${node.localName} ${name}=${value}`);
    }
  }
  return found;
}

for (const csp of [true, false]) {
  test(`${PAYLOADS.length} payloads stay text ${csp ? "with" : "without"} the content policy`, async (context) => {
    const mock = await startMock({ csp, pace: 0, threads: PAYLOADS.map(thread), projects: PAYLOADS.map((payload, at) => ({ id: String(at), slug: at === 0 ? "p" : payload, name: payload })) });
    context.after(() => mock.close());
    assert.ok(PAYLOADS.length >= 60);
    const { page, noted } = await open(browser, mock.url);
    await page.locator("#project").selectOption("p");
    await page.locator("#file-input").setInputFiles(PAYLOADS.slice(0, 20).map((payload) => ({ name: payload.replaceAll("/", "∕"), mimeType: payload.length > 40 ? "text/html" : "text/plain", buffer: Buffer.from(payload) })));
    await page.locator(".upload[data-status=done]").first().waitFor();
    await ask(page, `xss ${PAYLOADS[2]}`);
    await page.locator(".turn-end").waitFor({ timeout: 60_000 });
    assert.equal(await page.locator(".card").count(), PAYLOADS.length + 1);
    await page.locator(".progress summary").click();
    assert.deepEqual(await page.evaluate(foreignMarkup), []);

    assert.deepEqual(await page.locator(".answer a").allInnerTexts(), [], "no payload is the web address of a source");
    for (const card of (await page.locator(".card").all()).filter((_, at) => at % 6 === 0)) {
      await card.click();
      await page.locator("#panel .stored-text").waitFor();
      assert.deepEqual(await page.evaluate(foreignMarkup), []);
    }
    await page.locator(".cite").first().click();
    await page.locator("#panel mark").first().waitFor();
    for (const at of [0, 2, 9, 40]) {
      await page.goto(`${mock.url}/?thread=x-${at}`);
      await page.locator(".turn").waitFor();
      assert.equal(await page.locator(".turn h2").textContent(), PAYLOADS[at]);
      assert.deepEqual(await page.evaluate(foreignMarkup), []);
    }
    await page.goto(`${mock.url}/?files`);
    await page.locator(".file[data-status=done]").first().waitFor();
    await page.locator(".file button").first().click();
    assert.deepEqual(await page.evaluate(foreignMarkup), []);
    await page.goto(mock.url);
    await ask(page, "refuse this");
    await page.locator(".turn .problem p").waitFor();
    assert.deepEqual(await page.evaluate(foreignMarkup), []);
    assert.deepEqual(noted, { scripts: 0, foreign: [], errors: [], violations: [] });
    assert.deepEqual(mock.faults, []);
  });
}

test("the checks above notice a page that takes text for markup", async (context) => {
  const mock = await startMock({ csp: false });
  context.after(() => mock.close());
  const { page, noted } = await open(browser, mock.url);
  const beacon = page.waitForRequest(/evil\.invalid/);
  await page.evaluate((payloads) => { document.getElementById("turns").innerHTML = payloads.join("\n"); }, PAYLOADS.slice(0, 6));
  await beacon;
  assert.notDeepEqual(await page.evaluate(foreignMarkup), []);
  assert.ok(noted.foreign.length > 0);
});

test("a text of one unit over and over is read in a time that grows with its length", async (context) => {
  const mock = await startMock();
  context.after(() => mock.close());
  const { page } = await open(browser, mock.url);
  const slow = await page.evaluate(async () => {
    const { AnswerView } = await import("/page/answer.js");
    const units = ["$", "$a ", "$a_b$", "\\(a ", "\\[\na\n", "$$\n", "\\begin{a}\n", "**a ", "*a _b ", "***a", "*a $b ", "`a ", "[", "[a](", "[a](b c) ", "[1]", "![", "|a|\n|-|\n", "- a\n", "- a\n\n", "- a\n\n\n\n  ", "> ", "```\n", "# a\n"];
    const times = units.map((unit) => {
      const view = new AnswerView({ mark: () => null, onSentence: () => {} });
      view.push(unit.repeat(60_000 / unit.length));
      view.setQuoted(10, 20);
      const start = performance.now();
      view.finish();
      return [unit, performance.now() - start];
    });
    return times.filter(([, ms]) => ms > 1500);
  });
  assert.deepEqual(slow, []);
});
