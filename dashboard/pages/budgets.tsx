export function Budgets(_: Record<string, string>) {
  return null;
}
