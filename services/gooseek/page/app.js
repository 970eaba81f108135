// The page as a whole: which thread or run it shows (from the address), and how a question becomes a run.

import { AccountMenu } from "./account.js";
import { ApiError, cancelRun, getThread, startRun } from "./api.js";
import { AskBox } from "./ask.js";
import { el, icon } from "./dom.js";
import { ProjectFiles } from "./files.js";
import { t, translatePage } from "./i18n.js";
import { SourcePanel } from "./panel.js";
import { Projects } from "./projects.js";
import { followRun } from "./stream.js";
import { ThreadList } from "./threads.js";
import { TurnView } from "./turn.js";
import { Uploads } from "./uploads.js";
import { Welcome } from "./welcome.js";

const byId = (id) => document.getElementById(id);
const SPOKEN_KEPT = 30;
// From this width on the list of threads has a place of its own.
const WIDE = window.matchMedia("(min-width: 800px)");

translatePage(document);
for (const node of document.querySelectorAll("[data-icon]")) node.append(icon(node.dataset.icon));

// What is shown now. `reading` ends with a change of address; `run` is the run being followed.
let shown = { threadId: null, reading: new AbortController(), run: null };

const panel = new SourcePanel(byId("panel"));
const projects = new Projects({
  chooser: byId("project-chooser"), select: byId("project"), make: byId("new-project"), dialog: byId("project-dialog"),
}, () => {
  askBox.projectsChanged();
  files.projectsChanged();
});
const askBox = new AskBox({
  form: byId("ask"), question: byId("question"), mode: byId("mode"), sources: byId("sources"), sourcesChooser: byId("sources-chooser"),
  send: byId("send"), stop: byId("stop"), queue: byId("queue"),
}, projects, { ask, stop, say });
const threads = new ThreadList({
  list: byId("threads"), search: byId("thread-search"), note: byId("threads-note"), more: byId("threads-more"), confirm: byId("confirm"),
}, {
  open: go,
  closed: (id) => { if (id === shown.threadId) go("/"); },
  renamed: (id, title) => { if (id === shown.threadId) setTitle(title); },
});
const files = new ProjectFiles({
  box: byId("files"), title: byId("files-title"), list: byId("files-list"), note: byId("files-note"), problem: byId("files-problem"),
  retry: byId("files-retry"), more: byId("files-more"), add: byId("files-add"), input: byId("file-input"), addFolder: byId("folder-add"), folder: byId("folder-input"),
  tools: byId("project-tools"), rename: byId("project-rename"), remove: byId("project-delete"), confirm: byId("confirm"),
}, projects, say);
const uploads = new Uploads({
  box: byId("uploads"), line: byId("uploads-line"), list: byId("uploads-list"), input: byId("file-input"), folder: byId("folder-input"), add: byId("add-files"), drop: byId("drop"),
}, projects, say, () => {
  files.refresh();
  welcome.changed();
});
const welcome = new Welcome({ on: byId("what-is-on"), examples: byId("examples") }, { ask, files: () => go("/?files") });

const turnActions = { ask, say, openSource: (source, cited, opener) => panel.open(source, cited, opener) };

/** Speaks a sentence to a screen reader. */
function say(text) {
  const spoken = byId("spoken");
  spoken.append(el("p", {}, text));
  while (spoken.childElementCount > SPOKEN_KEPT) spoken.firstChild.remove();
}

function setTitle(title) {
  byId("thread-title").textContent = title ?? "";
  document.title = title ? `${title} – GooSeek` : "GooSeek";
}

function showProblem(message) {
  byId("page-problem").hidden = message === null;
  byId("page-problem").textContent = message ?? "";
}

function go(address) {
  history.pushState(null, "", address);
  route();
}

/** Shows the list of files, or takes it away. */
function showFiles(wanted) {
  if (wanted) byId("open-files").setAttribute("aria-current", "page");
  else byId("open-files").removeAttribute("aria-current");
  if (!wanted) return files.close();
  setTitle(t("files"));
  files.open();
}

/** Shows what the address names, and stops following what was shown before. */
function route() {
  shown.reading.abort();
  if (shown.run !== null && shown.threadId !== null) threads.awaitThread(shown.threadId, { left: true });
  shown = { threadId: null, reading: new AbortController(), run: null };
  panel.close();
  byId("turns").replaceChildren();
  byId("spoken").replaceChildren();
  askBox.setRunning(false);
  askBox.unqueue();
  askBox.setFollowUp(false);
  setTitle(null);
  showProblem(null);
  toggleThreads(false);
  threads.setCurrent(null);
  const parameters = new URLSearchParams(location.search);
  const run = parameters.get("run");
  const thread = parameters.get("thread");
  const listing = !run && !thread && parameters.has("files");
  document.body.classList.toggle("home", !run && !thread && !listing);
  if (run || thread || listing) uploads.fold();
  showFiles(listing);
  if (run) showRun(run);
  else if (thread) showThread(thread);
  else if (listing) byId("main").focus({ preventScroll: true });
  else {
    welcome.show();
    askBox.focus();
  }
}

function addTurn(turn) {
  byId("turns").append(turn.node);
  askBox.setFollowUp(true);
}

/** Asks a question in the thread that is shown, or in a new one. */
function ask(question) {
  if (shown.run !== null) return;
  document.body.classList.remove("home");
  showFiles(false);
  if (shown.threadId === null) setTitle(null);
  uploads.fold();
  showProblem(null);
  const turn = TurnView.running(question, turnActions);
  addTurn(turn);
  turn.node.scrollIntoView({ block: "start" });
  const request = { query: question, ...askBox.choices, background: true };
  if (shown.threadId !== null) request.thread_id = shown.threadId;
  follow(turn, { open: startRun(request, shown.reading.signal), asked: true });
}

