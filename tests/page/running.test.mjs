// While an answer is written: its thread in the list, the next question in the queue, and nothing that jumps.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { ended, mockOnly, prepare, QUESTION, visit } from "./setup.mjs";

const at = prepare();

const running = (page) => page.locator("#threads a", { has: page.locator(".thread-running") });

test("a running thread is in the list at once, and leads back to its run", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a slow question");
  await page.locator(".answer p").first().waitFor();
  assert.equal(at.mock.threads.has("thread-1"), false, "the library does not know it yet");
  assert.equal(await running(page).innerText(), "running:\na slow question");
  assert.equal(await running(page).getAttribute("aria-current"), "page");
  await page.getByRole("link", { name: "Tea and caffeine" }).click();
  await page.getByRole("heading", { name: "Tea and caffeine?" }).waitFor();
  await running(page).click();
  await page.waitForURL(/\?run=run-1$/);
  await page.locator(".answer p").first().waitFor();
  assert.equal(await page.locator("#threads a").first().getAttribute("data-thread"), "thread-1");
  await page.getByRole("button", { name: "Stop" }).click();
  await ended(page);
  assert.equal(await running(page).count(), 0);
  await page.locator("#threads").getByRole("button", { name: "Delete “a slow question”" }).waitFor({ state: "attached" });
});

test("Enter while an answer is written asks the question after it", mockOnly, async () => {
  at.mock.pace = 30;
  const { page } = await visit(at);
  await ask(page, QUESTION);
  await page.locator(".turn").waitFor();
  for (const next of ["And ducks?", "And swans?", "And storks?"]) await ask(page, next);
  assert.deepEqual(await page.locator("#queue .queue-text").allInnerTexts(), ["And ducks?", "And swans?", "And storks?"]);
  assert.equal(await page.locator("#spoken p", { hasText: "“And ducks?” will be asked after this answer." }).count(), 1);
  await page.getByRole("button", { name: "Do not ask “And swans?”" }).click();
  at.mock.pace = 2;
  await ended(page, 2);
  assert.deepEqual(await page.locator(".turn h2").allInnerTexts(), [QUESTION, "And ducks?", "And storks?"]);
  assert.equal(await page.locator("#queue").isVisible(), false);
  assert.deepEqual([...at.mock.runs.values()].map(({ threadId }) => threadId), ["thread-1", "thread-1", "thread-1"]);
});

test("a queued question is back in the box when the person goes elsewhere", mockOnly, async () => {
  const { page } = await visit(at);
  await ask(page, "a slow question");
  await page.locator(".answer p").first().waitFor();
  await ask(page, "And ducks?");
  await page.getByRole("link", { name: "New question" }).click();
  assert.equal(await page.locator("#question").inputValue(), "And ducks?");
  assert.equal(await page.locator("#queue").isVisible(), false);
});

test("steps, sources and text come without a jump", mockOnly, async () => {
  at.mock.pace = 60;
  for (const [viewport, question] of [[{ width: 1280, height: 800 }, QUESTION], [{ width: 360, height: 740 }, QUESTION], [{ width: 1280, height: 800 }, "nothing fits"]]) {
    const { page } = await visit(at, "/?thread=old-1", { viewport });
    await page.locator(".cite").waitFor();
    await page.goto(at.base);
    await page.evaluate(async (text) => {
      document.getElementById("question").value = text;
      // Not by a key, after which the browser counts no shift for half a second.
      document.getElementById("ask").requestSubmit();
      // The change of the page that was asked for is no jump.
      for (let frames = 0; frames < 2; frames += 1) await new Promise((resolve) => { requestAnimationFrame(resolve); });
      window.shifts = [];
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries()) window.shifts.push([value, ...sources.map(({ node }) => `${node?.nodeName} ${node?.id} ${node?.parentNode?.className}`)]);
      }).observe({ type: "layout-shift" });
    }, question);
    await ended(page);
    const shifts = await page.evaluate(() => window.shifts);
    const sum = shifts.reduce((total, [value]) => total + value, 0);
    assert.ok(sum <= 0.05, `${viewport.width}: ${JSON.stringify(shifts)}`);
    console.log(`layout shift at ${viewport.width}, “${question}”: ${sum.toFixed(4)}`);
  }
});
