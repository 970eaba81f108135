// Builds DOM nodes. Data from outside reaches the page only through here, as text nodes and checked
// attributes: nothing is ever parsed as HTML.

import { t } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

// Strokes of a 24 × 24 picture each.
const ICONS = {
  alert: "M12 8v5m0 3.5v.01M12 3 2.5 20h19z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  chevron: "m9 6 6 6-6 6",
  clip: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.4a1.7 1.7 0 0 1-2.4-2.4l7.8-7.7",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  dot: "M12 12v.01",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  file: "M14 3H6v18h12V7zM14 3v4h4",
  files: "M8 3h7l4 4v10H8zM15 3v4h4M8 7H5v14h11v-4",
  folder: "M3 6h6l2 2.5h10V19H3zM12 11.5v5M9.5 14h5",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  minus: "M6 12h12",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  pen: "m4 20 1-4L16 5l3 3L8 19z",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6",
  plus: "M12 5v14M5 12h14",
  quote: "m10.5 6-3.5 9m10-9-3.5 9",
  retry: "M20 12a8 8 0 1 1-2.3-5.7L20 8.5M20 4v4.5h-4.5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14m5 12 4.5 4.5",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  stop: "M7.5 7.5h9v9h-9z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
};

/**
 * An element. `props` holds attributes, `on` listeners by event name and `data` data attributes; null, undefined
 * and false leave an attribute out. Children are nodes or text; null children are skipped.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(node.dataset, value);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A decorative line icon. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, a visible text or (`label`) a spoken one, and an action. */
export function button({ text, label, name, className = "quiet", data, click }) {
  return el(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, data: data ?? {}, on: { click } },
    name ? icon(name) : null,
    text === undefined ? null : el("span", {}, text),
  );
}

/** The address if it is an http(s) one, else null: the only kind this page ever links to. */
export function webUrl(address) {
  if (typeof address !== "string" || !URL.canParse(address)) return null;
  const url = new URL(address);
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}

/** A link that leaves the page, telling the other side nothing. The caller has checked `url` with `webUrl`. */
export function outsideLink(url, props, ...children) {
  return el("a", { ...props, href: url.href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, ...children);
}

/** Asks a question in the dialog; whether the answer was yes. */
export async function confirmed(dialog, question) {
  dialog.querySelector("p").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
  return dialog.returnValue === "yes";
}

/** A button that copies what `text()` is, and says whether it did in place of its name for a moment. */
export function copyButton(name, text, say) {
  const node = button({
    text: name, name: "copy",
    click: async () => {
      const label = node.querySelector("span");
      label.textContent = t(await copyText(text()) ? "copied" : "copyFailed");
      say(label.textContent);
      setTimeout(() => { label.textContent = name; }, 2000);
    },
  });
  return node;
}

/** Copies text; false when the browser refuses. */
async function copyText(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  // Outside a secure context (plain http on a LAN) there is no clipboard object.
  const area = el("textarea", { class: "sr-only" });
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
