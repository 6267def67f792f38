# needs: lib/step
# docker_api METHOD PATH [BODY]: RKE puts whole commands into Entrypoint, which the docker command can't say.
docker_api() {
  local answer code
  answer=$(printf '%s' "${3:-}" | curl -sS --max-time 60 --unix-socket /var/run/docker.sock -X "$1" \
    -H 'Content-Type: application/json' ${3:+--data-binary @-} -w '\n%{http_code}' "http://docker$2") ||
    die "docker: $1 $2 got no answer"
  code=${answer##*$'\n'}
  [[ $code == 2?? || $code == 304 ]] || die "docker: $1 $2 answered $code: ${answer%$'\n'*}"
}
# look CONTAINER: sets $found to its status, or to missing. Not for $(...): what ends there doesn't end the step, and a
# docker that doesn't answer says nothing of the container.
look() {
  if ! found=$(docker inspect --type container --format '{{.State.Status}}' "$1" 2>&1 </dev/null); then
    [[ $found == *"No such"* ]] || die "docker: container $1 can't be looked at: ${found:0:200}"
    found=missing
  fi
}
# set_container_aside CONTAINER NEW-NAME [GRACE SECONDS]: restart policy first, so that a reboot in between doesn't bring it back.
set_container_aside() {
  # docker refuses this of a container that ends in the same moment, as one that restarts over and over does: then once it is stopped
  local off=yes
  docker update --restart=no "$1" >/dev/null 2>&1 </dev/null || off=""
  # with a grace of 0 `docker stop` sends SIGTERM, too, and what that begins is cut anywhere; kill refuses what doesn't run
  { [[ ${3:-10} == 0 ]] && docker kill "$1" >/dev/null 2>&1 </dev/null; } || docker stop -t "${3:-10}" "$1" >/dev/null </dev/null
  [[ -n $off ]] || docker update --restart=no "$1" >/dev/null </dev/null
  docker rename "$1" "$2" </dev/null
  later keep_description "$2" "$2"
  did "container $1 stopped, kept as $2, restart policy off"
  fact "aside container $2" ""
}
# keep_description CONTAINER NAME: what docker knows of it, under NAME, for when the container itself has been purged.
keep_description() {
  mkdir -p "$aside"
  docker inspect --type container --format '{{json .}}' "$1" </dev/null | sed "s#\"Name\":\"/$1\"#\"Name\":\"/$2\"#" >"$aside/$2.container.new"
  mv "$aside/$2.container.new" "$aside/$2.container"
}
