// Starts the real `gooseek serve` with accounts, on a folder of its own.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The program named by GOOSEEK. */
const PROGRAM = process.env.GOOSEEK;
export const serverOnly = { skip: PROGRAM ? false : "needs the program: GOOSEEK=…/gooseek" };

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** A server without engines and model, as `{url, setUpLink, stop}`. */
export async function serve() {
  const folder = await mkdtemp(join(tmpdir(), "gooseek-page-"));
  const url = `http://127.0.0.1:${await freePort()}`;
  const env = { PATH: process.env.PATH, AUTH_REQUIRED: "true", SEARCH_ENGINES: "none", DATA_DIR: join(folder, "data"), BIND: url.slice("http://".length), NO_COLOR: "1" };
  const child = spawn(PROGRAM, ["serve"], { cwd: folder, env });
  const ended = new Promise((resolve) => { child.on("exit", resolve); });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true });
  };
  let log = "";
  const setUpLink = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      log += chunk;
      const link = /http:\/\/[^\s"]+\/account\/setup\?token=[\w-]+/.exec(log);
      if (link !== null) resolve(link[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", () => reject(new Error(`the server ended:\n${log}`)));
  });
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = await fetch(`${url}/health`).catch(() => null);
    if (ready?.ok) return { url, setUpLink, stop };
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  await stop();
  throw new Error(`the server does not answer:\n${log}`);
}
