import type { Runtime } from "../runtime";
import { readContainer } from "./container";
import { differs } from "./differs";
import { residentBody } from "./resident";
import { createBody } from "./spec";

/** Containers of the host's docker daemon, made through its API (on-host/runtimes/docker.sh). */
export const docker: Runtime = {
  name: "docker",
  daemon: {
    name: "docker",
    folder: "/var/lib/docker",
    restart: "`systemctl restart docker` there; without systemd `service docker restart`",
  },
  commands: {
    start: (name) => `docker start ${name}`,
    stop: (names) => `docker stop ${names.join(" ")}`,
    bringBack: (aside, name) =>
      `docker rename ${aside} ${name} && docker update --restart=always ${name} && docker start ${name}`,
    show: (name) => `docker inspect ${name}`,
    why: (name) => `docker logs --tail 20 ${name}`,
    gone: (name) => `no container ${name} is there: \`docker ps -a\` shows it if it has another name`,
    pull: (image) => `docker pull ${image}`,
    carry: (image) => ({ from: `docker save ${image}`, to: "docker load" }),
    prune: "docker image prune",
  },
  runsOnceIsolated: false,
  sharesNetworks: true,
  read: readContainer,
  spec: createBody,
  resident: residentBody,
  differs,
};
