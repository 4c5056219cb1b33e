/** Hashes and message authentication codes, as hexadecimal digits. */
import { hexText } from "../formats/hex.ts";
import { utf8Bytes } from "../formats/utf8.ts";
import type { HashAlgorithm } from "../host.ts";
import { type Builtins, type Run, text } from "./builtin.ts";

export const CRYPTO: Builtins = {
  "crypto.md5": hash("md5"),
  "crypto.sha1": hash("sha1"),
  "crypto.sha256": hash("sha256"),
  "crypto.hmac.md5": hmac("md5"),
  "crypto.hmac.sha1": hmac("sha1"),
  "crypto.hmac.sha256": hmac("sha256"),
  "crypto.hmac.sha512": hmac("sha512"),
  "crypto.hmac.equal": (operands) => {
    return sameBytes(utf8Bytes(text(operands, 1)), utf8Bytes(text(operands, 2)));
  },
};

function hash(algorithm: HashAlgorithm): Run {
  return (operands, { host }) => hexText(host.hash(algorithm, utf8Bytes(text(operands, 1))));
}

function hmac(algorithm: HashAlgorithm): Run {
  return (operands, { host }) => {
    const message = utf8Bytes(text(operands, 1));
    return hexText(host.hmac(algorithm, utf8Bytes(text(operands, 2)), message));
  };
}

/** Takes as long wherever two codes of one length differ: their bytes cannot be found by time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
