// Picks the language of the interface, and formats its texts, counts, dates and money.

import { EN } from "./messages-en.js";
import { RU } from "./messages-ru.js";

export const language = navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";

const texts = language === "ru" ? RU : EN;
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"];
const plurals = new Intl.PluralRules(language);

/** The text named `key`, with `{name}` filled in from `values`. A text in several forms is chosen by `values.count`. */
export function t(key, values = {}) {
  const entry = texts[key];
  const text = typeof entry === "string" ? entry : (entry[plurals.select(values.count)] ?? entry.other);
  const shown = (name) => (name === "count" ? formatNumber(values.count) : String(values[name]));
  return text.replace(/\{(\w+)\}/g, (_, name) => shown(name));
}

/** Whether there is a text named `key`, for keys that come from the server. */
export function has(key) {
  return Object.hasOwn(texts, key);
}

/** Fills the texts of the static page, which is written in English. */
export function translatePage(root) {
  document.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-i18n]")) node.textContent = t(node.dataset.i18n);
  for (const node of root.querySelectorAll("[data-i18n-label]")) {
    node.setAttribute("aria-label", t(node.dataset.i18nLabel));
    if (node.localName === "button") node.title = t(node.dataset.i18nLabel);
  }
  for (const node of root.querySelectorAll("[data-i18n-placeholder]")) node.placeholder = t(node.dataset.i18nPlaceholder);
}

export function formatNumber(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** A size given in bytes: "480 bytes", "12 kB". */
export function formatBytes(bytes) {
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), SIZES.length - 1);
  const options = { style: "unit", unit: SIZES[step], unitDisplay: step === 0 ? "long" : "short", maximumFractionDigits: step < 2 ? 0 : 1 };
  return new Intl.NumberFormat(language, options).format(bytes / 1000 ** step);
}

/** A length of time given in milliseconds: "240 ms", "1.8 s". */
export function formatDuration(ms) {
  if (ms < 1000) return t("milliseconds", { value: formatNumber(Math.round(ms)) });
  return t("seconds", { value: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(ms / 1000) });
}

/** A day, or null when the server's text is none. */
export function formatDate(text) {
  const date = new Date(text ?? "");
  if (Number.isNaN(date.getTime())) return null;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(date);
}

/** `cost` is `{amount, currency}`; small sums keep the digits that say something. */
export function formatCost({ amount, currency }) {
  const value = Number(amount);
  const digits = value !== 0 && Math.abs(value) < 0.01 ? 4 : 2;
  try {
    return new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: digits }).format(value);
  } catch {
    // An unknown currency code: still say the sum.
    return `${formatNumber(value)} ${currency}`;
  }
}
