# needs: lib/step
# Asks the lost hosts once more, while a step works and before it changes anything: time has passed since the guards asked.
# shellcheck shell=bash

# watch_lost_side HOST=ADDRESS:PORT ...: begins to ask, on file descriptor 5; still_silent reads the answers.
watch_lost_side() { exec 5< <(alive "$@" </dev/null); }

# alive HOST=ADDRESS:PORT ...: prints in words which of them answer, in this order, each within half a second. A refused connection is an answer,
# too.
alive() {
  local target n=0
  for target in "$@"; do
    n=$((n + 1))
    (
      host=${target%%=*} address=${target#*=}
      if heard=$(timeout 0.5 bash -c "exec 3<>/dev/tcp/${address%:*}/${address##*:}" 2>&1); then
        printf '%s %s port %s answers; \n' "$n" "$host" "${address##*:}"
      elif [[ $heard == *refused* ]]; then
        printf '%s %s port %s refuses; \n' "$n" "$host" "${address##*:}"
      fi
    ) &
  done | sort -n | sed 's/^[0-9]* //' | tr -d '\n'
}

# still_silent TAKE-BACK HOST=ADDRESS:PORT ...: ends the step if a lost host has answered; the function TAKE-BACK removes what the step has made so far. If
# the step has worked for more than 5 s, the hosts are asked once more.
still_silent() {
  local answers take_back=$1
  shift
  answers=$(cat <&5)
  if [[ -z $answers ]] && (($(up_ms) - began_at > 5000)); then
    answers=$(alive "$@")
  fi
  [[ -n $answers ]] || return 0
  "$take_back"
  die "lost side: it is alive: ${answers%; }; nothing was changed but the survivors' epoch"
}
