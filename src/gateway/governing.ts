/** Which manifest holds for a call: that of now, unless its task began under another one. */
import type { Manifest } from "../guards/manifest/manifest.ts";
import { type Denial, deny, isDenial } from "../guards/verdict.ts";
import { StoreUnreachable } from "../ports/store.ts";
import type { Gateway } from "./gateway.ts";
import type { TaskName } from "./tasks.ts";

const RETRY_MS = 1_000;

/** The manifest that holds for a call: that of its task, as it is at this moment. */
export function manifestFor(
  now: Manifest,
  name: TaskName,
  gateway: Gateway,
): Manifest | Promise<Manifest | Denial> {
  const governing = governingManifest(now, name, gateway);
  if (!(governing instanceof Promise)) return asObserved(governing, gateway);
  return governing.then((found) => (isDenial(found) ? found : asObserved(found, gateway)));
}

function asObserved(manifest: Manifest, { holding, observation, rules }: Gateway) {
  return observation.of(manifest, rules, holding.storeNow());
}

/**
 * The manifest that holds for a task. Calls that name none share a task for a day, which is
 * nobody's piece of work: for those a change holds at once.
 */
function governingManifest(
  now: Manifest,
  name: TaskName,
  gateway: Gateway,
): Manifest | Promise<Manifest | Denial> {
  if (now.onChange === "apply" || name.how === "unnamed") return now;
  const { bundle } = gateway.rules.configuration;
  const begun = gateway.tasks.known(now.agent, name.id)?.bundle;
  return begun === bundle ? now : lookUp(now, name, gateway);
}

async function lookUp(now: Manifest, name: TaskName, gateway: Gateway): Promise<Manifest | Denial> {
  const { configuration } = gateway.rules;
  try {
    const task = await gateway.tasks.find(now.agent, name.id);
    // One that is new begins now; one that has ended is refused for that.
    if (task === null || task.endedAt !== null || task.bundle === configuration.bundle) return now;
    const manifest = await gateway.past.manifest(now, task.bundle);
    if (manifest !== null) return manifest;
    const { agent, bundle, id } = task;
    const hint = "end the task, or set on_change: apply in its manifest";
    gateway.log.error("the rules that a task began with are lost", {
      agent,
      task: id,
      bundle,
      hint,
    });
    return deny("gateway.unsure", { because: "the rules that the task began with are lost" });
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error;
    return deny("store.unreachable", {}, RETRY_MS);
  }
}
