// Accounts in a browser, against the real server: the link of the log, signing in, out and in again, a second factor, keys, members.
// SHOTS names a folder for pictures of the pages.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import axe from "axe-core";
import { ask, launch, open, watch } from "./browser.mjs";
import { serve, serverOnly } from "./gooseek.mjs";
import { assertClean, overflow } from "./setup.mjs";

const PASSWORD = "wetterfrosch kuckuck";
const EMAIL = "olga@example.org";
const NARROW = { width: 360, height: 740 };
const at = {};

before(async () => {
  if (serverOnly.skip) return;
  at.browser = await launch();
  at.server = await serve();
});
after(async () => {
  await at.browser?.close();
  await at.server?.stop();
});
afterEach(async () => {
  for (const context of at.browser?.contexts() ?? []) await context.close();
});

const visit = (path, options) => open(at.browser, at.server.url, path, options);

async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
}

async function signIn(page, path = "/") {
  await page.goto(`${at.server.url}/account/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(at.server.url + path);
}

/** The code that an authenticator app shows `steps` half minutes from now (RFC 6238). */
function totp(secret, steps = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", key).update(count).digest();
  const from = hash[19] & 15;
  return String((hash.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("from the link of the log to a question, out and in again", serverOnly, async () => {
  const { page, noted } = await visit("/");
  await page.waitForURL(`${at.server.url}/account/sign-in?next=%2F`);
  await page.goto(at.server.setUpLink);
  await shot(page, "setup");
  await page.getByLabel("Name", { exact: true }).fill("Olga");
  await page.getByLabel("Email").fill("no address");
  await page.getByLabel("Password").fill("password");
  await page.getByLabel("Name of the organisation").fill("Acme");
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByText("This is no address of mail such as").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "email");
  await page.getByLabel("Email").fill(EMAIL);
  await page.keyboard.press("Enter");
  await page.getByText("This is too easy to guess").waitFor();
  await shot(page, "setup-fault");
  assert.equal(await page.evaluate(() => document.activeElement.name), "password");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${at.server.url}/`);
  const menu = page.locator("#account");
  await menu.getByText("Olga", { exact: true }).waitFor();
  await ask(page, "Why do geese fly in a V?");
  await page.locator(".turn .turn-end, .turn .problem").first().waitFor();
  await menu.locator("summary").click();
  await shot(page, "menu");
  await menu.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${at.server.url}/account/sign-in`);
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill("a wrong password");
  await page.keyboard.press("Enter");
  await page.getByText("The address or the password is wrong.").waitFor();
  await shot(page, "sign-in-fault");
  await signIn(page, "/?files");
  await page.locator("#files").waitFor();
  await page.goto(at.server.setUpLink);
  for (const [label, text] of [["Name", "Eve"], ["Email", "eve@example.org"], ["Password", PASSWORD], ["Name of the organisation", "Evil"]]) await page.getByLabel(label, { exact: true }).fill(text);
  await page.keyboard.press("Enter");
  await page.getByText("This link is unknown, was used, or has expired.").waitFor();
  assertClean(noted);
});

test("a token that has expired is renewed, once for all, and nobody notices", serverOnly, async () => {
  const { page, noted } = await visit("/account/sign-in");
  await signIn(page);
  await page.locator("#account summary").waitFor();
  const renewals = [];
  page.on("request", (request) => { if (request.url().endsWith("/api/v1/auth/refresh")) renewals.push(request); });
  const expire = () => page.context().clearCookies({ name: "gooseek_access" });
  await expire();
  await page.reload();
  await page.locator("#account summary").waitFor();
  assert.equal(renewals.length, 1, "the first screen asks for many things at once");
  await expire();
  await ask(page, "Why do geese fly in a V?");
  await page.locator(".turn .turn-end, .turn .problem").first().waitFor();
  assert.equal(await page.getByText("You are not signed in.").count(), 0);
  await expire();
  await page.goto(`${at.server.url}/?files`);
  await page.locator("#account summary").waitFor();
  await page.locator("#new-project").click();
  await page.getByRole("dialog").getByRole("textbox", { name: "Name" }).fill("Handbook");
  await expire();
  await page.getByRole("dialog").getByRole("button", { name: "Make the project" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.locator("#project").selectOption("handbook");
  await expire();
  await page.locator("#file-input").setInputFiles({ name: "geese.md", mimeType: "text/markdown", buffer: Buffer.from("# Geese\n\nThey fly in a V.\n") });
  await page.getByText("geese.md").first().waitFor({ state: "attached" });
  await page.locator("[data-status=indexed], [data-status=done]").first().waitFor({ state: "attached" });
  assertClean(noted);
});

test("who is signed out elsewhere signs in, and comes back to where it was", serverOnly, async () => {
  const { page } = await visit("/account/sign-in");
  await signIn(page, "/?files");
  const other = await visit("/account/sign-in");
  await signIn(other.page, "/account/security");
  await other.page.getByRole("button", { name: "Sign out everywhere" }).click();
  await other.page.getByRole("button", { name: "Yes" }).click();
  await other.page.waitForURL(`${at.server.url}/account/sign-in`);
  await page.context().clearCookies({ name: "gooseek_access" });
  await page.reload();
  await page.waitForURL(`${at.server.url}/account/sign-in?next=%2F%3Ffiles`);
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${at.server.url}/?files`);
});

