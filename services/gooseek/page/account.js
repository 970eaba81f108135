// The menu at the person's name, on a machine with accounts.

import { ownAccount, signOut } from "./api.js";
import { button, el, icon } from "./dom.js";
import { t } from "./i18n.js";

export class AccountMenu {
  #box;

  /** `box`: the `details` of the menu, hidden until there is an account. */
  constructor(box) {
    this.#box = box;
    document.addEventListener("click", ({ target }) => {
      if (!box.contains(target)) box.open = false;
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !box.open) return;
      box.open = false;
      box.querySelector("summary").focus();
      event.stopPropagation();
    });
  }

  /** Asks who the person is. Without an answer there is no menu, and everything else goes on. */
  async show() {
    const me = await ownAccount().catch(() => null);
    if (me === null) return;
    const fault = el("p", { class: "account-fault", role: "alert", hidden: true });
    const leave = async () => {
      try {
        await signOut();
        location.assign("/account/sign-in");
      } catch (error) {
        fault.textContent = error.message;
        fault.hidden = false;
      }
    };
    const waiting = me.invitations.length === 0 ? null : el("span", { class: "account-badge" }, t("invitations", { count: me.invitations.length }));
    this.#box.replaceChildren(
      el("summary", {}, icon("person"), el("span", { class: "account-name" }, me.name), waiting, icon("chevron")),
      el("div", { class: "account-menu" },
        el("p", { class: "hint" }, me.email),
        el("a", { href: "/account/security" }, t("security")),
        el("a", { href: "/account/organisation" }, t("organisation")),
        button({ text: t("signOut"), className: "account-leave", click: leave }),
        fault));
    this.#box.hidden = false;
  }
}
