/** Where the fields of Cap'n Proto structs lie. The reader and the writer are driven by such tables. */

export type Field =
  | { readonly kind: "void"; readonly at: number; readonly tag?: number }
  | {
      /** `at` counts units of the field's own size: bits, 16, 32 or 64 bits; pointers for the rest. */
      readonly kind: "bool" | "u32" | "i32" | "u64" | "i64" | "optional64" | "text" | "data" | "texts" | "datas";
      readonly at: number;
      readonly tag?: number;
    }
  | { readonly kind: "enum" | "struct" | "structs"; readonly at: number; readonly of: string; readonly tag?: number };

export interface Layout {
  /** Size of the data section, in words of 8 bytes. */
  readonly words: number;
  readonly pointers: number;
  /** Of a struct that is a union: where its tag is, in units of 16 bits. */
  readonly tag: number | undefined;
  readonly fields: { readonly [name: string]: Field };
}

export type Layouts = { readonly [name: string]: Layout };
/** The names of enumerants, in the order of their numbers. */
export type Enums = { readonly [name: string]: readonly string[] };

/** A struct as the reader makes it and the writer takes it; of a union, `which` names the member that is set. */
export interface Struct {
  which?: string;
  [field: string]: unknown;
}
