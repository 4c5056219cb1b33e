/** OpenSSH's own server on 127.0.0.1: a folder, a host key and a list of keys of its own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** It wants to be called by its whole path. */
export const SSHD = "/usr/sbin/sshd";
/** Of a server that runs as root; a service's start makes it, and here nothing is started as one. */
const SEPARATED = "/run/sshd";

export interface SshServer {
  /** Where keys and known hosts are. */
  readonly folder: string;
  /** A file of known hosts, with this server and no other. */
  readonly knownHosts: string;
  /** As `[127.0.0.1]:2222`. */
  readonly host: string;
  /** As `ssh://ana@127.0.0.1:2222/srv/guardrails.git`. */
  url(path: string): string;
  /** Makes a key of this name; the file of its private half. */
  makeKey(name: string, passphrase?: string): Promise<string>;
  /** Lets whoever has this key in, with options of an authorized_keys line. */
  authorize(key: string, options?: string): Promise<void>;
  /** From now on it shows another key; nobody was told. */
  changeHostKey(): Promise<void>;
  /** From now on connections are taken, and nothing is ever said on them. */
  fallSilent(): void;
  /** Connections that are open. */
  connections(): number;
  log(): string;
  close(): Promise<void>;
}

/** One process of sshd for each connection, so that none is left and any free port will do. */
export async function serveSsh(): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), "slipclutch-sshd-"));
  if (process.getuid?.() === 0) await mkdir(SEPARATED, { recursive: true, mode: 0o755 });
  let hostKey = await generate(folder, "host");
  const configuration = join(folder, "sshd_config");
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  let isSilent = false;
  let log = "";
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    if (isSilent) {
      sockets.add(socket.once("close", () => sockets.delete(socket)));
      socket.on("error", () => undefined).resume();
      return;
    }
    const args = ["-i", "-e", "-f", configuration, "-h", hostKey];
    const child = spawn(SSHD, args, { stdio: [socket, socket, "pipe"] });
    children.add(child.once("close", () => children.delete(child)));
    child.stderr?.on("data", (chunk) => {
      log += chunk;
    });
    // The connection is the child's alone.
    socket.destroy();
  });
  await writeFile(configuration, settingsOf(folder));
  await writeFile(join(folder, "authorized_keys"), "");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // `as`: it listens on TCP.
  const { port } = server.address() as AddressInfo;
  const host = `[127.0.0.1]:${port}`;
  const knownHosts = join(folder, "known_hosts");
  await writeFile(knownHosts, `${host} ${await publicHalf(hostKey)}\n`);
  return {
    folder,
    knownHosts,
    host,
    url: (path) => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`,
    makeKey: (name, passphrase) => generate(folder, name, passphrase),
    async authorize(key, options = "restrict") {
      await appendFile(join(folder, "authorized_keys"), `${options} ${await publicHalf(key)}\n`);
    },
    async changeHostKey() {
      hostKey = await generate(folder, "another-host");
    },
    fallSilent: () => {
      isSilent = true;
    },
    connections: () => sockets.size + children.size,
    log: () => log,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      const ended = [...children].map((child) => once(child, "close"));
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(ended);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whatever a client sends of its environment is taken, so that a test can see it. */
function settingsOf(folder: string): string {
  return [
    `AuthorizedKeysFile "${join(folder, "authorized_keys")}"`,
    "AuthenticationMethods publickey",
    "UsePAM no",
    "StrictModes no",
    "PidFile none",
    "PrintMotd no",
    "AllowAgentForwarding yes",
    "AcceptEnv *",
    "",
  ].join("\n");
}

async function generate(folder: string, name: string, passphrase = ""): Promise<string> {
  const path = join(folder, name);
  const args = ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path];
  await promisify(execFile)("ssh-keygen", args);
  return path;
}

async function publicHalf(key: string): Promise<string> {
  return (await readFile(`${key}.pub`, "utf8")).trim();
}
