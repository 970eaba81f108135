// A browser's session, whose tokens are cookies that no script can read. Used by the pages of accounts and by the page at `/`.

/** What each change has to repeat, as headers; none without a session. */
export function csrfHeaders() {
  const found = /(?:^|; )(?:__Host-)?gooseek_csrf=([^;]+)/.exec(document.cookie);
  return found === null ? {} : { "x-csrf-token": found[1] };
}

/** Whether this browser has signed in, as far as a script can see. */
export function hasSession() {
  return Object.keys(csrfHeaders()).length > 0;
}

/** `fetch` with the token of our own page. */
export function fetchOwn(path, options = {}) {
  return fetch(path, { ...options, headers: { ...options.headers, ...csrfHeaders() } });
}

let renewal = null;

/** Asks for new tokens, once for all who ask meanwhile. Answers with the status; throws when nothing answers. */
function renewSession() {
  renewal ??= fetchOwn("/api/v1/auth/refresh", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })
    .then(({ status }) => status)
    .finally(() => { renewal = null; });
  return renewal;
}

/** Whether a refused request is worth repeating: the access token had expired, and there is a new one. */
export async function isRenewed(status) {
  if (status !== 401) return false;
  const renewed = await renewSession();
  // The session may go on: nobody has to sign in again because a server is busy.
  if (renewed >= 500 || renewed === 429) throw new TypeError("the session could not be renewed now");
  return renewed === 200;
}

/** `fetch` in the session of this browser. An access token that has expired is renewed, and the request sent again. */
export async function fetchSignedIn(path, options) {
  const response = await fetchOwn(path, options);
  return await isRenewed(response.status) ? fetchOwn(path, options) : response;
}

/** Goes to the page for signing in, and comes back here after it. */
export function goToSignIn() {
  location.assign(`/account/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
