/** A stream whose calls of tools could not be decided before something of it had been sent. */
import { type Denial, deny } from "../../guards/verdict.ts";
import type { Held } from "../../wire/format.ts";
import type { Admitted } from "../call.ts";
import type { Gateway } from "../gateway.ts";

type Undecided = Exclude<Held, "nothing" | "calls">;

const BECAUSE: Readonly<Record<Undecided, string>> = {
  "too much": "the calls of one answer are too large to be held and checked",
  garbled: "a call of a tool can be read in more than one way",
  late: "a call of a tool began after the others had been decided",
};

export function isUndecided(held: Held): held is Undecided {
  return held !== "nothing" && held !== "calls";
}

/** The rest of the answer is not sent, and the same request gets no other for a while. */
export function withhold({ call }: Admitted, held: Undecided, gateway: Gateway): Denial {
  const denial = deny("manifest.arguments", { at: "the answer", wrong: BECAUSE[held] });
  gateway.withheld.note(call, denial, gateway.clock.monotonic());
  return denial;
}
