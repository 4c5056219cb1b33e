/** Names of tools that look the same are one name wherever a name is refused. */

/** The form under which two spellings of one name meet. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
