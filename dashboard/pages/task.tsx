export function Task(_: Record<string, string>) {
  return null;
}
