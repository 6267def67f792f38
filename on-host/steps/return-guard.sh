# needs: lib/docker
# return-guard: installs the return guard on this host (resident/guard-watch.sh describes it), lets it ask once and starts it.
# arguments: on, then USER@ADDRESS:PORT of the control plane hosts of the other datacenters; a leading "?" marks a host whose key isn't
#   pinned: the key that it shows the first time is kept.  Or off: the guard's container is removed
# stdin: files, each a line "@@ NAME" and its content: guard-watch.sh, id_ed25519, known_hosts
main() {
  local mode=$1 folder=$state/guard target port address line file="" image answers
  begin "$@"
  shift
  docker rm -f rke-dr-guard >/dev/null 2>&1 </dev/null || true
  if [[ $mode == off ]]; then
    did "no return guard: etcd and the control plane of this host start at boot, whatever the other side has done"
    finish
    return
  fi
  mkdir -p "$folder"
  while IFS= read -r line; do
    if [[ $line == "@@ "* ]]; then
      file=$folder/$(basename "${line#@@ }")
      : >"$file.new"
    elif [[ -n $file ]]; then
      printf '%s\n' "$line" >>"$file.new"
    fi
  done <<<"$data"
  for file in guard-watch.sh id_ed25519; do
    [[ -s $folder/$file.new ]] || die "return guard: $file was not given"
    mv "$folder/$file.new" "$folder/$file"
  done
  # keys that were found earlier stay: hosts whose keys aren't pinned are known by them
  touch "$folder/known_hosts" "$folder/known_hosts.new"
  cat "$folder/known_hosts.new" "$folder/known_hosts" | awk 'NF && !seen[$0]++' >"$folder/known_hosts.both"
  mv "$folder/known_hosts.both" "$folder/known_hosts"
  for target in "$@"; do
    port=${target##*:} address=${target%:*} && address=${address##*@}
    if [[ $target == "?"* ]] && ! grep -qF -e "$address " -e "[$address]:$port " "$folder/known_hosts"; then
      ssh-keyscan -T 5 -p "$port" "$address" 2>/dev/null >>"$folder/known_hosts" </dev/null || true
    fi
  done
  printf '%s\n' "${@#\?}" >"$folder/targets"
  answers=$(bash "$folder/guard-watch.sh" --once </dev/null) || die "return guard: it can't ask every control plane host of the other side: $(grep '^- ' <<<"$answers" | sort | paste -sd';' | cut -c1-300)"

  # any image of RKE's that has chroot will do: everything else that runs is the host's own
  image=$(docker inspect --type container --format '{{.Image}}' service-sidekick </dev/null 2>/dev/null) ||
    image=$(docker inspect --type container --format '{{.Image}}' kubelet </dev/null) || die "return guard: neither service-sidekick nor kubelet is here: there is no image for it"
  docker_api POST "/containers/create?name=rke-dr-guard" "{\"Image\":\"$image\",\"Entrypoint\":[\"chroot\",\"/host\",\"/usr/bin/env\",\"bash\",\"$folder/guard-watch.sh\"],\"Cmd\":null,
    \"HostConfig\":{\"NetworkMode\":\"host\",\"Binds\":[\"/:/host\"],\"SecurityOpt\":[\"label=disable\"],\"RestartPolicy\":{\"Name\":\"always\"},
    \"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\",\"max-file\":\"2\"}}}}"
  docker start rke-dr-guard >/dev/null </dev/null
  until_true 20 watches || die "return guard: it doesn't watch 20 s after its start: $(docker logs --tail 2 rke-dr-guard 2>&1 </dev/null | paste -sd' ' | cut -c1-300)"
  did "the return guard watches; it asks $*"
  finish
}
# watches: true if the guard has said that it watches.
watches() { docker logs rke-dr-guard 2>/dev/null </dev/null | grep -q 'return guard watches'; }
