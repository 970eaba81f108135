// The page of the person's own account: profile, password, second factor, sessions, keys.

import { auth, byId, call, confirmed, copyOf, formatTime, onClick, texts } from "./common.js";

/** What the forms of the page do with their values. */
export const SECURITY = {
  profile: async (_, values) => {
    const me = await call("PATCH", auth("me"), values);
    if (me.locale !== document.documentElement.lang) return location.reload();
    return true;
  },
  password: async (form, values) => {
    await call("POST", auth("password/change"), values);
    form.reset();
    await showSessions();
    return true;
  },
  "totp-begin": async (form, values) => {
    const secret = await call("POST", auth("mfa/totp"), values);
    form.hidden = true;
    form.reset();
    byId("totp-qr").src = secret.qr_code;
    byId("totp-secret").textContent = secret.secret;
    byId("totp-setup").hidden = false;
    byId("totp-confirm-code").focus();
  },
  "totp-confirm": async (form, values) => {
    const { recovery_codes: codes } = await call("POST", auth("mfa/totp/confirm"), values);
    form.reset();
    await showMe();
    showCodes(codes);
  },
  "recovery-codes": async (form, values) => {
    const { recovery_codes: codes } = await call("POST", auth("mfa/recovery-codes"), values);
    form.reset();
    await showMe();
    showCodes(codes);
  },
  "totp-remove": async (form, values) => {
    await call("POST", auth("mfa/totp/remove"), values);
    form.reset();
    byId("codes").hidden = true;
    await Promise.all([showMe(), showSessions()]);
  },
  "new-key": async (form, { name, scopes, days }) => {
    const expires = days === "" ? undefined : new Date(Date.now() + Number(days) * 86_400_000).toISOString();
    const made = await call("POST", auth("api-keys"), { name, scopes, expires_at: expires });
    form.reset();
    byId("new-key-text").textContent = made.key;
    byId("new-key-shown").hidden = false;
    byId("new-key-shown").focus();
    await showKeys();
  },
};

export async function showSecurity() {
  onClick(byId("sign-out"), async () => {
    await call("POST", auth("logout"));
    location.assign("/account/sign-in");
  });
  onClick(byId("sign-out-everywhere"), async () => {
    if (!await confirmed(texts.confirm_everywhere)) return;
    await call("POST", auth("logout-all"));
    location.assign("/account/sign-in");
  });
  await showMe();
  await Promise.all([showSessions(), showKeys()]);
}

async function showMe() {
  const me = await call("GET", auth("me"));
  byId("profile-email").textContent = me.email;
  byId("profile-name").value = me.name;
  byId("profile-locale").value = me.locale;
  byId("totp-on").hidden = !me.has_second_factor;
  byId("totp-begin").hidden = me.has_second_factor;
  byId("totp-setup").hidden = true;
  byId("codes-left").textContent = texts.codes_left.replace("{count}", me.recovery_codes);
}

function showCodes(codes) {
  byId("codes-list").replaceChildren(...codes.map((code) => {
    const item = document.createElement("li");
    item.className = "code";
    item.textContent = code;
    return item;
  }));
  byId("codes").hidden = false;
  byId("codes").focus();
}

async function showSessions() {
  const { items } = await call("GET", auth("sessions"));
  byId("sessions").replaceChildren(...items.map((session) => {
    const used = texts.last_used.replace("{time}", formatTime(session.last_used_at));
    const node = copyOf("session", { program: programOf(session.user_agent), used: [session.address, used].filter(Boolean).join(" · ") });
    node.querySelector(".badge").hidden = !session.is_current;
    const end = node.querySelector("button");
    end.hidden = session.is_current;
    onClick(end, async () => {
      await call("DELETE", auth(`sessions/${session.id}`));
      await showSessions();
    });
    return node;
  }));
}

/** A browser by its name and system, where the long text of it says so. */
function programOf(text) {
  const browser = [["Firefox", /Firefox\//], ["Edge", /Edg\//], ["Opera", /OPR\//], ["Chrome", /Chrom(e|ium)\//], ["Safari", /Safari\//]].find(([, sign]) => sign.test(text));
  if (browser === undefined) return text || texts.unknown_program;
  const system = [["Android", /Android/], ["iPhone", /iPhone/], ["iPad", /iPad/], ["Windows", /Windows/], ["macOS", /Mac OS X/], ["Linux", /Linux/]].find(([, sign]) => sign.test(text));
  return [browser[0], system?.[0]].filter(Boolean).join(", ");
}

async function showKeys() {
  const { items } = await call("GET", auth("api-keys?limit=100"));
  byId("no-keys").hidden = items.length > 0;
  byId("keys").replaceChildren(...items.map((key) => {
    const until = key.expires_at === null ? texts.no_expiry : texts.expires.replace("{time}", formatTime(key.expires_at));
    const node = copyOf("key", { name: key.name, prefix: `${key.prefix}…`, about: `${key.scopes.join(", ")} · ${until}` });
    onClick(node.querySelector("button"), async () => {
      if (!await confirmed(texts.confirm_key.replace("{name}", key.name))) return;
      await call("DELETE", auth(`api-keys/${key.id}`));
      await showKeys();
    });
    return node;
  }));
}
