/** Where the configuration of this gateway comes from: a folder, a Git remote, or the starter. */
import { join } from "node:path";
import { GitUnusable, gitSource } from "../adapters/guardrails/git/git-source.ts";
import type { Environment } from "../config/environment.ts";
import { load } from "../config/load.ts";
import type { PolicyEngines } from "../config/policy-rules.ts";
import { readFiles } from "../config/read.ts";
import { STARTER } from "../config/starter.ts";
import type { Millis } from "../guards/money.ts";
import type { Clock } from "../ports/clock.ts";
import type { Reading } from "./bundles.ts";
import { GitGuardrails } from "./git.ts";
import type { Guardrails } from "./sourced.ts";
import { todayText } from "./today.ts";

export interface GuardrailsSettings {
  /** The guardrails folder; null: the built-in starter, with the simulated provider. */
  readonly configFolder: string | null;
  /** In place of a folder. */
  readonly git: GitOptions | null;
  /** Where the embedded store, its key and the local operator's token live. */
  readonly dataFolder: string;
  readonly environment: Environment;
  readonly engines: PolicyEngines;
}

export interface GitOptions {
  /** `${NAME}` in it is taken from the environment. */
  readonly remote: string;
  readonly ref: string;
  /** Of the repository; "" is all of it. */
  readonly folder: string;
  readonly deployKey: string | null;
  readonly knownHosts: string | null;
  readonly pollMs: Millis;
  /** Who knows it may say that something was pushed; null: nobody is listened to. */
  readonly webhookSecret: string | null;
}

export function guardrailsOf(
  settings: GuardrailsSettings,
  clock: Clock,
): Guardrails | GitGuardrails {
  const { configFolder, dataFolder, engines, environment, git } = settings;
  const reading = { environment, engines };
  if (git === null) return folderGuardrails(configFolder, reading);
  const { deployKey, folder, knownHosts, ref } = git;
  const remote = remoteOf(git.remote, environment);
  const files = { mirror: join(dataFolder, "git"), deployKey, knownHosts };
  const source = gitSource({ remote, ref, folder, ...files, environment, clock });
  return new GitGuardrails(source, reading);
}

function folderGuardrails(configFolder: string | null, reading: Reading): Guardrails {
  return {
    source: null,
    kept: async () => null,
    load: async () => {
      const today = todayText();
      return configFolder === null
        ? readFiles(STARTER, { ...reading, today })
        : load(configFolder, { ...reading, today });
    },
  };
}

/** A token is better in the environment than among the arguments, which everybody can read. */
function remoteOf(written: string, environment: Environment): string {
  return written.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value) return encodeURIComponent(value);
    throw new GitUnusable(`--git takes \${${name}} from the environment, where it is not set.`);
  });
}
