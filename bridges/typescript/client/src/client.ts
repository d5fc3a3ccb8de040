/** The client of a node. */
import type { Client, ConnectOptions } from "./api.js";
import { clientError } from "./errors.js";

/** Connects to a node, and again whenever the connection is lost. Returns at once; `connection` tells how it goes. */
export function connect(_options: ConnectOptions = {}): Client {
  throw clientError("refused", "not connected");
}
