/** How Git calls ssh: by what is written here, and by no settings of the user or the system. */

export interface SshSettings {
  /** This key and no other; null: those of the user, and their agent's. */
  readonly deployKey: string | null;
  /** The hosts that are known, instead of those of the user and the system. */
  readonly knownHosts: string | null;
}

/**
 * Nothing is asked, no host becomes known by having been met, and none may add to what is known
 * of it. The rest of what a user may turn on, such as forwarding the agent, is off by default.
 */
const ALWAYS = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "UpdateHostKeys=no",
  "ConnectTimeout=10",
];

/** Git hands this to a shell, so each word is quoted. */
export function sshCommand({ deployKey, knownHosts }: SshSettings): string {
  const options = [...ALWAYS];
  if (knownHosts !== null) {
    options.push(`UserKnownHostsFile=${fileOf(knownHosts)}`, "GlobalKnownHostsFile=/dev/null");
  }
  if (deployKey !== null) {
    // Not by `-i`: where that file is not there, ssh would try the user's own keys.
    options.push(`IdentityFile=${fileOf(deployKey)}`, "IdentitiesOnly=yes", "IdentityAgent=none");
  }
  const words = ["ssh", "-F", "/dev/null", ...options.flatMap((one) => ["-o", one])];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

/** In an option of ssh a blank would end a file's name, and `%` stand for something. */
function fileOf(path: string): string {
  return `"${path.replaceAll("%", "%%").replace(/["\\]/g, "\\$&")}"`;
}
