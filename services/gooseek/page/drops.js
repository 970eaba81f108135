// What was dropped on the page: files, and those in folders, with their paths in the folder.

// A folder with more is not meant: it is somebody's whole disk.
const MOST_FILES = 5000;

/** The files of a drop as `{file, path}`. The entries must be taken at once: after the event there are none. */
export async function dropped(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const found = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const files = [];
  for (const { entry, file } of found) {
    if (entry?.isDirectory) await readFolder(entry, files);
    else if (file !== null) files.push({ file, path: "" });
  }
  return files;
}

/** The files of a chosen folder, as those of a dropped one. */
export function chosen(list) {
  return [...list].map((file) => ({ file, path: file.webkitRelativePath })).filter(({ path }) => !path.split("/").some(isHidden)).slice(0, MOST_FILES);
}

/** Adds the files of a folder and of those in it, in the order of their names. */
async function readFolder(folder, files) {
  const entries = (await entriesOf(folder)).sort((a, b) => a.name.localeCompare(b.name));
  for (const entry of entries) {
    if (files.length >= MOST_FILES) return;
    if (isHidden(entry.name)) continue;
    if (entry.isDirectory) await readFolder(entry, files);
    else files.push({ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), path: entry.fullPath.replace(/^\//, "") });
  }
}

/** A browser hands out the entries of a folder in parts, until one is empty. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const part = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (part.length === 0) return entries;
    entries.push(...part);
  }
}

/** What programs keep for themselves, as `.git` and `.DS_Store`. */
function isHidden(name) {
  return name.startsWith(".");
}
