/** Types as a source file declares them, with what their comments say: for pages and checks. */
import {
  isNode,
  list,
  type Node,
  read,
  type Source,
} from "../../test/support/architecture/source.ts";

export type Shape =
  /** A text, a number, a literal, null: nothing is below it. */
  | { readonly kind: "plain"; readonly words: string }
  /** Whatever its sender likes. */
  | { readonly kind: "anything" }
  | { readonly kind: "list" | "map"; readonly of: Shape }
  | { readonly kind: "either"; readonly of: readonly Shape[] }
  | ObjectShape;

export interface ObjectShape {
  readonly kind: "object";
  /** Of its declaration; null: it has none of its own. */
  readonly name: string | null;
  readonly fields: readonly Field[];
  /** What may be beside the fields; null: nothing. */
  readonly others: Shape | null;
}

export interface Field {
  readonly name: string;
  readonly isOptional: boolean;
  /** Its comment, on one line; "": it has none. */
  readonly meaning: string;
  readonly shape: Shape;
}

export interface Declared {
  readonly meaning: string;
  readonly shape: Shape;
}

/** The declaration of this name, with those that it names put in. */
export function declaredType(path: string, text: string, name: string): Declared {
  return new Declarations(read(path, text)).declared(name);
}

class Declarations {
  readonly #source: Source;
  readonly #nodes: ReadonlyMap<string, Node>;

  constructor(source: Source) {
    this.#source = source;
    const declarations = source.nodes.filter(({ type }) =>
      ["TSInterfaceDeclaration", "TSTypeAliasDeclaration"].includes(type),
    );
    this.#nodes = new Map(declarations.map((node) => [nameOf(node.id), node]));
  }

  declared(name: string): Declared {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`${this.#source.path} does not declare ${name}`);
    // A comment stands before `export`, which is a node of its own.
    const outer = this.#source.nodes.find(({ declaration }) => declaration === node) ?? node;
    const body = isNode(node.body) ? node.body.body : null;
    const shape = body === null ? this.#shape(node.typeAnnotation) : this.#object(list(body), null);
    const named = shape.kind === "object" ? { ...shape, name } : shape;
    return { meaning: this.#meaning(outer), shape: named };
  }

  #object(members: readonly Node[], name: string | null): ObjectShape {
    const fields = members.map((member) => ({
      name: nameOf(member.key),
      isOptional: member.optional === true,
      meaning: this.#meaning(member),
      shape: this.#annotated(member),
    }));
    return { kind: "object", name, fields, others: null };
  }

  #annotated({ typeAnnotation }: Node): Shape {
    return this.#shape(isNode(typeAnnotation) ? typeAnnotation.typeAnnotation : null);
  }

  #shape(type: unknown): Shape {
    if (!isNode(type)) throw new Error(`${this.#source.path} has a field without a type`);
    switch (type.type) {
      case "TSStringKeyword":
        return { kind: "plain", words: "text" };
      case "TSNumberKeyword":
        return { kind: "plain", words: "number" };
      case "TSBooleanKeyword":
        return { kind: "plain", words: "true or false" };
      case "TSNullKeyword":
        return { kind: "plain", words: "null" };
      case "TSUnknownKeyword":
        return { kind: "anything" };
      case "TSLiteralType":
        return { kind: "plain", words: `\`${this.#text(type)}\`` };
      case "TSTypeOperator":
        return this.#shape(type.typeAnnotation);
      case "TSArrayType":
        return { kind: "list", of: this.#shape(type.elementType) };
      case "TSUnionType":
        return { kind: "either", of: list(type.types).map((each) => this.#shape(each)) };
      case "TSTypeLiteral":
        return this.#object(list(type.members), null);
      case "TSIntersectionType":
        return together(list(type.types).map((each) => this.#shape(each)));
      case "TSTypeReference":
        return this.#reference(type);
      default:
        throw new Error(`nobody says of ${this.#text(type)} what it is in JSON`);
    }
  }

  #reference({ typeArguments, typeName }: Node): Shape {
    const name = nameOf(typeName);
    const given = isNode(typeArguments) ? list(typeArguments.params) : [];
    if (name === "Readonly") return this.#shape(given[0]);
    if (name === "Record") return { kind: "map", of: this.#shape(given[1]) };
    return this.declared(name).shape;
  }

  #text({ end, start }: Node): string {
    return this.#source.text.slice(start, end);
  }

  /** Of the comment that ends right before it. */
  #meaning({ start }: Node): string {
    const { comments, text } = this.#source;
    const own = comments.find(
      ({ end, value }) =>
        value.startsWith("*") && end <= start && text.slice(end, start).trim() === "",
    );
    return (own?.value ?? "")
      .replace(/^\*/, "")
      .replaceAll(/\s*\n\s*\*?\s*/g, " ")
      .trim();
  }
}

function nameOf(id: unknown): string {
  return isNode(id) && typeof id.name === "string" ? id.name : "";
}

/** An object and what may be beside its fields. */
function together(shapes: readonly Shape[]): ObjectShape {
  const fields = shapes.flatMap((shape) => (shape.kind === "object" ? shape.fields : []));
  const [others = null] = shapes.flatMap((shape) => (shape.kind === "map" ? [shape.of] : []));
  return { kind: "object", name: null, fields, others };
}
