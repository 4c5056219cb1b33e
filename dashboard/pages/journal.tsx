export function Journal(_: Record<string, string>) {
  return null;
}
