/** The Git source over ssh, against OpenSSH's own client and server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { type GitSourceSettings, gitSource } from "../../src/adapters/guardrails/git/git-source.ts";
import type { GuardrailsSource, Looked } from "../../src/ports/guardrails.ts";
import { Repository } from "../support/git.ts";
import { part } from "../support/parts.ts";
import { type SshServer, serveSsh } from "../support/sshd.ts";

/** Several sessions of ssh, on a machine that has more to do. */
const PATIENT = { timeout: 60_000 };

let repository: Repository;
let server: SshServer;
let folder: string;
/** A key that the server takes. */
let key: string;
const sources: GuardrailsSource[] = [];

describe.skipIf(!part("sshd").available)("a Git remote over ssh", PATIENT, () => {
  beforeEach(async () => {
    repository = await Repository.make();
    server = await serveSsh();
    folder = await mkdtemp(join(tmpdir(), "slipclutch-ssh-"));
    key = await server.makeKey("deploy");
    await server.authorize(key);
  });

  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await server.close();
    await repository.remove();
    await rm(folder, { recursive: true, force: true });
  });

  function sourceOf(changes: Partial<GitSourceSettings> = {}): GuardrailsSource {
    const source = gitSource({
      ...{ remote: server.url(repository.bare), ref: "main", folder: "" },
      ...{ deployKey: key, knownHosts: server.knownHosts, clock: systemClock },
      mirror: join(folder, "mirror"),
      environment: { PATH: process.env.PATH },
      ...changes,
    });
    sources.push(source);
    return source;
  }

  async function saysOf(changes: Partial<GitSourceSettings> = {}): Promise<string> {
    return said(await sourceOf(changes).look(null));
  }

  async function pushed(): Promise<string> {
    const commit = await repository.commit({ "slipclutch.yaml": { version: 1 } });
    await repository.push();
    return commit;
  }

  /** The system's ssh, called by a script: what it does first has its arguments as `"$@"`. */
  async function sshAfter(first: string): Promise<NodeJS.ProcessEnv> {
    const programs = join(folder, "programs");
    await mkdir(programs);
    const path = process.env.PATH ?? "";
    await writeFile(join(programs, "ssh"), `#!/bin/sh\nPATH='${path}'\n${first}\n`);
    await chmod(join(programs, "ssh"), 0o755);
    return { PATH: `${programs}:${path}` };
  }

  test("is read with the key and the known hosts, whatever their files are called", async () => {
    const first = await pushed();
    const odd = join(server.folder, `it's 100%h "of" a key`);
    await rename(key, odd);
    const hosts = join(server.folder, `the 5%d "known" hosts\\`);
    await rename(server.knownHosts, hosts);
    const source = sourceOf({ deployKey: odd, knownHosts: hosts });
    expect(said(await source.look(null))).toBe(first);
    expect(await source.look(first)).toEqual({ kind: "same" });
    const second = await pushed();
    expect(said(await source.look(first))).toBe(second);
  });

  test("whose host is unknown is refused, and nothing becomes known by that", async () => {
    await pushed();
    await writeFile(server.knownHosts, "");
    const because = await saysOf();
    expect(because).toContain(`the host ${server.host} is not known`);
    expect(because).toContain(`until its ED25519 key stands in ${server.knownHosts}`);
    expect(await readFile(server.knownHosts, "utf8")).toBe("");
    const none = join(folder, "none");
    expect(await saysOf({ knownHosts: none })).toContain(`until its ED25519 key stands in ${none}`);
    await expect(readFile(none)).rejects.toThrow("ENOENT");
  });

  test("whose host shows another key is refused, until that is the one that is known", async () => {
    const commit = await pushed();
    const source = sourceOf();
    expect(said(await source.look(null))).toBe(commit);
    const before = await readFile(server.knownHosts, "utf8");
    await server.changeHostKey();
    const because = said(await source.look(commit));
    expect(because).toContain(`the host ${server.host} shows another key`);
    expect(because).toMatch(/SHA256:[\w+/]{43}\b/);
    expect(because).toContain(`${server.knownHosts}:1`);
    expect(await readFile(server.knownHosts, "utf8")).toBe(before);
    const shown = await readFile(join(server.folder, "another-host.pub"), "utf8");
    await writeFile(server.knownHosts, `${server.host} ${shown}`);
    expect(await source.look(commit)).toEqual({ kind: "same" });
  });

  test("whose host key is marked as revoked is refused, and that is said", async () => {
    await pushed();
    const known = await readFile(server.knownHosts, "utf8");
    await writeFile(server.knownHosts, `@revoked ${known}`);
    expect(await saysOf()).toBe(`The ED25519 host key for ${server.host} is marked as revoked`);
  });

  test("is refused with a key that it does not take", async () => {
    await pushed();
    const other = await server.makeKey("other");
    const because = await saysOf({ deployKey: other });
    expect(because).toContain("Permission denied (publickey)");
    expect(because).toContain(other);
  });

  test("is refused with a key that others may read, whose mode is told", async () => {
    const commit = await pushed();
    await chmod(key, 0o644);
    const because = await saysOf();
    expect(because).toContain(`ssh does not use the deploy key ${key}`);
    expect(because).toContain(`chmod 600`);
    await chmod(key, 0o600);
    expect(await saysOf()).toBe(commit);
  });

  test("is refused with a key that has a passphrase, and nobody is asked for it", async () => {
    await pushed();
    const locked = await server.makeKey("locked", "the passphrase");
    await server.authorize(locked);
    const asked = join(folder, "asked");
    const asks = join(folder, "asks");
    await writeFile(asks, `#!/bin/sh\necho "$1" > '${asked}'\necho 'the passphrase'\n`);
    await chmod(asks, 0o755);
    const environment = {
      ...{ PATH: process.env.PATH, DISPLAY: ":0" },
      ...{ SSH_ASKPASS: asks, SSH_ASKPASS_REQUIRE: "force" },
    };
    const because = await saysOf({ deployKey: locked, environment });
    expect(because).toContain("Permission denied (publickey)");
    expect(because).toContain("passphrase");
    await expect(readFile(asked)).rejects.toThrow("ENOENT");
  });

  test("is refused with a file that is no private key, or is not there", async () => {
    await pushed();
    const half = `${key}.pub`;
    await chmod(half, 0o600);
    expect(await saysOf({ deployKey: half })).toContain(`ssh cannot read the deploy key ${half}`);
    const none = join(folder, "none");
    expect(await saysOf({ deployKey: none })).toContain(`there is no deploy key ${none}`);
  });

  test("is asked with the deploy key and no other, also where that is not there", async () => {
    await pushed();
    const log = join(folder, "log");
    const environment = await sshAfter(`exec ssh -v -E '${log}' "$@"`);
    const none = join(folder, "none");
    await saysOf({ deployKey: none, environment });
    const tried = lines(await readFile(log, "utf8"), /^debug1: identity file (.*) type/);
    expect(new Set(tried.map((file) => file.replace(/-cert$/, "")))).toEqual(new Set([none]));
  });

  test("is asked without the settings of the user and the system", async () => {
    const commit = await pushed();
    const log = join(folder, "log");
    const environment = await sshAfter(`exec ssh -v -E '${log}' "$@"`);
    expect(await saysOf({ environment })).toBe(commit);
    const logged = await readFile(log, "utf8");
    const read = lines(logged, /^debug1: Reading configuration data (.*)$/);
    expect(new Set(read)).toEqual(new Set(["/dev/null"]));
    // Of the hosts that the system knows it would say at least that there are none.
    expect(logged).not.toContain("/etc/ssh/");
    expect(logged).not.toContain("/.ssh/");
  });

  test("never has ssh ask, forward, multiplex, learn a host or run anything here", async () => {
    const shown = join(folder, "shown");
    const environment = await sshAfter(`ssh -G "$@" > '${shown}'; exit 1`);
    const always = [
      ...["batchmode yes", "stricthostkeychecking true", "updatehostkeys false"],
      ...["forwardagent no", "forwardx11 no", "permitlocalcommand no", "controlmaster false"],
      ...["addkeystoagent false", "connecttimeout 10", "sendenv GIT_PROTOCOL"],
    ];
    await saysOf({ environment });
    const given = (await readFile(shown, "utf8")).trim().split("\n");
    expect(given).toEqual(
      expect.arrayContaining([
        ...always,
        ...["identitiesonly yes", "identityagent none", `identityfile ${key}`],
        ...[`userknownhostsfile ${server.knownHosts}`, "globalknownhostsfile /dev/null"],
      ]),
    );
    await saysOf({ environment, deployKey: null, knownHosts: null });
    const user = (await readFile(shown, "utf8")).trim().split("\n");
    expect(user).toEqual(expect.arrayContaining([...always, "identityfile ~/.ssh/id_ed25519"]));
    expect(user.join("\n")).toMatch(/^userknownhostsfile \S*\/\.ssh\/known_hosts /m);
  });

  test("gets no agent and nothing of this environment", async () => {
    const commit = await pushed();
    const seen = join(folder, "seen");
    const watched = await server.makeKey("watched");
    const command = `env > '${seen}'; exec git-upload-pack '${repository.bare}'`;
    await server.authorize(watched, `agent-forwarding,command="${command}"`);
    const agent = await agentWith(watched, folder);
    const environment = {
      ...{ PATH: process.env.PATH, SSH_AUTH_SOCK: agent.socket },
      ...{ LANG: "xx_XX", PROVIDER_KEY: "secret" },
    };
    try {
      for (const deployKey of [watched, null]) {
        expect(await saysOf({ deployKey, environment })).toBe(commit);
        const names = lines(await readFile(seen, "utf8"), /^([A-Za-z_]+)=/);
        expect(names).toContain("SSH_CONNECTION");
        for (const name of ["SSH_AUTH_SOCK", "LANG", "LC_ALL", "PROVIDER_KEY"]) {
          expect(names).not.toContain(name);
        }
      }
    } finally {
      await agent.close();
    }
  });

  test("takes the user's agent only where there is no deploy key", async () => {
    const commit = await pushed();
    const stranger = await server.makeKey("stranger");
    const agent = await agentWith(key, folder);
    try {
      const environment = { PATH: process.env.PATH, SSH_AUTH_SOCK: agent.socket };
      const refused = await saysOf({ deployKey: stranger, environment });
      expect(refused).toContain("Permission denied");
      expect(await saysOf({ deployKey: null, environment })).toBe(commit);
    } finally {
      await agent.close();
    }
  });

  test("needs no more than a key that may read this repository", async () => {
    const commit = await pushed();
    const reader = await server.makeKey("reader");
    const only = `restrict,command="git-upload-pack '${repository.bare}'"`;
    await server.authorize(reader, only);
    expect(await saysOf({ deployKey: reader })).toBe(commit);
    const refused = await server.makeKey("refused");
    const command = "echo 'Ask ana to let you in.' >&2; exit 1";
    await server.authorize(refused, `restrict,command="${command}"`);
    expect(await saysOf({ deployKey: refused })).toBe("Ask ana to let you in");
  });

  test("that takes the key or the connection and then hangs is given up, and let go", async () => {
    await pushed();
    const hanging = await server.makeKey("hanging");
    const reached = join(folder, "reached");
    await server.authorize(hanging, `restrict,command="touch '${reached}'; cat > /dev/null"`);
    const { clock, runOut } = clockToRunOut();
    const loggedIn = saysOf({ deployKey: hanging, clock });
    await until(() => existsSync(reached));
    runOut();
    expect(await loggedIn).toBe("git ls-remote took longer than 20 s");
    await until(() => server.connections() === 0);
    server.fallSilent();
    const connected = saysOf({ clock });
    await until(() => server.connections() === 1);
    runOut();
    expect(await connected).toBe("git ls-remote took longer than 20 s");
    await until(() => server.connections() === 0);
  });

  test("that says nothing at all is told by ssh itself, which waits ten seconds", async () => {
    await pushed();
    server.fallSilent();
    expect(await saysOf()).toMatch(/^Connection to 127\.0\.0\.1 port \d+ timed out$/);
  });
});

/** The commit; else why not. */
function said(looked: Looked): string {
  if (looked.kind === "commit") return looked.commit;
  return looked.kind === "same" ? "same" : looked.because;
}

/** What the pattern catches in each line that has it. */
function lines(text: string, pattern: RegExp): string[] {
  return text.split(/\r?\n/).flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

/** Its long waits are over when the test says so. */
function clockToRunOut() {
  const waits = new Set<() => void>();
  const after = (ms: number, run: () => void) => {
    if (ms <= 10_000) return systemClock.after(ms, run);
    waits.add(run);
    return () => void waits.delete(run);
  };
  return {
    clock: { ...systemClock, after },
    runOut: () => {
      for (const run of waits) run();
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** An ssh-agent that holds this key. */
async function agentWith(key: string, folder: string) {
  const socket = join(folder, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "inherit"] });
  const close = async () => {
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  };
  // It says where it listens once it does.
  await once(child.stdout, "data");
  const adds = spawn("ssh-add", ["-q", key], {
    env: { PATH: process.env.PATH, SSH_AUTH_SOCK: socket },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(adds, "close");
  if (code === 0) return { socket, close };
  await close();
  throw new Error(`ssh-add ended with ${code}`);
}
