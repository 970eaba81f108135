// The page of the organisation: which one, what it demands, who is in it and who is invited.

import { byId, call, confirmed, copyOf, formatTime, onClick, texts } from "./common.js";

const at = (path) => `/api/v1/organisations${path}`;

// The organisation the session is in, and the caller's account.
let current = null;
let me = null;

/** What the forms of the page do with their values. */
export const ORGANISATION = {
  policy: async (_, values) => {
    await call("PATCH", at(`/${current}`), values);
    await showOwn();
    return true;
  },
  invite: async (form, values) => {
    await call("POST", at(`/${current}/invitations`), values);
    form.reset();
    await showInvitations();
    return true;
  },
  "new-organisation": async (form, values) => {
    await call("POST", at(""), values);
    form.reset();
    await showOwn();
    return true;
  },
};

export async function showOrganisation() {
  me = await call("GET", "/api/v1/auth/me");
  current = me.organisation_id;
  const isAdmin = me.roles.includes("owner") || me.roles.includes("admin");
  byId("invitations-section").hidden = !isAdmin;
  for (const control of byId("policy").querySelectorAll("input, button")) control.disabled = !isAdmin;
  onClick(byId("leave"), async () => {
    if (!await confirmed(texts.confirm_leave)) return;
    await call("POST", at(`/${current}/leave`));
    location.assign("/");
  });
  showPending();
  await Promise.all([showOwn(), showPolicy(), showMembers(isAdmin), isAdmin ? showInvitations() : null]);
}

const roleNames = (roles) => roles.map((role) => texts.roles[role] ?? role).join(", ");

function showPending() {
  byId("pending-section").hidden = me.invitations.length === 0;
  byId("pending").replaceChildren(...me.invitations.map((invitation) => {
    const node = copyOf("pending-row", { name: invitation.organisation, roles: roleNames(invitation.roles) });
    onClick(node.querySelector("button"), async () => {
      await call("POST", `/api/v1/auth/invitations/${invitation.id}/accept`);
      me = await call("GET", "/api/v1/auth/me");
      showPending();
      await showOwn();
    });
    return node;
  }));
}

async function showOwn() {
  const { items } = await call("GET", at(""));
  byId("own").replaceChildren(...items.map((organisation) => {
    const node = copyOf("own-row", { name: organisation.name, roles: roleNames(organisation.roles) });
    node.querySelector(".badge").hidden = !organisation.is_current;
    const change = node.querySelector("button");
    change.hidden = organisation.is_current;
    onClick(change, async () => {
      await call("POST", at(`/${organisation.id}/switch`), { browser: true });
      location.reload();
    });
    return node;
  }));
}

async function showPolicy() {
  const organisation = await call("GET", at(`/${current}`));
  byId("policy-name").value = organisation.name;
  byId("policy-mfa_required").checked = organisation.mfa_required;
  byId("policy-public_sharing").checked = organisation.public_sharing;
  // Who demands a second factor without having one is locked out.
  if (me.has_second_factor || organisation.mfa_required) return;
  byId("policy-mfa_required").disabled = true;
  byId("mfa-needs-own").hidden = false;
}

async function showMembers(isAdmin) {
  const items = await all(`/${current}/members`);
  byId("members").replaceChildren(...items.map((member) => {
    const node = copyOf("member", { name: member.name, about: [member.email, roleNames(member.roles)].join(" · ") });
    node.querySelector(".badge").hidden = !member.has_second_factor;
    const [details, remove] = [node.querySelector("details"), node.querySelector(".danger")];
    details.hidden = !isAdmin;
    remove.hidden = !isAdmin || member.user_id === me.id;
    for (const box of details.querySelectorAll("input")) box.checked = member.roles.includes(box.value);
    onClick(details.querySelector("button"), async () => {
      const roles = [...details.querySelectorAll("input:checked")].map(({ value }) => value);
      await call("PUT", at(`/${current}/members/${member.user_id}/roles`), { roles });
      await showMembers(isAdmin);
    });
    onClick(remove, async () => {
      if (!await confirmed(texts.confirm_remove.replace("{name}", member.name))) return;
      await call("DELETE", at(`/${current}/members/${member.user_id}`));
      await showMembers(isAdmin);
    });
    return node;
  }));
}

async function showInvitations() {
  const items = await all(`/${current}/invitations`);
  byId("no-invitations").hidden = items.length > 0;
  byId("invitations").replaceChildren(...items.map((invitation) => {
    const until = texts.expires.replace("{time}", formatTime(invitation.expires_at));
    const node = copyOf("invitation", { email: invitation.email, about: `${roleNames(invitation.roles)} · ${until}` });
    onClick(node.querySelector("button"), async () => {
      await call("DELETE", at(`/${current}/invitations/${invitation.id}`));
      await showInvitations();
    });
    return node;
  }));
}

/** Every item of a list of the API. */
async function all(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await call("GET", at(`${path}?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`));
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}