/** Follows a run into `turn`: one just asked (`open`), or a stored one (`runId`). */
async function follow(turn, { runId, open, asked = false }) {
  const here = shown;
  const { signal } = here.reading;
  here.run = { id: runId, stopWanted: false };
  askBox.setRunning(true);
  let ended = false;
  const onEvent = (type, data) => {
    turn.handle(type, data);
    if (type === "run") started(here, data, turn, asked);
    ended ||= type === "done" || type === "error";
  };
  try {
    await followRun({ runId, open, signal, onEvent, onConnection: (connected) => turn.connected(connected) });
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    failed(turn, here.run.id, error);
  } finally {
    if (!signal.aborted) {
      here.run = null;
      askBox.setRunning(false);
    }
  }
  if (signal.aborted) return;
  if (!ended) return askBox.unqueue();
  if (here.threadId !== null) threads.awaitThread(here.threadId);
  const next = askBox.next();
  if (next !== undefined) ask(next);
}

function started(here, run, turn, asked) {
  here.threadId = run.thread_id;
  here.run.id = run.run_id;
  if (asked) {
    history.pushState(null, "", `/?run=${encodeURIComponent(run.run_id)}`);
  } else {
    showOthers(here, run.run_id, turn);
  }
  if (byId("thread-title").textContent === "") setTitle(run.question);
  threads.setRunning(run.thread_id, { runId: run.run_id, title: byId("thread-title").textContent });
  threads.setCurrent(run.thread_id);
  if (here.run.stopWanted) stop();
}

function failed(turn, runId, error) {
  const again = () => {
    turn.node.remove();
    ask(turn.question);
  };
  const reopen = () => go(`/?run=${encodeURIComponent(runId)}`);
  const retry = runId === undefined ? again : reopen;
  if (error.code !== "cut") turn.fail({ message: error.message }, retry);
  else if (runId === undefined) turn.fail({ message: t("network") }, retry);
  else turn.lost(retry);
}

/** Stops the run that is followed; one that has no id yet is stopped as soon as it has. */
async function stop() {
  const { run } = shown;
  if (run === null) return;
  run.stopWanted = true;
  if (run.id === undefined) return;
  say(t("stopping"));
  try {
    await cancelRun(run.id);
  } catch (error) {
    // A run that ended by itself in the meantime needs no stopping.
    if (shown.run !== run) return;
    askBox.setRunning(true);
    showProblem(error.message);
  }
}

function showRun(runId) {
  const turn = TurnView.running("", turnActions);
  addTurn(turn);
  follow(turn, { runId });
}

/** Puts the other questions of the thread around the run that is shown. */
async function showOthers(here, runId, turn) {
  const thread = await getThread(here.threadId, here.reading.signal).catch(() => null);
  if (thread === null || here.reading.signal.aborted) return;
  setTitle(thread.title);
  // A run that goes on is not in the library yet, and is the last of its thread.
  const at = thread.messages.findIndex((message) => message.run_id === runId);
  const earlier = at < 0 ? thread.messages : thread.messages.slice(0, at);
  const later = at < 0 ? [] : thread.messages.slice(at + 1);
  const stored = (message) => TurnView.stored(message, turnActions).node;
  turn.node.before(...earlier.map(stored));
  turn.node.after(...later.map(stored));
  if (earlier.length > 0) turn.node.scrollIntoView({ block: "start" });
}

async function showThread(id) {
  const here = shown;
  here.threadId = id;
  threads.setCurrent(id);
  try {
    const thread = await getThread(id, here.reading.signal);
    if (here.reading.signal.aborted) return;
    setTitle(thread.title);
    for (const message of thread.messages) addTurn(TurnView.stored(message, turnActions));
    byId("turns").lastElementChild?.scrollIntoView({ block: "start" });
    byId("main").focus({ preventScroll: true });
  } catch (error) {
    if (here.reading.signal.aborted) return;
    here.threadId = null;
    showProblem(error.message);
  }
}

/** On a narrow window the list of threads lies over the rest, which cannot be reached meanwhile. */
function toggleThreads(open) {
  const focused = byId("sidebar").contains(document.activeElement);
  const wasOpen = document.body.classList.contains("threads-open");
  document.body.classList.toggle("threads-open", open);
  document.querySelector(".stage").inert = open;
  byId("scrim").hidden = !open;
  byId("open-threads").setAttribute("aria-expanded", String(open));
  if (wasOpen && !open && focused) byId("open-threads").focus();
}

byId("open-threads").addEventListener("click", () => {
  toggleThreads(true);
  byId("close-threads").focus();
});
byId("close-threads").addEventListener("click", () => toggleThreads(false));
WIDE.addEventListener("change", () => toggleThreads(false));
byId("scrim").addEventListener("click", () => toggleThreads(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") toggleThreads(false);
});
for (const [id, address] of [["brand", "/"], ["new-thread", "/"], ["open-files", "/?files"]]) {
  byId(id).addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(address);
  });
}
window.addEventListener("popstate", route);
window.addEventListener("beforeunload", (event) => {
  if (uploads.sending) event.preventDefault();
});

new AccountMenu(byId("account")).show();
projects.load();
threads.refresh();
route();
