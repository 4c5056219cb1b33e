/** base64, base64url and hex. */
import { base64Bytes, base64Text, base64UrlBytes, STANDARD, URL_SAFE } from "../formats/base64.ts";
import { hexBytes, hexText } from "../formats/hex.ts";
import { utf8Bytes, utf8Text } from "../formats/utf8.ts";
import { attempt, type Builtins, operand, text } from "./builtin.ts";

export const ENCODINGS: Builtins = {
  "base64.encode": (operands) => base64Text(utf8Bytes(text(operands, 1)), STANDARD),
  "base64.decode": (operands) => {
    const encoded = text(operands, 1);
    return attempt(() => utf8Text(base64Bytes(encoded, STANDARD)));
  },
  "base64.is_valid": (operands) => {
    const value = operand(operands, 1);
    return typeof value === "string" && isBase64(value);
  },
  "base64url.encode": (operands) => base64Text(utf8Bytes(text(operands, 1)), URL_SAFE),
  "base64url.encode_no_pad": (operands) =>
    base64Text(utf8Bytes(text(operands, 1)), URL_SAFE).replace(/=+$/, ""),
  "base64url.decode": (operands) => {
    const encoded = text(operands, 1);
    return attempt(() => utf8Text(base64UrlBytes(encoded)));
  },
  "hex.encode": (operands) => hexText(utf8Bytes(text(operands, 1))),
  "hex.decode": (operands) => {
    const encoded = text(operands, 1);
    return attempt(() => utf8Text(hexBytes(encoded)));
  },
};

function isBase64(value: string): boolean {
  try {
    base64Bytes(value, STANDARD);
    return true;
  } catch {
    return false;
  }
}
