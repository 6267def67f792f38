# needs: lib/step
# For steps that look once more whether the lost side is alive, meanwhile or before they change anything.
# shellcheck shell=bash

# watch_lost_side HOST=ADDRESS:PORT ...: begins to look; still_silent tells what came of it.
watch_lost_side() { exec 5< <(alive "$@" </dev/null); }

# What of the lost hosts is alive, in words; who is silent isn't waited for.
alive() {
  local target
  for target in "$@"; do
    (
      host=${target%%=*} address=${target#*=}
      if heard=$(timeout 0.5 bash -c "exec 3<>/dev/tcp/${address%:*}/${address##*:}" 2>&1); then
        printf '%s port %s answers; ' "$host" "${address##*:}"
      elif [[ $heard == *refused* ]]; then
        printf '%s port %s refuses; ' "$host" "${address##*:}"
      fi
    ) &
  done
  wait
}

# They were asked while the source was looked at; once more, if that took long.
still_silent() {
  local answers
  answers=$(cat <&5)
  if [[ -z $answers ]] && (($(now_ms) - started > 5000)); then
    answers=$(alive "$@")
  fi
  [[ -n $answers ]] || return 0
  # what the step has made so far
  "${take_back:-true}"
  die "lost side: it is alive: ${answers%; }; nothing was changed but the survivors' epoch"
}
