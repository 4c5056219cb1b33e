/** One run of the system's `git`: no shell, no prompt, no hooks, nobody's settings, and an end. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Millis } from "../../../guards/money.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Address } from "./address.ts";
import { sentenceOf } from "./said.ts";
import { type SshSettings, sshCommand } from "./ssh.ts";

export interface GitSettings extends SshSettings {
  readonly address: Address;
  /** The bare repository that is fetched into. */
  readonly mirror: string;
  /** Of this process; little of it is handed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export interface Run {
  readonly timeoutMs: Millis;
  readonly outputBytesMax: number;
  readonly input?: string;
  /** Called with what stops it, while it runs. */
  readonly watch?: (stop: (because: string) => void) => () => void;
}

/** `code` is null where it did not end by itself. */
export type Ended =
  | { readonly kind: "ok"; readonly out: Buffer }
  | { readonly kind: "failed"; readonly code: number | null; readonly because: string };

const ERROR_BYTES_MAX = 16 * 1024;

/** What a program needs of its surroundings to find others, a proxy and whom to trust. */
const HANDED_ON =
  /^(PATH|TMPDIR|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|(https?|all|no)_proxy)$/i;

/** Runs that have not ended, so that a stop leaves none behind. */
export type Running = Set<() => void>;

export function runGit(
  args: readonly string[],
  run: Run,
  settings: GitSettings,
  running: Running,
): Promise<Ended> {
  const child = spawn("git", [`--git-dir=${settings.mirror}`, ...args], {
    env: environmentOf(settings),
    // A group of its own: ssh and the transports go with it.
    detached: true,
    stdio: "pipe",
  });
  return new Promise((resolve) => {
    let cut: string | null = null;
    const stop = (because: string): void => {
      cut ??= because;
      end(child);
    };
    const abandon = (): void => stop("the gateway stops");
    running.add(abandon);
    const cancel = settings.clock.after(run.timeoutMs, () =>
      stop(`git ${args[0]} took longer than ${run.timeoutMs / 1_000} s`),
    );
    const unwatch = run.watch?.(stop);
    const out = gather(child.stdout, run.outputBytesMax, () => stop("git said too much"));
    const said = gather(child.stderr, ERROR_BYTES_MAX, () => undefined);
    const finish = (ended: Ended): void => {
      cancel();
      unwatch?.();
      running.delete(abandon);
      resolve(ended);
    };
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      const because = missing ? "there is no program `git` on the PATH" : error.message;
      finish({ kind: "failed", code: null, because });
    });
    child.once("close", (code) => {
      if (cut !== null) return finish({ kind: "failed", code: null, because: cut });
      if (code === 0) return finish({ kind: "ok", out: Buffer.concat(out) });
      const because = sentenceOf(Buffer.concat(said).toString("utf8"), settings);
      finish({ kind: "failed", code, because });
    });
    // Whoever does not read it to its end says by its code why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(run.input ?? "");
  });
}

function end(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // It ended this moment.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function gather(stream: NodeJS.ReadableStream, bytesMax: number, beyond: () => void): Buffer[] {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else beyond();
  });
  return chunks;
}

function environmentOf(settings: GitSettings): NodeJS.ProcessEnv {
  const { address, environment, mirror } = settings;
  const handedOn = Object.entries(environment).filter(([name]) => HANDED_ON.test(name));
  return {
    ...Object.fromEntries(handedOn),
    HOME: mirror,
    LC_ALL: "C",
    GIT_ALLOW_PROTOCOL: address.protocol,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    SSH_ASKPASS: "",
    GIT_SSH_COMMAND: sshCommand(settings),
    ...configuration(address),
  };
}

/** Git's own settings; those with a secret are in the environment, which is its user's alone. */
function configuration({ authorization }: Address): Record<string, string> {
  const settings: (readonly [string, string])[] = [
    ["core.hooksPath", "/dev/null"],
    ["credential.helper", ""],
    ["init.defaultBranch", "none"],
    // A crafted tree (`..`, `.git`, one name twice) is refused as it arrives.
    ["transfer.fsckObjects", "true"],
    ["fetch.recurseSubmodules", "false"],
    ["http.followRedirects", "false"],
    // What is fetched again and again is packed in the foreground, and what is old dropped.
    ["gc.autoDetach", "false"],
    ["gc.autoPackLimit", "20"],
    ["gc.pruneExpire", "now"],
  ];
  if (authorization !== null)
    settings.push(["http.extraHeader", `Authorization: ${authorization}`]);
  const named = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(named) };
}
