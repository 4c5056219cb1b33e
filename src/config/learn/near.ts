/** 1, 2, 5, 10, 20, 50 …: bounds that a person would write, close to a number that was seen. */
const STEPS = [1, 2, 5, 10];

export function near(value: number, side: "above" | "below"): number {
  if (value === 0) return 0;
  // Subtracted, so that it is never -0.
  if (value < 0) return 0 - near(-value, side === "above" ? "below" : "above");
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = STEPS.map((step) => step * power);
  const found =
    side === "above"
      ? steps.find((step) => step >= value)
      : steps.findLast((step) => step <= value);
  // At the edges of what numbers hold exactly: the number itself.
  return found !== undefined && Number.isFinite(found) ? found : value;
}
