# needs: lib/docker
# snapshot-schedule: sets up the scheduled snapshots of a deploy host, and takes the first one to prove it.
# Container rke-dr-snapshots runs loop.sh in the host's own root, by docker alone: without this program, the operator, or an
# init system that not every host has.
# stdin: the body for Docker's POST /containers/create, one line; then files, each a line "@@ NAME" and its content.
# No files: the schedule ends; what was taken stays.
main() {
  local dir=/etc/rke-dr/snapshots kept=$state/snapshots body="" file="" line since
  begin "$@"
  mkdir -p "$dir" "$kept"
  look rke-dr-snapshots
  if [[ $found != missing ]]; then
    docker rm -f rke-dr-snapshots >/dev/null </dev/null
  fi
  rm -f "$dir"/*.new "$dir/now"
  while IFS= read -r line; do
    if [[ -z $body ]]; then
      body=$line
    elif [[ $line == "@@ "* ]]; then
      file=$dir/${line#@@ }.new
      : >"$file"
    elif [[ -n $file ]]; then
      printf '%s\n' "$line" >>"$file"
    fi
  done <<<"$data"
  if [[ -z $file ]]; then
    printf 'every=0\n' >"$dir/config"
    did "no scheduled snapshots any more; those in $kept stay"
    finish
    return
  fi
  for file in "$dir"/*.new; do mv "$file" "${file%.new}"; done
  # later written in place, on a full disk too
  [[ -s $kept/status ]] || printf '%-2000s\n' '{}' >"$kept/status"
  touch "$dir/now"
  since=$(now_ms)
  docker_api POST "/containers/create?name=rke-dr-snapshots" "$body"
  docker start rke-dr-snapshots >/dev/null </dev/null
  until_true 1500 ended_since "$since" || die "snapshot: the first one hasn't ended within 1500 s: docker logs rke-dr-snapshots"
  [[ $status == *'"ok":true'* && $status =~ \"name\":\"([^\"]*)\" ]] || die "snapshot: ${status%% }"
  fact snapshot "$kept/${BASH_REMATCH[1]}.db"
  did "each $(sed -n 's/^every=//p' "$dir/config") s; the first: $(docker logs --tail 1 rke-dr-snapshots 2>&1 </dev/null | cut -d' ' -f2- | cut -c1-300)"
  finish
}

ended_since() {
  status=$(sed 's/ *$//' "$state/snapshots/status")
  [[ $status =~ \"at\":([0-9]+) ]] && ((BASH_REMATCH[1] >= $1))
}
