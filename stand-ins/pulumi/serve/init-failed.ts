import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { PartialFailure } from "./provider.js";
import { toStruct } from "./struct.js";

/** The status that carries the half-made resource, as gRPC's error details. */
export function initFailed(failure: PartialFailure): Partial<grpc.StatusObject> {
  const detail = new ErrorResourceInitFailed()
    .setId(failure.id)
    .setProperties(toStruct(failure.outputs))
    .setInputs(toStruct(failure.inputs))
    .setReasonsList(failure.reasons);
  const any = new Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(failure.message).setDetailsList([any]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: failure.message, metadata };
}
