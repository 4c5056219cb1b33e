/** The options of `start` that say where in Git the guardrails folder is. */
import { resolve } from "node:path";
import type { GitOptions } from "../compose/guardrails.ts";
import { parseDuration } from "../config/fields.ts";
import { CommandError, EXIT, type Shell } from "./shell.ts";

/** As they are written. */
export interface GitFlags {
  readonly git?: string;
  readonly ref?: string;
  readonly path?: string;
  readonly deployKey?: string;
  readonly knownHosts?: string;
  readonly poll?: string;
}

const POLL = "30s";
const POLL_MIN_MS = 1_000;
const POLL_MAX_MS = 24 * 60 * 60_000;
/** What a host's webhook signs with: in the environment, for arguments can be read by everybody. */
const SECRET = "SLIPCLUTCH_WEBHOOK_SECRET";
/** Shorter ones can be guessed. */
const SECRET_CHARACTERS_MIN = 16;

/** Null: the guardrails folder is on this disk. */
export function gitOptionsOf(flags: GitFlags, shell: Shell): GitOptions | null {
  const { deployKey, git, knownHosts, path, poll, ref } = flags;
  if (git === undefined) {
    const given = { ref, path, deployKey, knownHosts, poll };
    if (Object.values(given).every((value) => value === undefined)) return null;
    throw usage("--ref, --path, --deploy-key, --known-hosts and --poll belong to --git.");
  }
  if (ref === undefined) throw usage("--git wants a branch or tag: --ref main.");
  return {
    remote: isPath(git) ? resolve(shell.folder, git) : git,
    ref,
    folder: path ?? "",
    deployKey: deployKey === undefined ? null : resolve(shell.folder, deployKey),
    knownHosts: knownHosts === undefined ? null : resolve(shell.folder, knownHosts),
    pollMs: pollOf(poll ?? POLL),
    webhookSecret: secretOf(shell),
  };
}

/** A repository on this disk: what else begins like that is no URL. */
function isPath(git: string): boolean {
  return /^\.{0,2}\//.test(git);
}

function pollOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= POLL_MIN_MS && ms <= POLL_MAX_MS) return ms;
  throw usage(`--poll is a duration from 1s to 24h, like ${POLL}; it is "${text}".`);
}

function secretOf({ environment }: Shell): string | null {
  const secret = environment[SECRET];
  if (!secret) return null;
  if (secret.length >= SECRET_CHARACTERS_MIN) return secret;
  throw usage(`${SECRET} wants ${SECRET_CHARACTERS_MIN} characters or more.`);
}

function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, message, "slipclutch start --help shows an example.");
}
