# needs: lib/step
# What steps do with docker's containers.
# shellcheck shell=bash

# docker_api METHOD PATH [BODY]: RKE's containers have the whole command in Entrypoint, and the docker command can't create such a
# container; Docker's API can. Ends the step if docker refuses.
docker_api() {
  local answer code
  answer=$(printf '%s' "${3:-}" | curl -sS --max-time 60 --unix-socket /var/run/docker.sock -X "$1" \
    -H 'Content-Type: application/json' ${3:+--data-binary @-} -w '\n%{http_code}' "http://docker$2") ||
    die "docker: $1 $2 got no answer"
  code=${answer##*$'\n'}
  [[ $code == 2?? || $code == 304 ]] || die "docker: $1 $2 answered $code: ${answer%$'\n'*}"
}

# container_status CONTAINER: sets $status to docker's word for it (created, running, restarting, exited, ...), or to missing. Ends the step
# if docker doesn't answer, since that isn't the same as missing. Don't call it in $(...): `die` would end only the subshell.
container_status() {
  if ! status=$(docker inspect --type container --format '{{.State.Status}}' "$1" 2>&1 </dev/null); then
    [[ $status == *"No such"* ]] || die "docker: container $1 can't be looked at: ${status:0:200}"
    status=missing
  fi
}

# set_container_aside CONTAINER NEW-NAME [GRACE SECONDS]: stops and renames it, and takes away its restart policy, before it stops it, so that
# a reboot in between doesn't start it again. GRACE is 10 if it isn't given.
set_container_aside() {
  # docker refuses this for a container that ends at the same moment, as one does that crashes over and over: then it is done once more
  # when the container is stopped
  local off=yes
  docker update --restart=no "$1" >/dev/null 2>&1 </dev/null || off=""
  # without grace by `docker kill`: `docker stop -t 0` sends SIGTERM first, and would cut what that begins at any point. `docker kill` refuses
  # a container that doesn't run, then `docker stop` follows.
  { [[ ${3:-10} == 0 ]] && docker kill "$1" >/dev/null 2>&1 </dev/null; } || docker stop -t "${3:-10}" "$1" >/dev/null </dev/null
  [[ -n $off ]] || docker update --restart=no "$1" >/dev/null </dev/null
  docker rename "$1" "$2" </dev/null
  in_background keep_description "$2" "$2" "$aside"
  did "container $1 stopped, kept as $2, restart policy off"
  fact "aside container $2" ""
}

# keep_description CONTAINER NAME FOLDER: writes all that docker knows of the container to FOLDER/NAME.container, under NAME. It outlives
# the container, which a purge deletes.
keep_description() {
  mkdir -p "$3"
  docker inspect --type container --format '{{json .}}' "$1" </dev/null | sed "s#\"Name\":\"/$1\"#\"Name\":\"/$2\"#" >"$3/$2.container.new"
  mv "$3/$2.container.new" "$3/$2.container"
}
