// The page on a machine with accounts: a session that is renewed, or over, and the menu at the person's name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "./browser.mjs";
import { assertClean, ended, mockOnly, prepare, QUESTION, visit } from "./setup.mjs";

const at = prepare();

function useAccounts(more = {}) {
  const me = { id: "u1", name: "Olga", email: "olga@example.org", invitations: [], ...more };
  at.mock.session = { me, expired: true, ended: false, csrf: null, renewals: 0 };
  return at.mock.session;
}

test("one renewal serves all requests, and each change has the page's token", mockOnly, async () => {
  const session = useAccounts();
  const { page, noted } = await visit(at);
  await page.locator("#account").getByText("Olga", { exact: true }).waitFor();
  assert.equal(session.renewals, 1);
  session.expired = true;
  await ask(page, QUESTION);
  await ended(page);
  assert.equal(session.renewals, 2);
  session.expired = true;
  await page.locator("#project").selectOption("handbook");
  await page.locator("#file-input").setInputFiles({ name: "a.md", mimeType: "text/plain", buffer: Buffer.from("x") });
  await page.locator(".upload[data-status=done]").waitFor({ state: "attached" });
  assert.ok(session.renewals >= 3);
  assertClean(noted);
});

test("a run that is followed goes on when its token expires", mockOnly, async () => {
  const session = useAccounts();
  at.mock.pace = 20;
  const { page } = await visit(at);
  await page.locator("#account").getByText("Olga", { exact: true }).waitFor();
  at.mock.cutNext = { bytes: 3000 };
  await ask(page, QUESTION);
  await page.locator(".answer p").first().waitFor();
  session.expired = true;
  await ended(page);
  assert.ok(at.mock.resumes.length > 0, "the connection was cut, and the page came back");
  assert.equal(at.mock.runs.size, 1);
  assert.equal(session.renewals, 2);
});

test("without a session the person signs in, and comes back to what was shown", mockOnly, async () => {
  useAccounts().ended = true;
  const { page } = await visit(at, "/?thread=old-1");
  await page.waitForURL(`${at.base}/account/sign-in?next=%2F%3Fthread%3Dold-1`);
});

test("the menu leads to the account, and out", mockOnly, async () => {
  const session = useAccounts({ invitations: [{ id: "i1", organisation: "Acme", roles: ["member"] }] });
  const { page } = await visit(at);
  const menu = page.locator("#account");
  await menu.getByText("1 invitation").waitFor();
  await menu.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.equal(await menu.getByRole("link", { name: "Security" }).getAttribute("href"), "/account/security");
  assert.equal(await menu.getByRole("link", { name: "Organisation" }).getAttribute("href"), "/account/organisation");
  await page.keyboard.press("Escape");
  assert.equal(await menu.getByRole("link", { name: "Security" }).isVisible(), false);
  await menu.locator("summary").click();
  await menu.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${at.base}/account/sign-in`);
  assert.ok(session.ended);
});

test("without accounts there is no menu", mockOnly, async () => {
  const { page } = await visit(at);
  await page.locator("#threads a").first().waitFor();
  assert.equal(await page.locator("#account").isVisible(), false);
});
