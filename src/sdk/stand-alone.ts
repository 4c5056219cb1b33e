/** A gateway inside this process, for programs that want no other one. */
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { resolve } from "node:path";
import { openLog } from "../compose/process.ts";
import { ConfigError, type Running, type StartSettings, startGateway } from "../compose.ts";
import { explain } from "../config/explain.ts";
import type { EventKind } from "../guards/events.ts";

type Log = StartSettings["log"];

export interface Alone {
  readonly config: string;
  readonly data: string;
  readonly agent: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly warn: (message: string) => void;
}

/** Rejects with what is wrong, in sentences. */
export async function startAlone(alone: Alone): Promise<{ url: string; key: string; stop: Stop }> {
  const { agent, config, data, environment, warn } = alone;
  const running = await startGateway({
    configFolder: resolve(config),
    git: null,
    dataFolder: resolve(data),
    storeUrl: null,
    agentPort: null,
    controlPort: null,
    inProcess: { agent },
    environment,
    log: logTo(warn),
    version: await ownVersion(),
  }).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    const message = `The guardrails folder ${config} is not valid.\n${explain(error.issues)}`;
    throw new Error(message, { cause: error });
  });
  return { url: running.agentUrl, key: keyOf(running), stop: once(() => running.stop()) };
}

/** The gateway's own warnings and errors. Of caps the guard warns: it knows whose they are. */
function logTo(warn: Alone["warn"]): Log {
  const write = (line: string) => warn(`slipclutch: ${line.trimEnd()}`);
  const log = openLog({ write, level: "warn", form: "json" });
  return {
    ...log,
    warn: (message, fields) => {
      if (message !== CAPPED) log.warn(message, fields);
    },
  };
}

const CAPPED: EventKind = "call.capped";

type Stop = () => Promise<void>;

/** Whoever closes again waits for the first. */
function once(stop: Stop): Stop {
  let stopping: Promise<void> | null = null;
  return () => {
    stopping ??= stop();
    return stopping;
  };
}

function keyOf({ agentKey }: Running): string {
  if (agentKey === null) throw new Error("A gateway in a process has a key for its agent.");
  return agentKey;
}

/** This file is one folder deeper as source than as it is published. */
async function ownVersion(): Promise<string> {
  const path = findPackageJSON(".", import.meta.url);
  if (path === undefined) throw new Error("The package.json of slipclutch is missing.");
  const { version } = JSON.parse(await readFile(path, "utf8"));
  return version;
}
