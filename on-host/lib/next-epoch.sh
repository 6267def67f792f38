# needs: nothing
# What the operator types if this act can't go on. An epoch belongs to one act, so another way takes the next one.
# shellcheck shell=bash

# next_epoch KEY VALUE: prints, for an error's end, the commands that begin an act with the next epoch and with recover.KEY set to VALUE.
# Reads $act (failover:DATACENTER:METHOD:SOURCE) and $epoch.
next_epoch() {
  local lost=${act#failover:}
  # shellcheck disable=SC2016 # the commands stand in backticks, as in all messages
  printf '`pulumi config set epoch %s --stack failover`, `pulumi config set confirm %s@%s --stack failover`, `pulumi config set --path recover.%s %s --stack failover`, `pulumi up --stack failover`' \
    $((epoch + 1)) "${lost%%:*}" $((epoch + 1)) "$1" "$2"
}
