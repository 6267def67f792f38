import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type ValueMap, withoutUndefined } from "./wire.js";

export function fromStruct(struct: Struct | undefined): ValueMap {
  return (struct?.toJavaScript() ?? {}) as ValueMap;
}

export function toStruct(values: ValueMap): Struct {
  return Struct.fromJavaScript(withoutUndefined(values) as Parameters<typeof Struct.fromJavaScript>[0]);
}
