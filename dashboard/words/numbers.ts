/** Numbers that are no money. */

/** `1,240` */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 call`, `23 calls`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const BYTES_PER_KB = 1_000;

/** `212 bytes`, `4.1 kB`, `1.2 MB`. */
export function bytes(value: number): string {
  if (value < BYTES_PER_KB) return counted(value, "byte");
  const kb = value / BYTES_PER_KB;
  return kb < BYTES_PER_KB ? `${kb.toFixed(1)} kB` : `${(kb / BYTES_PER_KB).toFixed(1)} MB`;
}

/** `92.0 %` */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${((100 * part) / whole).toFixed(1)} %`;
}

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

/** The beginning of a sentence: `Three`, `12`. */
export function spelled(value: number): string {
  return NUMBERS[value] ?? count(value);
}
