/** The fewest networks with the same addresses. IPv4 is merged within ::ffff:0:0/96, as by OPA. */
import {
  type Address,
  addressAt,
  addressText,
  MAPPED,
  networkOf,
  parseAddress,
  parseNetwork,
} from "../formats/ip.ts";
import type { Value } from "../values/value.ts";
import { failed } from "./builtin.ts";
import { refused } from "./operands.ts";

interface AddressRange {
  readonly first: bigint;
  readonly last: bigint;
  /** How it is written while it is merged with nothing. */
  readonly text?: string;
}

export function mergedNetworks(elements: readonly Value[]): readonly string[] {
  const ranges = elements.map(rangeOf).sort(byEnd);
  for (let i = ranges.length - 1; i > 0; i -= 1) {
    const [lower, upper] = [ranges[i - 1], ranges[i]];
    if (lower === undefined || upper === undefined) continue;
    if (previous(upper.first) > lower.last) continue;
    const first = lower.first < upper.first ? lower.first : upper.first;
    ranges.splice(i - 1, 2, { first, last: upper.last });
  }
  return ranges.flatMap((range) => (range.text === undefined ? networksOf(range) : [range.text]));
}

function byEnd(a: AddressRange, b: AddressRange): number {
  return order(a.last, b.last) || order(a.first, b.first);
}

function order(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Nothing comes before the first address of either family. */
function previous(address: bigint): bigint {
  return address === 0n || address === MAPPED ? address : address - 1n;
}

function rangeOf(element: Value): AddressRange {
  if (typeof element !== "string") throw failed("element must be string");
  const address = parseAddress(element);
  if (address !== undefined) return classRange(address);
  const network = parseNetwork(element);
  if (network === undefined) throw failed(`invalid CIDR address: ${element}`);
  if (network.isMapped) throw refused(`an IPv4 network within IPv6 is not merged: ${element}`);
  const text = `${addressText(network.address)}/${network.prefix}`;
  return { ...spanOf(network.address, network.prefix), text };
}

/** An address without a prefix stands for the network of its class (A, B or C). */
function classRange(address: Address): AddressRange {
  if (address.bits === 128) throw failed("IPv6 invalid: needs prefix length");
  const first = address.value >> 24n;
  const prefix = first < 128n ? 8 : first < 192n ? 16 : 24;
  const network = networkOf(address, prefix, false);
  // OPA shows the address that was given, not that of the network.
  return { ...spanOf(network.address, prefix), text: `${addressText(address)}/${prefix}` };
}

function spanOf({ bits, value }: Address, prefix: number): AddressRange {
  const first = bits === 32 ? MAPPED | value : value;
  return { first, last: first + (1n << BigInt(bits - prefix)) - 1n };
}

/** Blocks as large as their start and what is left allow. */
function networksOf({ first, last }: AddressRange): readonly string[] {
  if (isMapped(first) && !isMapped(last)) {
    throw refused("IPv4 and IPv6 networks that touch each other are not merged");
  }
  const networks: string[] = [];
  for (let at = first; at <= last; ) {
    let host = 0;
    while (host < 128 && at % (2n << BigInt(host)) === 0n && at + (2n << BigInt(host)) - 1n <= last)
      host += 1;
    networks.push(blockText(at, host));
    at += 1n << BigInt(host);
  }
  return networks;
}

function isMapped(address: bigint): boolean {
  return address >> 32n === 0xffffn;
}

function blockText(first: bigint, host: number): string {
  // A block larger than all of IPv4 is one of IPv6, wherever it begins.
  const address: Address = host > 32 ? { bits: 128, value: first } : addressAt(first);
  return `${addressText(address)}/${address.bits - host}`;
}
