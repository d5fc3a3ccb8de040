/** What can go wrong, as values and as what promises reject with. */

/**
 * Which failures a program tells apart: what was asked for does not fit the data (`input`), it cannot be asked like that
 * (`usage`), access does not allow it (`denied`), the node or the way to it cannot do it now (`unavailable`).
 */
export type ErrorKind = "input" | "usage" | "denied" | "unavailable";

/** Codes of failures that arise in this package itself; `module` is then `"client"`. */
export const ClientErrc = {
  /** The connection ended before the answer came, or there is none. */
  disconnected: 1,
  /** The node did not answer in time. */
  timeout: 2,
  /** Bytes that are no message, or a message that does not fit. */
  malformed: 3,
  /** A value that the schema does not allow at that place. */
  wrongType: 4,
  /** A place, index or position that is not there. */
  noSuchPlace: 5,
  /** The client was closed, or the document released. */
  closed: 6,
  /** More than a named limit allows. */
  limit: 7,
  /** The node speaks another protocol version, or refuses this client. */
  refused: 8,
} as const;

/** Every promise of this package rejects with one of these. */
export class TlfsError extends Error {
  /** Part of the program that it comes from: `"client"`, or a module of the node such as `"document"`. */
  readonly module: string;
  /** A number of that module's own. */
  readonly code: number;
  readonly kind: ErrorKind;

  constructor(module: string, code: number, kind: ErrorKind, message: string) {
    super(message);
    this.name = "TlfsError";
    this.module = module;
    this.code = code;
    this.kind = kind;
  }
}

const kinds: Record<keyof typeof ClientErrc, ErrorKind> = {
  disconnected: "unavailable",
  timeout: "unavailable",
  malformed: "unavailable",
  wrongType: "input",
  noSuchPlace: "input",
  closed: "usage",
  limit: "usage",
  refused: "denied",
};

/** An error of this package. */
export function clientError(code: keyof typeof ClientErrc, message: string): TlfsError {
  return new TlfsError("client", ClientErrc[code], kinds[code], message);
}
