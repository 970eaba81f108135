// What the pages of accounts have in common: calls of the API, words for refusals, lists. The texts come from the server, on the body.

import { fetchOwn, fetchSignedIn, goToSignIn } from "./session.js";

export const texts = JSON.parse(document.body.dataset.texts);

export const byId = (id) => document.getElementById(id);
export const auth = (path) => `/api/v1/auth/${path}`;

/** Sends a request and answers with the decoded body, null when there is none. Throws the problem document of a refusal. */
async function request(through, method, path, body) {
  const options = body === undefined ? { method } : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await through(path, options).catch(() => { throw { detail: texts.network }; });
  if (!response.ok) throw { status: response.status, ...(await response.json().catch(() => ({ detail: texts.failed }))) };
  return response.json().catch(() => null);
}

/** A call that needs no account: a wrong password says nothing of the session. */
export const callOpen = (path, body) => request(fetchOwn, "POST", path, body);

/** A call in the session; without one the person signs in first. */
export async function call(method, path, body) {
  try {
    return await request(fetchSignedIn, method, path, body);
  } catch (problem) {
    if (problem.status === 401) goToSignIn();
    throw problem;
  }
}

/** A copy of a template, with texts for its slots by name. */
export function copyOf(template, slots) {
  const node = byId(template).content.firstElementChild.cloneNode(true);
  for (const [name, text] of Object.entries(slots)) node.querySelector(`[data-slot="${name}"]`).textContent = text;
  return node;
}

/** The words for a refusal of the server. */
export function wordsFor({ detail, errors = [], retry_after: seconds, status }) {
  if (status === 429 && seconds) return texts.too_many.replace("{seconds}", seconds);
  if (errors.length > 0) return errors.map((fault) => texts.reasons[fault.detail] ?? fault.detail).join(" ");
  return texts.reasons[detail] ?? detail ?? texts.failed;
}

export function formatTime(text) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));
}

/** Asks before what cannot be undone; whether the answer was yes. */
export async function confirmed(question) {
  const dialog = byId("confirm");
  dialog.querySelector("p").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
  return dialog.returnValue === "yes";
}

/** Does what a button of a list is for, and says beside it what went wrong. */
export function onClick(node, action) {
  node.addEventListener("click", async () => {
    node.disabled = true;
    const fault = node.closest(".row, section").querySelector(":scope > .form-fault");
    fault.hidden = true;
    await Promise.resolve(action()).catch((problem) => {
      fault.textContent = wordsFor(problem);
      fault.hidden = false;
    });
    node.disabled = false;
  });
}
