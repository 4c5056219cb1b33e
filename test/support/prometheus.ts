/** Debian's own Prometheus, scraping one gateway by the rules under `deploy/`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { TestGateway } from "./gateway.ts";
import { DEPLOY } from "./promql.ts";

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
}

export interface Evaluated {
  readonly name: string;
  readonly health: string;
}

export interface Prometheus {
  /** The data of an answer; rejects with the error of one that is none. */
  ask<Data>(path: string): Promise<Data>;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

const READY_MS = 30_000;

export async function startPrometheus(gateway: TestGateway): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-prometheus-"));
  const token = join(folder, "token");
  await writeFile(token, gateway.operatorToken);
  const config = join(folder, "prometheus.yml");
  const targets = [new URL(gateway.controlUrl).host];
  const text = stringify({
    global: { scrape_interval: "300ms", evaluation_interval: "300ms" },
    rule_files: [join(DEPLOY, "prometheus", "alerts.yml")],
    scrape_configs: [
      {
        job_name: "slipclutch",
        authorization: { credentials_file: token },
        static_configs: [{ targets }],
      },
    ],
  });
  await writeFile(config, text);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const parameters = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn("prometheus", parameters, { stdio: "ignore" });
  const prometheus: Prometheus = {
    ask: async (path) => {
      const answer = await fetch(`http://${address}${path}`);
      // `as`: so its API answers, whatever is asked.
      const body = (await answer.json()) as Answer;
      if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
      return body.data as never;
    },
    stop: async () => {
      const ended = once(child, "exit");
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
  const until = Date.now() + READY_MS;
  while (!(await isReady(address))) {
    if (Date.now() > until || child.exitCode !== null) {
      await prometheus.stop();
      throw new Error("Prometheus did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return prometheus;
}

async function isReady(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/-/ready`).catch(() => null);
  return answer?.status === 200;
}

/** It takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("it listens on no port");
  return address.port;
}
