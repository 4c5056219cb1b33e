/** The files of a tar archive, as Go's `archive/tar` writes short names: POSIX ustar. */

const BLOCK = 512;
/** Of a header: where its fields begin and end. */
const NAME = [0, 100] as const;
const SIZE = [124, 136] as const;
const TYPE = 156;
const PREFIX = [345, 500] as const;
const REGULAR: ReadonlySet<number> = new Set([0, "0".charCodeAt(0)]);

/** By their names without a slash or dot before them. Throws where the archive is cut off. */
export function tarFiles(archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    // Blocks of zeros end it.
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(textOf(header, SIZE), 8);
    const begin = at + BLOCK;
    if (!(size >= 0) || begin + size > archive.length) throw new RangeError("it is cut off");
    if (REGULAR.has(header[TYPE] ?? 0)) {
      files.set(nameOf(header), archive.subarray(begin, begin + size));
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function nameOf(header: Uint8Array): string {
  const prefix = textOf(header, PREFIX);
  const name = textOf(header, NAME);
  return bareName(prefix === "" ? name : `${prefix}/${name}`);
}

function bareName(name: string): string {
  return name.replace(/^(?:\.?\/)+/, "");
}

/** A field, up to its first NUL. */
function textOf(header: Uint8Array, [begin, end]: readonly [number, number]): string {
  const field = header.subarray(begin, end);
  const nul = field.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? field : field.subarray(0, nul));
}
