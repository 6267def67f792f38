# needs: nothing
# How the scripts of a deploy host's schedule run bash on other hosts.
# shellcheck shell=bash

# line_for USER: prints the beginning of the command line of a bash on a host of this user: what the configuration says, in $lines, each USER=COMMAND.
line_for() {
  local line
  for line in ${lines[@]+"${lines[@]}"}; do
    [[ ${line%%=*} != "$1" ]] || printf '%s' "${line#*=}"
  done
}
