// Starts the browser and opens pages that note everything that must not happen: errors, script runs, foreign requests.

import { chromium } from "playwright-core";

/** Debian's Chromium, or the one named by CHROMIUM. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page in a fresh context, as `{page, noted}`; `noted` lists faults by kind. */
export async function open(browser, base, path = "/", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...options });
  const page = await context.newPage();
  const noted = await watch(page, base);
  await page.goto(base + path);
  return { page, noted };
}

/** Watches a page of its own context from before its first script. */
export async function watch(page, base) {
  const noted = { scripts: 0, foreign: [], errors: [], violations: [] };
  await page.exposeFunction("xss", () => { noted.scripts += 1; });
  await page.exposeFunction("noteViolation", (text) => { noted.violations.push(text); });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.noteViolation(`${event.violatedDirective} ${event.sourceFile}:${event.lineNumber}`));
  });
  page.on("dialog", (dialog) => {
    noted.scripts += 1;
    dialog.dismiss();
  });
  page.on("pageerror", (error) => noted.errors.push(error.stack));
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) noted.foreign.push(request.url());
  });
  page.on("response", (response) => {
    if (response.status() === 404 && !response.url().includes("/api/")) noted.errors.push(`404 ${response.url()}`);
  });
  return noted;
}

/** Types a question and sends it. */
export async function ask(page, question) {
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
}
