/** Networks beside the public ones that a tool server may be in. */
import { BlockList, isIP } from "node:net";
import { type About, type Change, change } from "./change.ts";

type Networks = readonly string[] | undefined;

export function addressChanges(about: About, before: Networks, after: Networks): Change[] {
  const [old, now] = [before ?? [], after ?? []];
  const gained = now.filter((network) => !isCovered(network, old));
  const lost = old.filter((network) => !isCovered(network, now));
  return [
    ...gained.map((network) => change(about, "wider", `may be connected to in ${network}`)),
    ...lost.map((network) =>
      change(about, "narrower", `may not be connected to any more in all of ${network}`),
    ),
  ];
}

/** By one of them whole; of two halves it is not proven. */
function isCovered(network: string, among: readonly string[]): boolean {
  const { address, bits, family } = partsOf(network);
  return among.some((other) => {
    const wide = partsOf(other);
    if (wide.family !== family || wide.bits > bits) return false;
    const list = new BlockList();
    list.addSubnet(wide.address, wide.bits, wide.family);
    return list.check(address, family);
  });
}

function partsOf(network: string) {
  const [address = "", written] = network.split("/");
  const family = isIP(address) === 6 ? ("ipv6" as const) : ("ipv4" as const);
  const bits = written === undefined ? (family === "ipv6" ? 128 : 32) : Number(written);
  return { address, bits, family };
}
