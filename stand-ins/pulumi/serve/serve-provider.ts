import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { announcement, Engine, engineAddress, serve } from "./host.js";
import { initFailed } from "./init-failed.js";
import {
  type Checked,
  type Diff,
  PartialFailure,
  type Provider,
  type Resource,
  type ResourceType,
} from "./provider.js";
import { fromStruct, toStruct } from "./struct.js";

type Call<Request> = grpc.ServerUnaryCall<Request, unknown>;
type Callback = grpc.sendUnaryData<unknown>;

interface Named {
  getUrn(): string;
  getId?(): string;
}

export function serveProvider(provider: Provider): void {
  const engine = new Engine(engineAddress(process.argv));
  let announced = false;

  const answer =
    <Request>(act: (request: Request) => Promise<unknown> | unknown) =>
    async (call: Call<Request>, callback: Callback) => {
      try {
        const response = await act(call.request);
        await engine.flushed();
        callback(null, response);
      } catch (error) {
        await engine.flushed();
        callback(toStatus(error));
      }
    };

  const resourceOf = (request: Named): Resource => {
    const urn = request.getUrn();
    return {
      urn,
      name: urn.split("::").slice(3).join("::"),
      id: request.getId?.() ?? "",
      log: (severity, message, ephemeral) => engine.log(severity, message, urn, ephemeral),
    };
  };

  const typeOf = (request: Named): ResourceType => {
    const token = (request.getUrn().split("::")[2] ?? "").split("$").pop() ?? "";
    const found = provider.types[token];
    if (!found) throw new Error(`${provider.executable} (stand-in): resource type "${token}" is not implemented`);
    return found;
  };

  const service: grpc.UntypedServiceImplementation = {
    handshake: answer((request: pb.ProviderHandshakeRequest) => {
      engine.connect(request.getEngineAddress());
      return new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true);
    }),
    getPluginInfo: answer(() => new PluginInfo().setVersion(provider.version)),
    getSchema: answer(() => new pb.GetSchemaResponse().setSchema("{}")),
    attach: answer(() => new Empty()),
    cancel: answer(() => new Empty()),

    checkConfig: answer((request: pb.CheckRequest) => {
      const inputs = fromStruct(request.getNews());
      return toCheckResponse(provider.checkConfig?.(inputs) ?? { inputs });
    }),
    diffConfig: answer((request: pb.DiffRequest) => {
      if (!provider.diffConfig) throw { code: grpc.status.UNIMPLEMENTED, details: "DiffConfig" };
      return toDiffResponse(provider.diffConfig(toDiffRequest(request)));
    }),
    configure: answer((request: pb.ConfigureRequest) => {
      if (!announced) engine.log("info", announcement(provider.executable, provider.version));
      announced = true;
      provider.configure?.(fromStruct(request.getArgs()));
      return new pb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true).setAcceptresources(true);
    }),

    check: answer(async (request: pb.CheckRequest) => {
      const news = fromStruct(request.getNews());
      const seed = request.getRandomseed_asU8();
      return toCheckResponse(
        await typeOf(request).check(resourceOf(request), news, fromStruct(request.getOlds()), seed),
      );
    }),
    diff: answer(async (request: pb.DiffRequest) =>
      toDiffResponse(await typeOf(request).diff(resourceOf(request), toDiffRequest(request))),
    ),
    create: answer(async (request: pb.CreateRequest) => {
      const { id, outputs } = await typeOf(request).create(resourceOf(request), {
        inputs: fromStruct(request.getProperties()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      return new pb.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),
    read: answer(async (request: pb.ReadRequest) => {
      const type = typeOf(request);
      const state = {
        id: request.getId(),
        outputs: fromStruct(request.getProperties()),
        inputs: fromStruct(request.getInputs()),
      };
      const result = type.read ? await type.read(resourceOf(request), state) : state;
      const response = new pb.ReadResponse();
      if (!result) return response;
      return response.setId(result.id).setProperties(toStruct(result.outputs)).setInputs(toStruct(result.inputs));
    }),
    update: answer(async (request: pb.UpdateRequest) => {
      const type = typeOf(request);
      if (!type.update) throw new Error("this resource type can't be updated in place");
      const outputs = await type.update(resourceOf(request), {
        inputs: fromStruct(request.getNews()),
        olds: fromStruct(request.getOlds()),
        oldInputs: fromStruct(request.getOldInputs()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      return new pb.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: answer(async (request: pb.DeleteRequest) => {
      const outputs = fromStruct(request.getProperties());
      await typeOf(request).delete?.(resourceOf(request), outputs, request.getTimeout());
      return new Empty();
    }),
    invoke: answer(async (request: pb.InvokeRequest) => {
      const act = provider.functions?.[request.getTok()];
      if (!act) {
        throw new Error(`${provider.executable} (stand-in): function "${request.getTok()}" is not implemented`);
      }
      const log: Resource["log"] = (severity, message, ephemeral) => engine.log(severity, message, "", ephemeral);
      return new pb.InvokeResponse().setReturn(toStruct(await act(fromStruct(request.getArgs()), log)));
    }),
  };
  serve([[ResourceProviderService as unknown as grpc.ServiceDefinition, service]]);
}

function toStatus(error: unknown): Partial<grpc.StatusObject> {
  if (error instanceof PartialFailure) return initFailed(error);
  if (error instanceof Error) return { code: grpc.status.UNKNOWN, details: error.message };
  return error as Partial<grpc.StatusObject>;
}

function toCheckResponse({ inputs, failures = [] }: Checked): pb.CheckResponse {
  const list = failures.map(({ property, reason }) => new pb.CheckFailure().setProperty(property).setReason(reason));
  return new pb.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(list);
}

function toDiffRequest(request: pb.DiffRequest) {
  return {
    olds: fromStruct(request.getOlds()),
    oldInputs: fromStruct(request.getOldInputs()),
    news: fromStruct(request.getNews()),
    ignoreChanges: request.getIgnorechangesList(),
  };
}

const KINDS = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function toDiffResponse(diff: Diff): pb.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse()
    .setChanges(diff.changed ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(diff.diffs ?? [])
    .setReplacesList(diff.replaces ?? [])
    .setStablesList(diff.stables ?? [])
    .setDeletebeforereplace(diff.deleteBeforeReplace ?? false)
    .setHasdetaileddiff(diff.detailed !== undefined);
  for (const [path, { kind, replace, input }] of Object.entries(diff.detailed ?? {})) {
    const entry = new pb.PropertyDiff().setKind(KINDS[kind][replace ? 1 : 0]).setInputdiff(input ?? false);
    response.getDetaileddiffMap().set(path, entry);
  }
  return response;
}
