/**
 * Whether a URI lies below a folder. The folder is an URI that ends in "/" and is written as every
 * parser writes it (the configuration sees to that). What is below it must be written in one way
 * only, too: it is refused if any reader could take it for something else. So nothing is resolved,
 * decoded or put in order here before it is compared, and what is sent is what was compared.
 *
 *   file:///data/  +  reports/2026.txt   is below it
 *                     ../etc/passwd      leads out of it
 *                     ..%2fetc/passwd    does for whoever decodes once more
 *                     /etc/passwd        is one of its own for whoever joins paths
 *                     a.txt?at=/etc      says something else beside its path
 */

/** Longer than any address that servers take. */
export const URI_CHARS_MAX = 2048;

/** What a path may have as it stands (RFC 3986), and whole encodings of the rest. */
const SEGMENT = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/;
/** The folder itself, the one above, and what Windows cuts down to them. */
const DOTS = /^[.\s]*(?:;|$)/;
/** Of Windows: another disk. */
const DRIVE = /^[A-Za-z][:|]/;
/** What separates segments, begins another encoding, or cannot be seen. */
const SEPARATES = /[/\\%\p{C}]/u;

/** Whether this is below the folder, for whoever reads it. */
export function isBelow(uri: string, folder: string): boolean {
  if (uri.length > URI_CHARS_MAX || !uri.startsWith(folder)) return false;
  return uri.slice(folder.length).split("/").every(isPlain);
}

/** Whether a segment means the same decoded, and in whatever form its letters are put. */
function isPlain(segment: string): boolean {
  if (!SEGMENT.test(segment)) return false;
  const decoded = decodedOrNull(segment);
  if (decoded === null) return false;
  return [segment, decoded, decoded.normalize("NFKC")].every((form, at) => {
    const separates = at > 0 && SEPARATES.test(form);
    return !separates && !DOTS.test(form) && !DRIVE.test(form);
  });
}

/** Null: no UTF-8, which readers make different things of. */
function decodedOrNull(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/**
 * Whether all that a template (RFC 6570) makes can be below the folder. Its beginning is fixed, and
 * what it fills in is a part of the path: what stands there is looked at when it is read.
 */
export function isTemplateBelow(template: string, folder: string): boolean {
  const [fixed = ""] = template.split("{", 1);
  if (!fixed.startsWith(folder)) return false;
  const filled = template.replace(PATH_EXPRESSION, "x");
  return isBelow(filled, folder);
}

/** `{name}`, `{+path}`, `{/part}` and `{.kind}`; others begin a query, a fragment or parameters. */
const PATH_EXPRESSION = /\{[+/.]?[A-Za-z0-9_%.,:*]+\}/g;
