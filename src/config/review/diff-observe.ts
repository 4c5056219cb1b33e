/** Whether an agent is observed: until when what it is not granted is let through all the same. */
import type { Manifest, Observe } from "../../guards/manifest/manifest.ts";
import { type Change, change } from "./change.ts";

type Manifests = readonly [before: Manifest, after: Manifest];

export function observeChanges(agent: string, [before, after]: Manifests): Change[] {
  const [old, now] = [before.observe, after.observe];
  const about = { agent, about: "mode" };
  if (old === null && now === null) return [];
  if (now === null) return [change(about, "narrower", "is held to what it is granted again")];
  if (old === null) {
    const says = `what it is not granted is let through until ${timeWords(now)}, of ${whose(now)}`;
    return [change(about, "wider", says)];
  }
  return [...untilChanges(agent, old, now), ...serverChanges(agent, old, now)];
}

function untilChanges(agent: string, old: Observe, now: Observe): Change[] {
  if (old.until === now.until) return [];
  const says = `is observed until ${timeWords(now)} instead of ${timeWords(old)}`;
  const direction = now.until > old.until ? "wider" : "narrower";
  return [change({ agent, about: "observe_until" }, direction, says)];
}

function serverChanges(agent: string, old: Observe, now: Observe): Change[] {
  const about = { agent, about: "observe_servers" };
  const says = `tools of ${whose(now)} need no grant, instead of those of ${whose(old)}`;
  const [less, more] = [isWithin(now, old), isWithin(old, now)];
  if (less && more) return [];
  return [change(about, less ? "narrower" : more ? "wider" : "may-be-wider", says)];
}

function isWithin({ servers: narrow }: Observe, { servers: wide }: Observe): boolean {
  if (wide === null) return true;
  return narrow !== null && [...narrow].every((name) => wide.has(name));
}

function timeWords({ until }: Observe): string {
  return new Date(until).toISOString();
}

function whose({ servers }: Observe): string {
  return servers === null ? "all tool servers" : [...servers].join(", ") || "no tool server";
}
