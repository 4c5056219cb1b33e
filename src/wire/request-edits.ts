/** What the gateway changes in a request, as splices of the client's own text. */
import type { ReadRequest } from "./format.ts";
import { isObject, type Member, membersOf } from "./json.ts";
import { insertFirst, removeMember, replaceMember, replaceValue, type Splice } from "./splice.ts";

/** The text of a request with the places of its members, and the edits made so far. */
export class RequestEdits {
  readonly splices: Splice[] = [];
  private readonly request: ReadRequest;
  private readonly open: number;
  private readonly members: readonly Member[];

  constructor(request: ReadRequest) {
    this.request = request;
    this.open = request.text.indexOf("{");
    this.members = membersOf(request.text, this.open);
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
    if (stale) this.splices.push(removeMember(this.members, stale));
    this.set(name, value);
  }

  /** Puts an item first into a top-level array. */
  prepend(name: string, item: unknown): void {
    const [member, list] = [this.member(name), this.request.root[name]];
    if (!member || !Array.isArray(list)) this.set(name, [item]);
    else this.insert(member.valueFrom, JSON.stringify(item), list.length === 0);
  }

  private insert(open: number, json: string, isEmpty: boolean): void {
    this.splices.push(insertFirst(open, json, isEmpty));
  }
}
