/** An agent may use the models that its manifest lists; without a list, any that has a price. */
import type { Guard } from "../facts.ts";
import { deny } from "../verdict.ts";

export const grant: Guard = ({ ask, manifest }, bounds, states) => {
  if (manifest.models !== null && !manifest.models.has(ask.model)) {
    return [states, deny("model.not-granted", { model: ask.model, agent: manifest.agent })];
  }
  const granted = manifest.models === null ? "any priced" : "listed";
  return [states, { kind: "allow", bounds, numbers: { models: granted } }];
};
