/** Internet addresses and networks in text, as Go's `net` reads and writes them. */

/** An IPv4 address within IPv6 (`::ffff:1.2.3.4`) is that IPv4 address. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface Network {
  /** The first address: what the prefix leaves of the one that was written. */
  readonly address: Address;
  readonly prefix: number;
  /** Written as an IPv4 network within IPv6. */
  readonly isMapped: boolean;
}

/** IPv4 addresses in the space of IPv6: ::ffff:0:0/96. */
export const MAPPED = 0xffffn << 32n;

export function parseAddress(text: string): Address | undefined {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  const value = parseIpv6(text);
  return value === undefined ? undefined : addressAt(value);
}

export function addressAt(value: bigint): Address {
  if (value >> 32n === 0xffffn) return { bits: 32, value: value & 0xffff_ffffn };
  return { bits: 128, value };
}

function parseIpv4(text: string): bigint | undefined {
  const fields = text.split(".");
  if (fields.length !== 4) return undefined;
  let value = 0n;
  for (const field of fields) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(field) || Number(field) > 255) return undefined;
    value = (value << 8n) | BigInt(field);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => groupsOf(half, i === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? joined(head) : undefined;
  // The gap stands for one group at least.
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  const gap = new Array<bigint>(8 - head.length - tail.length).fill(0n);
  return joined([...head, ...gap, ...tail]);
}

function groupsOf(half: string, isLast: boolean): readonly bigint[] | undefined {
  if (half === "") return [];
  const groups: bigint[] = [];
  const fields = half.split(":");
  for (const [i, field] of fields.entries()) {
    if (isLast && i === fields.length - 1 && field.includes(".")) {
      const embedded = parseIpv4(field);
      if (embedded === undefined) return undefined;
      groups.push(embedded >> 16n, embedded & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(field)) {
      groups.push(BigInt(`0x${field}`));
    } else return undefined;
  }
  return groups;
}

function joined(groups: readonly bigint[]): bigint {
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(text.slice(0, Math.max(0, slash)));
  const digits = text.slice(slash + 1);
  if (slash < 0 || address === undefined || !/^[0-9]+$/.test(digits)) return undefined;
  const prefix = Number(digits);
  const isMapped = address.bits === 32 && text.slice(0, slash).includes(":");
  if (!isMapped) {
    return prefix > address.bits ? undefined : networkOf(address, prefix, false);
  }
  if (prefix > 128) return undefined;
  if (prefix >= 96) return networkOf(address, prefix - 96, true);
  return networkOf({ bits: 128, value: MAPPED | address.value }, prefix, false);
}

export function networkOf(address: Address, prefix: number, isMapped: boolean): Network {
  const host = BigInt(address.bits - prefix);
  const first = (address.value >> host) << host;
  return { address: { bits: address.bits, value: first }, prefix, isMapped };
}

export function contains({ address, prefix }: Network, { bits, value }: Address): boolean {
  const host = BigInt(address.bits - prefix);
  return address.bits === bits && address.value >> host === value >> host;
}

export function addressText({ bits, value }: Address): string {
  return bits === 32 ? ipv4Text(value) : ipv6Text(value);
}

function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
}

/** RFC 5952: the first of the longest runs of two zeros or more is left out. */
function ipv6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn);
  const run = longestZeros(groups);
  const texts = groups.map((group) => group.toString(16));
  if (run.length < 2) return texts.join(":");
  const head = texts.slice(0, run.start).join(":");
  return `${head}::${texts.slice(run.start + run.length).join(":")}`;
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0n) start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  }
  return best;
}
