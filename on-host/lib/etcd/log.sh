# needs: nothing
# Reads what etcd logs.
# shellcheck shell=bash

# fatal_lines <LOG: prints the lines in which etcd says what ended it: a panic, or an error of level fatal. "corrupt" alone says nothing: an etcd from 3.5
# on logs the settings of its check for corruption at each start, and that the check was passed; from 3.6 on also "[+]data_corruption ok" when it has no quorum.
fatal_lines() { grep -E '(^|[^[:alnum:]"])(panic|fatal error): |"level":"(d?panic|fatal)"| C \| '; }
