import type { Runtime } from "../runtime";
import { readContainer } from "./container";
import { differs } from "./differs";
import { residentBody } from "./resident";
import { createBody } from "./spec";

/** Containers of the host's docker daemon, made through its API (on-host/runtimes/docker.sh). */
export const docker: Runtime = {
  name: "docker",
  daemon: { name: "docker", restart: "`systemctl restart docker` there; without systemd `service docker restart`" },
  runsOnceIsolated: false,
  read: readContainer,
  spec: createBody,
  resident: residentBody,
  differs,
};
