/** What git and ssh wrote as they failed → one sentence that says what was wrong and what to do. */
import type { SshSettings } from "./ssh.ts";

/** With two paths in it, and what to do. */
const SENTENCE_CHARACTERS_MAX = 500;

/** It stands below whatever the transport said, and says less. */
const BELOW = /^(fatal: Could not read from remote repository\.|Please make sure you have .*)$/;
const TELLING = /^(fatal|error|remote|ssh|.*denied|.*is marked as revoked)/i;

export function sentenceOf(said: string, ssh: SshSettings): string {
  const lines = linesOf(said);
  const end = lines.findIndex((line) => BELOW.test(line));
  const above = end < 1 ? lines : lines.slice(0, end);
  const sentence = aboutSsh(above, ssh) ?? above.find((line) => TELLING.test(line)) ?? above.at(-1);
  if (sentence === undefined) return "git failed and did not say why";
  return sentence.replace(/\.$/, "").slice(0, SENTENCE_CHARACTERS_MAX);
}

/** Without what could disturb a terminal or a log. */
function linesOf(said: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out.
  const lines = said.replace(/[\x00-\x09\x0b-\x1f\x7f]/g, " ").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** Null where it was not ssh that failed, or where its own line says enough. */
function aboutSsh(lines: readonly string[], { deployKey, knownHosts }: SshSettings): string | null {
  const known = knownHosts ?? "~/.ssh/known_hosts";
  const changed = find(lines, /^(?:\S+ )?host key for (\S+) has changed and you have requested/i);
  if (changed !== null) return anotherKey(lines, changed[1]);
  const unknown = find(lines, /^No (\S+) host key is known for (\S+) and you have requested/);
  if (unknown !== null) {
    const [, kind, host] = unknown;
    const todo = `nothing is taken from it until its ${kind} key stands in ${known}`;
    return `the host ${host} is not known: ${todo} (compare it with what the host publishes)`;
  }
  if (deployKey === null) return null;
  if (find(lines, /^no such identity: .*: No such file/) !== null) {
    return `there is no deploy key ${deployKey}`;
  }
  const unusable = find(lines, /^Load key ".*": (.*)$/);
  if (unusable !== null) return unusableKey(deployKey, unusable[1] ?? "");
  const denied = find(lines, /^\S+: Permission denied \(.*\)/);
  if (denied === null) return null;
  const why = "the host does not take it, or it has a passphrase, which nobody is there to type";
  return `${denied[0]} with the deploy key ${deployKey}: ${why}`;
}

function anotherKey(lines: readonly string[], host: string | undefined): string {
  const shown = find(lines, /^(SHA256:[^\s.]+)/)?.[1] ?? "unknown";
  const place = find(lines, /^Offending \S+ key in (.+)$/)?.[1];
  const known = place === undefined ? "" : ` than the one in ${place}`;
  const todo = "replace that line if the host says that its key changed";
  return `the host ${host} shows another key (${shown})${known}: ${todo}; else it is not the host`;
}

function unusableKey(deployKey: string, why: string): string {
  if (/^bad permissions/.test(why)) {
    const todo = `chmod 600 ${deployKey}`;
    return `ssh does not use the deploy key ${deployKey}, as others may read it: ${todo}`;
  }
  return `ssh cannot read the deploy key ${deployKey}: ${why}`;
}

function find(lines: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const line of lines) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return null;
}
