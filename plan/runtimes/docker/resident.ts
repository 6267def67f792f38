/**
 * The body of Docker's POST /containers/create for a program of ours that stays on a host. The container is no more than a
 * supervisor: its process is bash in the host's own root, with the host's ssh and coreutils, and docker starts it again
 * after a reboot. Docker's API pulls no image: it must be on the host, and have a chroot.
 *
 * @param script the path of the program's script on the host
 */
export const residentBody = (image: string, script: string): string =>
  JSON.stringify({
    Image: image,
    Entrypoint: ["chroot", "/host", "/bin/bash", script],
    Cmd: null,
    HostConfig: {
      NetworkMode: "host",
      // mounts that come and go on the host must do so here, too: else this container would hold them
      Binds: ["/:/host:rslave"],
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      // with SELinux a confined container can't read the host's files
      SecurityOpt: ["label=disable"],
      CpuShares: 128,
    },
  });
