/** The guardrails folder, wherever it is kept: on a disk, or at one commit of a Git repository. */

/** One state of the folder. */
export interface GuardrailsTree {
  /** What people know it by. */
  readonly name: string;
  /** What to do about a file that is missing. */
  readonly hint: string;
  /** Names in a folder of it ("" is the whole), hidden ones left out. */
  names(folder: string): Promise<NamesFound>;
  /** All files below a folder of it, by their paths, hidden ones left out. */
  below(folder: string, filesMax: number): Promise<FilesBelow>;
  /** Files by their paths, whole or not at all. */
  read(files: readonly string[], limits: ReadLimits): Promise<ReadonlyMap<string, FileFound>>;
}

export interface ReadLimits {
  readonly fileBytesMax: number;
  /** Of all files together. */
  readonly bytesMax: number;
}

export type NamesFound =
  | { readonly kind: "folder"; readonly names: readonly string[] }
  | { readonly kind: "none" }
  | Unreadable;

export type FilesBelow =
  | {
      readonly kind: "files";
      readonly files: readonly string[];
      /** What cannot be a file of it: a link that leads out of the folder, a socket. */
      readonly unreadable: ReadonlyMap<string, Unreadable>;
    }
  | { readonly kind: "none" }
  /** More files, or more folders, than were asked for. */
  | { readonly kind: "too-many" }
  | Unreadable;

export type FileFound =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "none" }
  | { readonly kind: "too-large"; readonly bytes: number }
  /** The files before it are as many bytes as may be read together. */
  | { readonly kind: "beyond" }
  | Unreadable;

/** Something else is there: what, and what to do about it. */
export interface Unreadable {
  readonly kind: "unreadable";
  readonly got: string;
  readonly hint: string;
}

/** A remote repository of which one branch or tag is followed. */
export interface GuardrailsSource {
  /** What it is known by in the store: the remote, the ref and the folder, without secrets. */
  readonly name: string;
  /** The branch or tag now. With the commit that is `known` nothing is fetched. Never rejects. */
  look(known: string | null): Promise<Looked>;
  /** Removes what was fetched. */
  close(): Promise<void>;
}

export type Looked =
  | { readonly kind: "same" }
  | {
      readonly kind: "commit";
      readonly commit: string;
      /** It does not follow from the known one: history was rewritten, or a tag was moved. */
      readonly rewritten: boolean;
      readonly tree: GuardrailsTree;
    }
  | { readonly kind: "failed"; readonly because: string };
