/**
 * What a name looks like, once everything is taken from it that a reader would not notice.
 *
 *   1. NFKD: full-width, mathematical and other dressed-up letters become plain ones
 *   2. what cannot be seen goes: zero-width, soft hyphens, control characters; accents too
 *   3. look-alikes become Latin: the table below; 0 is o and 1 is l
 *   4. lower case
 *   5. every run of dashes, underscores, dots and blanks is one `_`; none at the ends
 *
 * The letters i and l stay two: "mail" and "mall" are both words. Some Greek capitals look like
 * another Latin letter than their small ones do (Η is h, η is n), and fold by their looks.
 */

/** Latin letters with what looks like them, in both cases. */
const LOOK_ALIKES: readonly (readonly [latin: string, others: string])[] = [
  ["a", "АаΑαɑᴀ"],
  ["b", "ВвЬьΒβʙ"],
  ["c", "Ссᴄ"],
  ["d", "ԀԁᴅĐđ"],
  ["e", "ЕеΕεᴇ"],
  ["f", "Ϝϝꜰ"],
  ["g", "ɡɢց"],
  ["h", "НнҺһΗʜհĦħ"],
  ["i", "ІіΙιıɩɪ"],
  ["j", "ЈјͿϳȷᴊ"],
  ["k", "КкΚκᴋ"],
  ["l", "1ӀӏǀʟŁł"],
  ["m", "МмΜᴍ"],
  ["n", "ПпΝηɴո"],
  ["o", "0ОоΟοΣσςᴏօØø"],
  ["p", "РрΡρᴘ"],
  ["q", "Ԛԛզ"],
  ["r", "ГгʀΓ"],
  ["s", "Ѕѕꜱ"],
  ["t", "ТтΤτᴛŦŧ"],
  ["u", "μυսᴜ"],
  ["v", "Ѵѵνᴠ"],
  ["w", "ԜԝѠѡωΩᴡ"],
  ["x", "ХхΧχ"],
  ["y", "УуҮүΥγʏ"],
  ["z", "Ζζᴢ"],
];

const LATIN: ReadonlyMap<string, string> = new Map(
  LOOK_ALIKES.flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/** Format and control characters that have no width; blanks among them are separators. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]|(?!\s)\p{Cc}/gu;
const ACCENTS = /[\u0300-\u036f]/g;
const SEPARATORS = /[\p{Pd}\p{Pc}\p{Z}\s.\u2212]+/gu;

/** The same for all names that a reader could take for each other. */
export function foldName(name: string): string {
  if (PLAIN.test(name)) return foldPlain(name);
  // Twice: a letter may have a look-alike only once it is small.
  return latin(latin(name).toLowerCase())
    .replace(SEPARATORS, "_")
    .replace(/^_|_$/g, "")
    .normalize("NFC");
}

/** What most names are made of: the same steps, of which only these change anything in it. */
const PLAIN = /^[\x20-\x7e]*$/;

function foldPlain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll("0", "o")
    .replaceAll("1", "l")
    .replace(/[-_ .]+/g, "_")
    .replace(/^_|_$/g, "");
}

function latin(text: string): string {
  const plain = text.normalize("NFKD").replace(UNSEEN, "").replace(ACCENTS, "");
  return Array.from(plain, (character) => LATIN.get(character) ?? character).join("");
}
