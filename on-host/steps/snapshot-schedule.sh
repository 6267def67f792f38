# needs: lib/process lib/files
# snapshot-schedule: sets up a deploy host's scheduled snapshots, and takes the first one as a proof.
# The resident process rke-dr-snapshots runs resident/snapshots/loop.sh in the host's own root. It needs the runtime alone: not this program,
# and not the operator.
# stdin: the spec for process_keep_resident, one line, which may be empty; then files, each a line "@@ NAME" and its content. Without files the
#   schedule ends; the snapshots stay.
main() {
  local dir=/etc/rke-dr/snapshots kept=$state/snapshots body file since ended=""
  begin "$@"
  mkdir -p "$dir" "$kept"
  process_drop rke-dr-snapshots
  rm -f "$dir"/*.new "$dir/now"
  body=${data%%$'\n'*}
  write_files "$dir" .new <<<"$data"
  if ! compgen -G "$dir/*.new" >/dev/null; then
    printf 'every=0\n' >"$dir/config"
    did "no scheduled snapshots any more; those in $kept stay"
    finish
    return
  fi
  for file in "$dir"/*.new; do mv "$file" "${file%.new}"; done
  # at its full length from the start: the schedule overwrites it in place, so that it can report a full disk
  [[ -s $kept/status ]] || printf '%-2000s\n' '{}' >"$kept/status"
  touch "$dir/now"
  since=$(now_ms)
  process_keep_resident rke-dr-snapshots "$dir/loop.sh" "$body"
  until_true 1500 ended_since "$since" || die "snapshot: the first one hasn't ended within 1500 s: $(process_log rke-dr-snapshots 2 | paste -sd' ' | cut -c1-300)"
  [[ $ended == *'"ok":true'* && $ended =~ \"name\":\"([^\"]*)\" ]] || die "snapshot: ${ended%% }"
  fact snapshot "$kept/${BASH_REMATCH[1]}.db"
  did "each $(sed -n 's/^every=//p' "$dir/config") s; the first: $(process_log rke-dr-snapshots 1 | cut -d' ' -f2- | cut -c1-300)"
  finish
}

# ended_since MILLISECONDS: true if a run of the schedule has ended since then. Sets $ended to how it ended.
ended_since() {
  ended=$(sed 's/ *$//' "$state/snapshots/status")
  [[ $ended =~ \"at\":([0-9]+) ]] && ((BASH_REMATCH[1] >= $1))
}
