// The chosen project: a chooser, and a dialog that makes a new one, renames one or asks where files should go.

import { createProject, deleteProject, listProjects, renameProject } from "./api.js";
import { el } from "./dom.js";
import { t } from "./i18n.js";

const REMEMBERED = "gooseek-project";
// Slugs are Latin; Russian names are spelled out so that they can still be read on the command line.
const LATIN = { а: "a", б: "b", в: "v", г: "g", д: "d", е: "e", ж: "zh", з: "z", и: "i", к: "k", л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ф: "f", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya", ß: "ss", ø: "o", ł: "l", æ: "ae" };
const LONGEST_SLUG = 56;
const SLUG_TRIES = 20;

/** A slug for a name: its letters and digits in Latin, joined by hyphens. */
export function slugOf(name) {
  const plain = [...name.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "")].map((sign) => LATIN[sign] ?? sign).join("");
  const slug = plain.replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST_SLUG).replace(/^-+|-+$/g, "");
  return slug || "project";
}

export class Projects {
  #nodes;
  #items = [];
  #known = false;
  #changed;

  /** `nodes`: `chooser`, `select`, `make`, `dialog`; `changed()` is called when the list or the choice is another. */
  constructor(nodes, changed) {
    this.#nodes = nodes;
    this.#changed = changed;
    nodes.select.addEventListener("change", () => this.#choose(this.current));
    nodes.make.addEventListener("click", () => this.#ask({ files: false }));
    // A project may be made elsewhere, as on the command line.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.load();
    });
    nodes.dialog.querySelector("[data-closes]").addEventListener("click", () => nodes.dialog.close());
  }

  /** The slug of the chosen project, or null for all of them. */
  get current() {
    return this.#nodes.select.value || null;
  }

  /** The name of the chosen project, or null. */
  get currentName() {
    return this.#items.find(({ slug }) => slug === this.current)?.name ?? null;
  }

  /** The name of the project with an id, or null. */
  nameOf(id) {
    return this.#items.find((item) => item.id === id)?.name ?? null;
  }

  /** Whether the list has been asked for, and with it which project is chosen. */
  get known() {
    return this.#known;
  }

  get any() {
    return this.#items.length > 0;
  }

  /** Asks for the projects; on a failure those known before stay. */
  async load() {
    const items = await listProjects().catch(() => this.#items);
    const same = JSON.stringify(items) === JSON.stringify(this.#items);
    if (this.#known && same) return;
    this.#known = true;
    this.#items = items;
    this.#show(this.current ?? localStorage.getItem(REMEMBERED));
  }

  /** The slug of the project that files go into: the chosen one, or the answer of the dialog; null when it is closed. */
  destination() {
    return this.current === null ? this.#ask({ files: true }) : Promise.resolve(this.current);
  }

  /** Asks for another name of the chosen project. */
  async rename() {
    const slug = this.current;
    const { dialog } = this.#nodes;
    const part = (name) => dialog.querySelector(`[name="${name}"]`);
    part("where").closest("label").hidden = true;
    part("name").closest("label").hidden = false;
    part("name").value = this.currentName;
    dialog.querySelector("h2").textContent = t("renameProject");
    dialog.querySelector("[type=submit]").textContent = t("renameNow");
    await this.#converse(part("name"), () => this.#named(part("name"), (name) => renameProject(slug, name), slug));
  }

  /** Deletes a project with all its files. */
  async remove(slug) {
    await deleteProject(slug);
    this.#items = this.#items.filter((item) => item.slug !== slug);
    this.#choose(null);
  }

  #choose(slug) {
    localStorage.setItem(REMEMBERED, slug ?? "");
    this.#show(slug);
  }

  #show(wanted) {
    const { chooser, select, make } = this.#nodes;
    const options = this.#items.map(({ slug, name }) => el("option", { value: slug }, name));
    select.replaceChildren(el("option", { value: "" }, t("noProject")), ...options);
    select.value = this.#items.some(({ slug }) => slug === wanted) ? wanted : "";
    chooser.hidden = !this.any;
    make.classList.toggle("compact", this.any);
    this.#changed();
  }

  /** Shows the dialog until it is closed. */
  async #ask({ files }) {
    const { dialog } = this.#nodes;
    const part = (name) => dialog.querySelector(`[name="${name}"]`);
    const where = part("where");
    const picks = files && this.any;
    dialog.querySelector("h2").textContent = t(files ? "addToProject" : "newProjectTitle");
    dialog.querySelector("[type=submit]").textContent = t(files ? "addHere" : "create");
    where.replaceChildren(...this.#items.map(({ slug, name }) => el("option", { value: slug }, name)), el("option", { value: "" }, t("newProject")));
    where.closest("label").hidden = !picks;
    if (!picks) where.value = "";
    part("name").value = files ? t("projectDefault") : "";
    const refit = () => { part("name").closest("label").hidden = where.value !== ""; };
    where.onchange = refit;
    refit();
    return this.#converse(picks ? where : part("name"), () => where.value || this.#named(part("name"), createFree));
  }

  /** Shows the dialog until it is closed; `submit()` answers with the slug of the project, which is then chosen, or null. */
  async #converse(first, submit) {
    const { dialog } = this.#nodes;
    let answer = null;
    this.#fault("");
    dialog.querySelector("form").onsubmit = async (event) => {
      event.preventDefault();
      answer = await submit();
      if (answer !== null) dialog.close();
    };
    dialog.showModal();
    first.focus();
    if (first.select) first.select();
    await new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
    if (answer !== null) this.#choose(answer);
    return answer;
  }

  #fault(text) {
    const note = this.#nodes.dialog.querySelector("[role=alert]");
    note.textContent = text;
    note.hidden = text === "";
  }

  /**
   * Gives the name in `input` to a new project or to the one of `slug`, by `request(name)`, and answers with its slug; null
   * when that failed, which is then said.
   */
  async #named(input, request, slug = null) {
    const name = input.value.trim().replace(/\s+/g, " ");
    const fault = this.#faultOf(name, slug);
    if (fault === null) {
      const project = await request(name).catch((error) => error);
      if (!(project instanceof Error)) {
        const known = this.#items.some((item) => item.slug === slug);
        this.#items = known ? this.#items.map((item) => (item.slug === slug ? project : item)) : [project, ...this.#items];
        return project.slug;
      }
      this.#fault(project.message);
    } else {
      this.#fault(fault);
    }
    input.focus();
    return null;
  }

  #faultOf(name, slug) {
    if (name === "") return t("projectUnnamed");
    const same = this.#items.some((item) => item.slug !== slug && item.name.toLowerCase() === name.toLowerCase());
    return same ? t("projectExists") : null;
  }
}

/** Makes a project under the first slug of `name` that nobody has. */
async function createFree(name) {
  const slug = slugOf(name);
  for (let number = 1; ; number += 1) {
    try {
      return await createProject(number === 1 ? slug : `${slug}-${number}`, name);
    } catch (error) {
      if (error.code !== "conflict" || number === SLUG_TRIES) throw error;
    }
  }
}
