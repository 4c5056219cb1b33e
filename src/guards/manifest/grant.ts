/** An agent may use the models that its manifest lists; without a list, any that has a price. */
import type { Guard } from "../facts.ts";
import { deny } from "../verdict.ts";

const ANY_PRICED = { models: "any priced" };
const LISTED = { models: "listed" };

export const grant: Guard = ({ ask, manifest }, bounds, states) => {
  if (manifest.models !== null && !manifest.models.has(ask.model)) {
    return [states, deny("model.not-granted", { model: ask.model, agent: manifest.agent })];
  }
  const numbers = manifest.models === null ? ANY_PRICED : LISTED;
  return [states, { kind: "allow", bounds, numbers }];
};
