/** What the gateway changes in a request, as splices of the client's own text. */
import type { ReadRequest } from "./format.ts";
import { isObject, itemsOf, type Member, membersOf } from "./json.ts";
import {
  applySplices,
  insertFirst,
  removeAll,
  replaceMember,
  replaceValue,
  type Splice,
} from "./splice.ts";

/** The text of a request with the places of its members, and the edits made so far. */
export class RequestEdits {
  readonly splices: Splice[] = [];
  private readonly request: ReadRequest;
  private readonly open: number;
  private readonly members: readonly Member[];
  private readonly removed = new Set<number>();

  constructor(request: ReadRequest) {
    this.request = request;
    this.open = request.text.indexOf("{");
    this.members = request.members;
  }

  member(name: string): Member | undefined {
    return this.members.find((member) => member.name === name);
  }

  /** Gives a top-level member a value, in its place or as the first one. */
  set(name: string, value: unknown): void {
    const member = this.member(name);
    if (!member) this.insert(this.open, `${JSON.stringify(name)}:${JSON.stringify(value)}`, false);
    else if (this.request.root[name] !== value) {
      this.splices.push(replaceValue(member, JSON.stringify(value)));
    }
  }

  /** Gives a member of a top-level object a value; the object is made where it is not there. */
  setInner(outer: string, name: string, value: unknown): void {
    const holder = this.request.root[outer];
    const member = this.member(outer);
    if (!member || !isObject(holder)) {
      this.set(outer, { [name]: value });
      return;
    }
    if (holder[name] === value) return;
    const inner = membersOf(this.request.text, member.valueFrom);
    const old = inner.find((candidate) => candidate.name === name);
    if (old) this.splices.push(replaceValue(old, JSON.stringify(value)));
    else {
      const json = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      this.insert(member.valueFrom, json, inner.length === 0);
    }
  }

  /** One value under one name; the other spelling goes, or lends its place. */
  setOneOf(name: string, other: string, value: number): void {
    const stale = this.member(other);
    if (stale && !this.member(name)) {
      this.splices.push(replaceMember(stale, name, String(value)));
      return;
    }
    this.remove(other);
    this.set(name, value);
  }

  /** Takes a top-level member out, if it is there. */
  remove(name: string): void {
    const index = this.members.findIndex((member) => member.name === name);
    if (index >= 0) this.removed.add(index);
  }

  /** Takes items out of the array at the end of a path of names, which leads through objects. */
  removeItems(path: readonly string[], gone: ReadonlySet<number>): void {
    let from = this.open;
    for (const name of path) {
      const members = from === this.open ? this.members : membersOf(this.request.text, from);
      const member = members.find((candidate) => candidate.name === name);
      if (!member) throw new Error(`the request has no ${name} to take anything out of`);
      from = member.valueFrom;
    }
    this.splices.push(...removeAll(itemsOf(this.request.text, from), gone));
  }

  /** Puts an item first into a top-level array. */
  prepend(name: string, item: unknown): void {
    const [member, list] = [this.member(name), this.request.root[name]];
    if (!member || !Array.isArray(list)) this.set(name, [item]);
    else this.insert(member.valueFrom, JSON.stringify(item), list.length === 0);
  }

  /** Puts items last into a top-level array. */
  append(name: string, items: readonly unknown[]): void {
    const [member, list] = [this.member(name), this.request.root[name]];
    if (!member || !Array.isArray(list)) return this.set(name, items);
    const json = items.map((item) => JSON.stringify(item)).join(",");
    const close = member.valueTo - 1;
    this.splices.push({ from: close, to: close, text: list.length === 0 ? json : `,${json}` });
  }

  /** The text with all edits made; the very same string when there are none. */
  apply(): string {
    if (this.removed.size === 0) return applySplices(this.request.text, this.splices);
    const spans = this.members.map(({ keyFrom, valueTo }) => ({ from: keyFrom, to: valueTo }));
    const removals = removeAll(spans, this.removed);
    return applySplices(this.request.text, [...this.splices, ...removals]);
  }

  private insert(open: number, json: string, isEmpty: boolean): void {
    this.splices.push(insertFirst(open, json, isEmpty));
  }
}
