# needs: nothing
# RKE's program on this host, for facts.
# shellcheck shell=bash

# installer_facts: prints lines NAME=VALUE: the path of `rke`, empty if it isn't on the PATH.
installer_facts() { printf 'rke=%s\n' "$(command -v rke)"; }
