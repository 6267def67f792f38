import { isMapping, type Mapping, mapping } from "../../values/mapping";
import { yamlText } from "../../values/yaml-text";

/** A file for `kubectl apply`. */
export interface Manifest {
  /** File names sort in the order in which they can be applied: namespaces, definitions of resources, all else. */
  file: string;
  text: string;
}

/** Metadata that belongs to the object that is gone. An owner's UID among them: with a UID that doesn't exist, Kubernetes would delete the object again. */
const ofTheObject = [
  ...["resourceVersion", "uid", "generation", "creationTimestamp", "selfLink", "managedFields"],
  ...["deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences"],
];

const order: Record<string, number> = {
  Namespace: 0,
  CustomResourceDefinition: 1,
  StorageClass: 2,
  PersistentVolume: 2,
  ServiceAccount: 3,
  PersistentVolumeClaim: 3,
  Secret: 3,
  ConfigMap: 3,
};

/**
 * The object as a file that can be applied again: without what the API server or a controller keeps in it.
 *
 * @param object as the API shows it
 * @param only true if the cluster doesn't have it: then also what the cluster chooses itself at its creation is left out
 */
export function manifestOf(object: Mapping, only: boolean): Manifest {
  const kind = String(object.kind);
  const metadata = mapping(object.metadata);
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !ofTheObject.includes(key)));
  const { status: _status, apiVersion, kind: _kind, metadata: _metadata, ...rest } = object;
  const name = [kind.toLowerCase(), metadata.namespace, metadata.name].filter((part) => part !== undefined).join("-");
  return {
    // names of some kinds have a colon, as those of roles
    file: `${order[kind] ?? 4}0-${name.replace(/[^\w.-]/g, "_")}.yaml`,
    text: yamlText({ apiVersion, kind, metadata: kept, ...(only ? withoutChoices(kind, rest, kept) : rest) }),
  };
}

/** Removes fields that the cluster sets when it creates an object, and that would refuse the object or tie it to what is gone. */
function withoutChoices(kind: string, rest: Mapping, metadata: Mapping): Mapping {
  const spec = mapping(rest.spec);
  switch (kind) {
    case "Service":
      // an address may belong to another Service by now; "None" is the user's own choice
      return {
        ...rest,
        spec: spec.clusterIP === "None" ? spec : without(spec, "clusterIP", "clusterIPs", "healthCheckNodePort"),
      };
    case "Pod":
      return { ...rest, spec: without(spec, "nodeName") };
    case "PersistentVolume":
      // the claim that comes back has another UID; by its name it is bound again
      return isMapping(spec.claimRef)
        ? { ...rest, spec: { ...spec, claimRef: without(spec.claimRef, "uid", "resourceVersion") } }
        : rest;
    case "PersistentVolumeClaim":
      metadata.annotations = Object.fromEntries(
        Object.entries(mapping(metadata.annotations)).filter(([key]) => !key.startsWith("pv.kubernetes.io/")),
      );
      return rest;
    case "Job":
      return spec.manualSelector === true ? rest : { ...rest, spec: jobSpec(spec) };
    case "ServiceAccount":
      return without(rest, "secrets");
    default:
      return rest;
  }
}

/** A Job's selector and the labels of its Pods have the UID of the Job that is gone; the API server makes them anew. */
function jobSpec(spec: Mapping): Mapping {
  const template = mapping(spec.template);
  const metadata = mapping(template.metadata);
  const labels = Object.fromEntries(
    Object.entries(mapping(metadata.labels)).filter(([key]) => !/(^|\/)(controller-uid|job-name)$/.test(key)),
  );
  return { ...without(spec, "selector"), template: { ...template, metadata: { ...metadata, labels } } };
}

const without = (object: Mapping, ...keys: string[]): Mapping =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
