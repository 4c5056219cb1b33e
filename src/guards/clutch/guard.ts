/**
 * While an agent's clutch is disengaged its calls are parked; while it is probing, all but those of
 * the one task. This guard is asked after those that refuse for good and before those that take
 * something: what is parked holds no permit and no money, and nobody reviews what is refused.
 */
import type { Clutch } from "./clutch.ts";
import type { Park } from "./park.ts";

export interface ClutchFacts {
  readonly clutch: Clutch;
  readonly task: { readonly id: string };
  /** It was parked, and this gateway has claimed it since its review let it go. */
  readonly letGo: boolean;
}

export interface Engaged {
  readonly kind: "allow";
  readonly numbers: { readonly clutch: Clutch["state"] };
}

export function clutch({ clutch, letGo, task }: ClutchFacts): Engaged | Park {
  const allow: Engaged = { kind: "allow", numbers: { clutch: clutch.state } };
  switch (clutch.state) {
    case "engaged":
      return allow;
    case "disengaged":
      return letGo ? allow : { kind: "park", cause: "clutch", review: clutch.review };
    case "probing":
      return letGo || task.id === clutch.task
        ? allow
        : { kind: "park", cause: "clutch", review: clutch.review };
  }
}
