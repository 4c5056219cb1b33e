/** Which process of which machine this is, and whether another one of it still runs. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { HolderRow } from "../ports/store.ts";

export interface Machine {
  /** Host, boot and process namespace: a process id means something only inside all three. */
  readonly host: string;
  readonly pid: number;
  readonly pidStart: string;
}

export function thisMachine(): Machine {
  const boot = read("/proc/sys/kernel/random/boot_id").slice(0, 8);
  return {
    host: [hostname(), boot, namespaceOf()].filter((part) => part !== "").join("/"),
    pid: process.pid,
    pidStart: startOf(process.pid),
  };
}

/** Proof, not a guess: the same host and boot, and no process of that number and start. */
export function isGone(holder: HolderRow, machine: Machine): boolean {
  if (holder.host !== machine.host || machine.pidStart === "") return false;
  return startOf(holder.pid) !== holder.pidStart;
}

/** Clock ticks after boot at which a process began; "" where the platform does not tell. */
function startOf(pid: number): string {
  const text = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; the 22nd field is the 20th after it.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function namespaceOf(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
  } catch {
    // Not Linux: without it no process is ever proven gone, which only delays a fence.
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // No such process, or a platform without /proc: nothing is proven by it.
    return "";
  }
}
