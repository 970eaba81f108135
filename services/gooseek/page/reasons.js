// Puts what the server says of failures into the person's words. What is not known here is passed on as it came.

import { has, t } from "./i18n.js";

const NO_ENGINES = "no search engine serves this";

/** The words for a refused request: of each faulty field, of the code, or else the server's own. */
export function problemText(body, status) {
  const faults = Array.isArray(body?.errors) ? body.errors.map(faultText).filter(Boolean) : [];
  if (faults.length > 0) return [...new Set(faults)].join(" ");
  const detail = body?.detail || body?.title;
  if (has(`code_${body?.code}`)) return t(`code_${body.code}`, { detail: detail ? fileReason(detail) : status });
  return detail || t("badAnswer", { status });
}

/** A fault names a field of the API, which means nothing to the person: the box it came from does. */
function faultText(fault) {
  const key = `field_${String(fault?.pointer ?? "").replace(/^\//, "")}`;
  if (has(key)) return t(key);
  return fault?.detail ? t("refused", { detail: fault.detail }) : null;
}

/** Why a file is not read: the server's `reason` or `reason: more`, whose known beginnings a language may put into its own words. */
export function fileReason(reason) {
  const [, head, more] = /^([^:]*)(?:: ([^]*))?$/.exec(reason) ?? [reason, reason];
  if (!has(`reason_${head}`)) return reason;
  return [t(`reason_${head}`), more].filter(Boolean).join(": ");
}

/** The sentence for the code of an error or of a partial answer; `message` where the code is not known. */
export function codeText(code, message) {
  return has(`code_${code}`) ? t(`code_${code}`, { detail: message ?? "" }) : message || String(code ?? "");
}

/** A note `part: reason` of `degraded` as a sentence, with the server's words as `detail` where they say more; `engineless` when no engine is on. */
export function noteText(note) {
  const raw = String(note);
  const [, part, reason] = /^(\w+): ([^]*)$/.exec(raw) ?? [raw, "", raw];
  const unread = part === "files" ? /^(\d+) not indexed yet$/.exec(reason) : null;
  if (unread !== null) return { text: t("note_files_unread", { count: Number(unread[1]) }), detail: null };
  if (part === "web") return webNote(reason);
  if (has(`note_${part}`)) return { text: t(`note_${part}`), detail: has(`code_${reason}`) ? t(`code_${reason}`) : reason };
  return { text: raw, detail: null };
}

/** Why the web was searched in part or not at all. */
function webNote(reason) {
  if (reason.startsWith(NO_ENGINES)) return { text: t("note_web_none"), detail: null, engineless: true };
  const outage = /^every search engine failed(?: \(([^]*)\))?$/.exec(reason);
  if (outage !== null) return { text: t("note_web_outage"), detail: outage[1] ?? null };
  const unopened = /^none of (\d+) pages could be opened(?: \(([^]*)\))?$/.exec(reason);
  if (unopened === null) return { text: t("note_web"), detail: reason };
  const [, count, why] = unopened;
  const said = why?.split(", ").map((each) => each.replace(/^\S+/, pageFailure)).join(", ");
  return { text: [t("note_web_pages", { count: Number(count) }), said].filter(Boolean).join(": ") + ".", detail: null };
}

/** Why a page was not opened, by its code; one of HTTP has its status. */
function pageFailure(code) {
  const status = /^http_(\d+)$/.exec(code)?.[1];
  if (status !== undefined) return t(has(`page_http_${status}`) ? `page_http_${status}` : "page_http", { status });
  const kind = code.replace(/^(timeout)_\w+$/, "$1");
  return has(`page_${kind}`) ? t(`page_${kind}`) : code;
}

/** Why a step failed. */
export function stepErrorText(error) {
  const text = String(error);
  if (text === "every search engine failed") return t("enginesFailed");
  return text.startsWith(NO_ENGINES) ? t("note_web_none") : pageFailure(text);
}
