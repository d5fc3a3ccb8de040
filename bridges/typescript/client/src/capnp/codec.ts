/** The bridge's messages as bytes. */
import type { Struct } from "./layout.js";
import { enums, layouts, type BridgeMessage, type BridgeRequest } from "./messages.js";
import { readMessage } from "./reader.js";
import { writeMessage } from "./writer.js";

/** Throws TlfsError `malformed`. Data fields are views of `bytes`. */
export function decodeBridgeMessage(bytes: Uint8Array): BridgeMessage {
  return readMessage(bytes, "BridgeMessage", layouts, enums) as unknown as BridgeMessage;
}

export function encodeBridgeRequest(request: BridgeRequest): Uint8Array {
  return writeMessage(request as unknown as Struct, "BridgeRequest", layouts, enums);
}

/** The other direction, for programs that stand in for a node. */
export function encodeBridgeMessage(message: BridgeMessage): Uint8Array {
  return writeMessage(message as unknown as Struct, "BridgeMessage", layouts, enums);
}
export function decodeBridgeRequest(bytes: Uint8Array): BridgeRequest {
  return readMessage(bytes, "BridgeRequest", layouts, enums) as unknown as BridgeRequest;
}
