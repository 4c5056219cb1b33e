/** The order of keys in what go-yaml writes: numbers within them by their value, letters last. */

export function byNaturalOrder(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const at = left.findIndex((character, i) => character !== right[i]);
  if (at < 0 || at >= right.length) return left.length - right.length;
  return orderAt(left, right, at);
}

function orderAt(left: readonly string[], right: readonly string[], at: number): number {
  const [a = "", b = ""] = [left[at], right[at]];
  const letters = [isLetter(a), isLetter(b)];
  if (letters[0] && letters[1]) return codeOrder(a, b);
  if (letters[0] || letters[1]) {
    const isFirst = isDigit(left[at - 1] ?? "") ? letters[0] : letters[1];
    return isFirst ? -1 : 1;
  }
  const lead = a === "0" || b === "0" ? leadOf(left, at) : "";
  const [one, two] = [digitsFrom(left, at), digitsFrom(right, at)];
  const values = [BigInt(`0${lead}${one}`), BigInt(`0${lead}${two}`)] as const;
  if (values[0] !== values[1]) return values[0] < values[1] ? -1 : 1;
  return one.length - two.length || codeOrder(a, b);
}

/** Zeros count where a number has begun before them. */
function leadOf(characters: readonly string[], at: number): string {
  const before = characters.slice(0, at).join("");
  return /[1-9][0-9]*$/.test(before) ? "1" : "";
}

function digitsFrom(characters: readonly string[], at: number): string {
  return /^[0-9]*/.exec(characters.slice(at).join(""))?.[0] ?? "";
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character);
}

function codeOrder(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}