test("keys, sessions, profile and the organisation are cared for", serverOnly, async () => {
  const { page, noted } = await visit("/account/sign-in");
  await signIn(page, "/account/security");
  await page.getByLabel("What it is for").fill("Backup");
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByText("1 to 50 scopes").waitFor();
  await page.getByLabel("chat:read").check();
  await page.getByRole("button", { name: "Make the key" }).click();
  const key = await page.locator("#new-key-text").innerText();
  const allowed = await fetch(`${at.server.url}/api/v1/chat/capabilities`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(allowed.status, 200);
  await shot(page, "security");
  await page.locator("#keys").getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("button", { name: "Yes" }).click();
  await page.getByText("There are no keys.").waitFor();
  await page.locator("#password-password").fill("not the password");
  await page.locator("#password-new_password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.locator("#password-password-fault").getByText("The password is wrong.").waitFor();
  await page.goto(`${at.server.url}/account/organisation`);
  await page.locator("#own").getByText("Acme").waitFor();
  await page.locator("#invite-email").fill("ann@example.org");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByText("1 to 6 roles").waitFor();
  await page.locator("#invite").getByLabel("guest").check();
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.locator("#invitations").getByText("ann@example.org").waitFor();
  await page.getByText("Set up a second factor of your own first").waitFor();
  await page.getByRole("button", { name: "Leave the organisation" }).click();
  await page.getByRole("button", { name: "Yes" }).click();
  await page.getByText("an organisation has an owner").waitFor();
  await shot(page, "organisation");
  await page.locator("#invitations").getByRole("button", { name: "Withdraw" }).click();
  await page.getByText("Nobody is waiting.").waitFor();
  await page.getByText("Another organisation").click();
  await page.locator("#new-organisation-name").fill("Second");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.locator("#own li", { hasText: "Second" }).getByRole("button", { name: "Go there" }).click();
  await page.locator("#own li", { hasText: "Second" }).getByText("This one").waitFor();
  await page.waitForFunction(() => document.getElementById("policy-name").value === "Second");
  assertClean(noted);
});

test("the pages are whole in both themes, on a narrow screen and in Russian", serverOnly, async () => {
  for (const [name, options] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark", viewport: NARROW }], ["ru", { locale: "ru-RU", viewport: NARROW }]]) {
    const { page } = await visit("/account/sign-in", { ...options, bypassCSP: true });
    const check = async (path) => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => window.axe.run(document));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]), [], `${path}, ${name}`);
      assert.ok(await overflow(page) <= 0, `${path}, ${name}: wider than its window`);
      await shot(page, `${name}${path.replace(/\W+/g, "-")}`);
    };
    for (const path of ["setup", "sign-in", "sign-up", "verify", "forgot", "reset"].map((page) => `/account/${page}`)) {
      await page.goto(at.server.url + path);
      await check(path);
    }
    await page.goto(`${at.server.url}/account/sign-in?next=/account/security`);
    await page.locator("#sign-in-email").fill(EMAIL);
    await page.locator("#sign-in-password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/account/security");
    for (const path of ["/account/security", "/account/organisation", "/"]) {
      await page.goto(at.server.url + path);
      await page.locator("#sessions li, #members li, #account summary").first().waitFor({ state: "attached" });
      await page.waitForLoadState("networkidle");
      await check(path);
    }
  }
});

test("the language of the account is that of its pages", serverOnly, async () => {
  const { page } = await visit("/account/sign-in");
  await signIn(page, "/account/security");
  await page.locator("#profile-locale").selectOption("ru");
  await page.getByRole("button", { name: "Save" }).first().click();
  await page.getByRole("heading", { name: "Безопасность" }).waitFor();
  await shot(page, "ru-security-wide");
  await page.locator("#profile-locale").selectOption("en");
  await page.getByRole("button", { name: "Сохранить" }).first().click();
  await page.getByRole("heading", { name: "Security" }).waitFor();
});

test("a second factor is set up, asked for, and replaced by a recovery code", serverOnly, async () => {
  const { page, noted } = await visit("/account/sign-in");
  await signIn(page, "/account/security");
  await page.locator("#totp-begin-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set up an app" }).click();
  await page.locator("#totp-qr").waitFor();
  assert.ok(await page.locator("#totp-qr").evaluate((picture) => picture.decode().then(() => picture.naturalWidth >= 200)));
  const secret = await page.locator("#totp-secret").innerText();
  await shot(page, "totp");
  await page.locator("#totp-confirm-code").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByText("the code is wrong").waitFor();
  await page.locator("#totp-confirm-code").fill(totp(secret));
  await page.keyboard.press("Enter");
  await page.locator("#codes li").first().waitFor();
  const codes = await page.locator("#codes li").allInnerTexts();
  assert.equal(codes.length, 10);
  await shot(page, "codes");
  for (const code of [totp(secret, 1), codes[0]]) {
    const next = await at.browser.newContext({ locale: "en-US" });
    const other = await next.newPage();
    await watch(other, at.server.url);
    await other.goto(`${at.server.url}/account/sign-in`);
    await other.getByLabel("Email").fill(EMAIL);
    await other.getByLabel("Password").fill(PASSWORD);
    await other.keyboard.press("Enter");
    await other.getByRole("heading", { name: "A code, too" }).waitFor();
    await shot(other, "second-factor");
    await other.getByLabel("Code").fill(code);
    await other.keyboard.press("Enter");
    await other.waitForURL(`${at.server.url}/`);
  }
  await page.reload();
  await page.getByText("Recovery codes left: 9.").waitFor();
  await page.locator("#totp-remove-password").fill(PASSWORD);
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "Set up an app" }).waitFor();
  assertClean(noted);
});
