/**
 * What a tool call costs: set aside before it is sent, charged once it has ended.
 *
 *   before            the price × the most units that one call may use, rounded up; more where its
 *                     own arguments already say more
 *   never written     nothing
 *   a fault after     the reservation: the tool may have run
 *   a result          the price × the quantity that was used; one that is missing, negative or no
 *                     number counts as the most, one above the most is charged as it is, and is an
 *                     overbill
 *
 * So a charge is above its reservation only where a *result* says more than the manifest's `max`.
 */
import type { Amounts, Unit } from "../budget/unit.ts";
import type { NanoUsd } from "../money.ts";
import { readPointer } from "./pointer.ts";
import type { GrantedTool, Quantity, ToolCost } from "./tool.ts";

type Arguments = Readonly<Record<string, unknown>>;

/** How a tool call ended, as far as money goes. */
export type ToolOutcome =
  /** No byte of it left. */
  | { readonly kind: "dropped" }
  /** It may have run, and nothing is known of it. */
  | { readonly kind: "fault" }
  /** `result`: the structured content, else the one JSON text block, else undefined. */
  | { readonly kind: "result"; readonly arguments: Arguments; readonly result: unknown };

export interface ToolCharge {
  readonly charged: NanoUsd;
  /** Charged without a quantity from the tool. */
  readonly estimated: boolean;
  /** The tool used more than `max`, which is what was reserved. */
  readonly overbilled: boolean;
}

/**
 * Of budgets of which units a tool call draws. It is a call, so that a loop over a free tool ends;
 * but one that costs nothing is not stopped by money that is spent, and none takes tokens.
 */
export function drawsOn(unit: Unit, tool: Costing | null): boolean {
  if (unit !== "usd" || tool === null) return unit === "calls";
  return tool.cost !== null || tool.commitment !== null;
}

/** What a call costs, and what it goes on costing. */
type Costing = Pick<GrantedTool, "cost" | "commitment">;

/** One call at this price. */
export function amountsOf(usd: NanoUsd): Amounts {
  return { usd, tokens: 0, calls: 1 };
}

/** What to set aside; null: more than can be counted, so the call cannot be admitted. */
export function reserveOf(cost: ToolCost | null, asked: Arguments): NanoUsd | null {
  if (cost === null) return 0;
  const { nanoUsd, quantity } = cost;
  if (quantity === null) return nanoUsd;
  const most = priced(nanoUsd, quantity.max, 1);
  const used = usedBy(quantity, { arguments: asked });
  const own = used === null ? 0 : priced(nanoUsd, used, quantity.divideBy);
  return most === null || own === null ? null : Math.max(most, own);
}

/** What to charge a call for which `reserved` was set aside. */
export function toolChargeOf(
  cost: ToolCost | null,
  reserved: NanoUsd,
  outcome: ToolOutcome,
): ToolCharge {
  if (outcome.kind === "dropped" || cost === null) return known(0, reserved);
  if (outcome.kind === "fault") return { ...known(reserved, reserved), estimated: true };
  const { nanoUsd, quantity } = cost;
  if (quantity === null) return known(nanoUsd, reserved);

  const used = usedBy(quantity, outcome);
  // The most that it may use is what was reserved.
  if (used === null) return { ...known(reserved, reserved), estimated: true };
  const charged = priced(nanoUsd, used, quantity.divideBy);
  // More than all the money there is to count: a result that makes no sense, and is told so.
  if (charged === null) return { charged: reserved, estimated: true, overbilled: true };
  return known(charged, reserved);
}

function known(charged: NanoUsd, reserved: NanoUsd): ToolCharge {
  return { charged, estimated: false, overbilled: charged > reserved };
}

/** Undivided. Null: it says nothing that could be charged. */
function usedBy({ divideBy, pointer }: Quantity, document: object): number | null {
  const found = readPointer(document, pointer);
  if (typeof found !== "number" || !Number.isFinite(found) || found < 0) return null;
  return Number.isFinite(divideBy) && divideBy > 0 ? found : null;
}

/**
 * ⌈price × quantity ÷ divisor⌉, of the decimal numbers as they were written: in binary fractions
 * 0.1 + 0.2 would cost a nano-USD more than 0.3. Null: not exact as a number.
 */
function priced(nanoUsd: NanoUsd, quantity: number, divideBy: number): NanoUsd | null {
  const [used, divisor] = [decimalOf(quantity), decimalOf(divideBy)];
  if (used === null || divisor === null || divisor.digits === 0n) return null;
  const above = BigInt(nanoUsd) * used.digits * 10n ** BigInt(divisor.places);
  const below = divisor.digits * 10n ** BigInt(used.places);
  const sum = Number((above + below - 1n) / below);
  return Number.isSafeInteger(sum) ? sum : null;
}

/** digits ÷ 10^places, exactly the decimal that the number is written as; null: not positive. */
function decimalOf(number: number): { readonly digits: bigint; readonly places: number } | null {
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number));
  if (match === null) return null;
  const [, whole = "", part = "", exponent = "0"] = match;
  const places = part.length - Number(exponent);
  const digits = BigInt(whole + part);
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 };
}
