// The forms of the pages of accounts. Each sends its fields to the JSON API; what the server finds wrong is put beside the field it is
// about.

import { auth, byId, call, callOpen, texts, wordsFor } from "./common.js";
import { ORGANISATION, showOrganisation } from "./organisation.js";
import { SECURITY, showSecurity } from "./security.js";

/** The fields of a form by name: text, whether a lone box is ticked, which of several are. */
function valuesOf(form) {
  const values = {};
  for (const input of form.querySelectorAll("[name]")) {
    if (input.type !== "checkbox") values[input.name] = input.value;
    else if (input.value === "on") values[input.name] = input.checked;
    else values[input.name] = [...(values[input.name] ?? []), ...(input.checked ? [input.value] : [])];
  }
  return values;
}

function clearFaults(form) {
  for (const node of form.querySelectorAll(".field-fault, .form-fault, .form-done")) node.hidden = true;
  for (const node of form.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
}

/** Puts each fault beside its field, and what belongs to none below the form. */
function showFaults(form, problem) {
  const wrongPassword = problem.detail === "the password is wrong" ? [{ pointer: "/password", detail: problem.detail }] : [];
  const faults = problem.errors?.length > 0 ? problem.errors : wrongPassword;
  let first = null;
  for (const { pointer, detail } of faults) {
    const name = pointer.replace(/^\/([^/]*).*$/, "$1");
    const place = form.querySelector(`[data-fault="${CSS.escape(name)}"]`);
    if (place === null) continue;
    place.textContent = wordsFor({ detail });
    place.hidden = false;
    const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
    input.setAttribute("aria-invalid", "true");
    first ??= input;
  }
  if (first !== null) return first.focus();
  const place = form.querySelector(".form-fault");
  place.textContent = wordsFor(problem);
  place.hidden = false;
}

/** Takes a form away for the words that say what is next. */
function finish(form) {
  form.hidden = true;
  const notice = byId(`${form.dataset.form}-done`);
  notice.hidden = false;
  notice.focus();
}

let challenge = null;

// What each form does with its values. One that returns true has its success said below it.
const OPEN = {
  "sign-in": async (form, { email, password }) => {
    const answer = await callOpen(auth("login"), { email, password, browser: true });
    if (answer.challenge === undefined) return location.assign(form.dataset.next);
    challenge = answer.challenge;
    form.hidden = true;
    byId("second-factor").hidden = false;
    byId("second-factor-code").focus();
  },
  "second-factor": async (form, { code }) => {
    await callOpen(auth("login/second-factor"), { challenge, code, browser: true });
    location.assign(form.dataset.next);
  },
  "set-up": async (_, values) => {
    await callOpen(auth("setup"), { ...values, locale: document.documentElement.lang });
    location.assign("/");
  },
  "sign-up": async (form, values) => {
    await callOpen(auth("register"), { ...values, locale: document.documentElement.lang });
    finish(form);
  },
  verify: async (form, values) => {
    await callOpen(auth("verify-email"), values);
    finish(form);
  },
  device: async (form, { user_code }) => {
    await call("POST", auth("device/approve"), { user_code, approve: true });
    finish(form);
  },
  forgot: async (form, values) => {
    await callOpen(auth("password/forgot"), values);
    finish(form);
  },
  reset: async (form, values) => {
    await callOpen(auth("password/reset"), values);
    finish(form);
  },
};

const FORMS = { ...OPEN, ...SECURITY, ...ORGANISATION };

async function submit(form) {
  clearFaults(form);
  const empty = [...form.querySelectorAll("input[required]")].filter(({ value }) => value.trim() === "");
  if (empty.length > 0) return showFaults(form, { errors: empty.map(({ name }) => ({ pointer: `/${name}`, detail: texts.required })) });
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    if (await FORMS[form.dataset.form](form, valuesOf(form)) === true) form.querySelector(".form-done").hidden = false;
  } catch (problem) {
    showFaults(form, problem);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-form]");
  if (form === null) return;
  event.preventDefault();
  submit(form);
});

const SHOWS = { security: showSecurity, organisation: showOrganisation };
SHOWS[document.body.dataset.page]?.().catch((problem) => {
  byId("page-fault").textContent = wordsFor(problem);
  byId("page-fault").hidden = false;
});
