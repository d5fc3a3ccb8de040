/** A schema with every kind of place, for tests. */
import { defineSchema, type Bytes, type Counter, type Flag, type Int64, type List, type Shape, type Table, type Text } from "../src/index.js";

export interface Item {
  title: string | null;
  done: Flag;
  note: Text;
}
export interface Person {
  age: Int64 | null;
  tags: List<string | null>;
}
export interface Board {
  title: string | null;
  stars: Int64;
  items: List<Item>;
  body: Text;
  votes: Counter;
  open: Flag;
  people: Table<string, Person>;
  years: Table<number | bigint, Counter>;
  picture: Bytes | null;
  lines: List<Text>;
}

const string: Shape = { kind: "register", primitive: "string" };
export const boardShape: Shape = {
  kind: "struct",
  fields: {
    title: string,
    stars: { kind: "register", primitive: "i64", default: 3 },
    items: { kind: "array", element: { kind: "struct", fields: { title: string, done: { kind: "flag" }, note: { kind: "text" } } } },
    body: { kind: "text" },
    votes: { kind: "counter" },
    open: { kind: "flag" },
    people: {
      kind: "table",
      key: "string",
      value: { kind: "struct", fields: { age: { kind: "register", primitive: "u64" }, tags: { kind: "array", element: string } } },
    },
    years: { kind: "table", key: "i64", value: { kind: "counter" } },
    picture: { kind: "register", primitive: "bytes" },
    lines: { kind: "array", element: { kind: "text" } },
  },
};

export const boardSchema = defineSchema<Board>({ package: "board", version: "0.1.0", encoded: "", shape: boardShape });
