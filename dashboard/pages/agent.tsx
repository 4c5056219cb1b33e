export function Agent(_: Record<string, string>) {
  return null;
}
