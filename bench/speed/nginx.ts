/** nginx as a plain proxy, shown beside ours where it is installed. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../gateways.ts";
import { CORE_UNDER_TEST, type Program, startSilent } from "../processes.ts";

const READY_MS = 5_000;

/** The program, which a user's PATH may lack; null: not installed. */
export function nginxProgram(): string | null {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin"];
  return folders.map((folder) => path.join(folder, "nginx")).find(existsSync) ?? null;
}

export interface Nginx {
  readonly program: Program;
  readonly url: string;
  readonly workerPid: number;
}

export async function startNginx(upstream: string): Promise<Nginx> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = path.join(folder, "nginx.conf");
  writeFileSync(file, configuration(folder, port, new URL(upstream).host));
  const args = ["-p", folder, "-c", file, "-e", path.join(folder, "error.log")];
  const program = startSilent({ command: nginxProgram() ?? "nginx", args, core: CORE_UNDER_TEST });
  const until = performance.now() + READY_MS;
  for (;;) {
    const pids = spawnSync("pgrep", ["-P", String(program.pid)], { encoding: "utf8" }).stdout;
    const workerPid = Number(pids.trim().split("\n")[0]);
    if (workerPid > 0) return { program, url: `http://127.0.0.1:${port}`, workerPid };
    if (performance.now() > until) {
      throw new Error(`nginx did not start: ${readFileSync(path.join(folder, "error.log"))}`);
    }
    await sleep(20);
  }
}

function configuration(folder: string, port: number, upstream: string): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid; user root;
events { worker_connections 2048; }
http {
  access_log off; ${paths} keepalive_requests 1000000;
  upstream up { server ${upstream}; keepalive 512; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port}; tcp_nodelay on;
    location / {
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header connection "";
      proxy_buffering off;
    }
  }
}
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
