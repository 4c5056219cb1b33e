/** What the policy language needs from outside, on Node. */
import { createHash, createHmac } from "node:crypto";
import type { Host } from "../../../rego/host.ts";
import { publicKey } from "./keys.ts";
import { compileRegex } from "./regex.ts";
import { parseYaml } from "./yaml.ts";
import { yamlText } from "./yaml-text.ts";
import { zoneReader } from "./zones.ts";

/** `now` answers in nanoseconds, the same for a whole evaluation: whoever starts one sees to it. */
export function nodeHost(now: () => bigint): Host {
  return {
    regex: compileRegex,
    hash: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
    hmac: (algorithm, key, bytes) => createHmac(algorithm, key).update(bytes).digest(),
    publicKey,
    parseYaml,
    yamlText,
    now,
    zone: zoneReader(),
  };
}
