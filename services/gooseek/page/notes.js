// What stands under an answer: that it is incomplete, what it had to do without, or why there is none.

import { el, icon } from "./dom.js";
import { has, t } from "./i18n.js";
import { codeText, noteText } from "./reasons.js";

/** A notice with an icon. `kind`: "partial", "cancelled" or "error". */
export function notice(kind, text) {
  return el("p", { class: `notice notice-${kind}` }, icon(kind === "cancelled" ? "stop" : "alert"), el("span", {}, text));
}

export function partialNotice(reason) {
  return notice("partial", [`${t("donePartial")}.`, reason ? codeText(reason, reason) : null].filter(Boolean).join(" "));
}

/**
 * What the answer had to do without, in one quiet line that opens to what the server said; a box when the answer
 * rests on no source at all. An empty list when there is nothing to say.
 */
export function degradedNote(degraded, { sourced }) {
  if (!Array.isArray(degraded) || degraded.length === 0) return [];
  const notes = degraded.map(noteText);
  const line = el("span", {}, [...new Set(notes.map(({ text }) => text))].join(" "));
  const details = detailList(notes);
  if (!sourced) return [el("div", { class: "notice notice-degraded" }, icon("alert"), el("div", {}, el("p", {}, line), ...unfolded(details)))];
  if (details === null) return [el("p", { class: "without" }, icon("minus"), line)];
  return [el("details", { class: "without" }, el("summary", {}, icon("minus"), line, el("span", { class: "sr-only" }, ` (${t("details")})`)), details)];
}

/** The box of a run that has no answer: what happened, what can be done, and what the server said. */
export function failureBox({ code: told, message, degraded = [] }, again) {
  const notes = Array.isArray(degraded) ? degraded.map(noteText) : [];
  const code = told === "search_outage" && notes.some(({ engineless }) => engineless) ? "no_engines" : told;
  // What the box says already is not said twice.
  const others = notes.filter(({ detail, engineless }) => !detail && !(engineless && code === "no_engines"));
  const hint = `hint_${code}`;
  const details = detailList(notes);
  return el("div", { class: "problem", role: "alert" }, icon("alert"),
    el("div", {},
      el("p", { class: "problem-text" }, code === undefined ? message || t("doneError") : codeText(code, message || t("doneError"))),
      has(hint) ? el("p", {}, t(hint)) : null,
      ...others.map(({ text }) => el("p", {}, text)), ...unfolded(details)),
    again);
}

function unfolded(details) {
  return details === null ? [] : [el("details", { class: "problem-details" }, el("summary", {}, t("details")), details)];
}

/** The server's own words, which are English whatever the page speaks; null when it says no more. */
function detailList(notes) {
  const details = notes.filter(({ detail }) => detail).map(({ text, detail }) => el("li", {}, notes.length > 1 ? `${text} ` : null, el("span", { lang: "en" }, detail)));
  return details.length === 0 ? null : el("ul", {}, ...details);
}
