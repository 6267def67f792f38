import { differences, type Process } from "../process";

/** The differences that RKE would find: it compares image, command, environment and binds, in any order. */
export function differs(planned: Process, ours: Process): string[] {
  // the image's own environment stands in every container
  const env = ours.env.filter((e) => !/^(PATH|ETCD_VER|DEBIAN_FRONTEND)=/.test(e));
  return [
    ...differences([planned.image], [ours.image]),
    ...differences([...planned.entrypoint, ...planned.cmd], [...ours.entrypoint, ...ours.cmd]),
    ...differences(planned.env, env),
    ...differences(planned.binds, ours.binds),
  ];
}
