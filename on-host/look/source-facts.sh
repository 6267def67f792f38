# needs: runtime look/backup-jobs
# source-facts: the files on this host that a recovery could start from; changes nothing. facts.sh calls it.
# shellcheck shell=bash

# source_facts NAMED PEERS [GLOBS [OTHERS]]: prints the section jobs: the lines of backup_jobs; and the section sources: a line
# "STATE BYTES MODIFIED PATH DESCRIPTION" for the file NAMED, if there is one, and, newest first, for each of the schedule's snapshots and for the newest files
# that others write: those that GLOBS (patterns separated by |) or a job names. PEERS are the topology's peer URLs, separated by commas; without them
# there is no section. OTHERS: not empty if only the files that others write are asked for, of each pattern the newest ones until one is sound.
# Reads $state.
source_facts() {
  local named=$1 peers=$2 globs=${3:-} others=${4:-} file jobs line
  [[ -n $peers ]] || return 0
  jobs=$(backup_jobs)
  globs=$({ tr '|' '\n' <<<"$globs" && cut -f3 <<<"$jobs"; } | awk 'NF && !seen[$0]++')
  section jobs
  [[ -z $jobs ]] || printf '%s\n' "$jobs"
  section sources
  if [[ -n $others ]]; then
    while IFS= read -r line; do
      files_of <<<"$line" | head -n 12 | cut -d' ' -f2- | while IFS= read -r file; do
        line=$(source_line "$file")
        printf '%s\n' "$line"
        [[ ${line%% *} != whole ]] || break
      done
    done <<<"$globs"
    return
  fi
  {
    [[ -z $named ]] || printf '%s\n' "$named"
    {
      # the schedule writes the description last
      find "$state/snapshots" -maxdepth 1 -name '*.json' -printf '%T@ %p\n' 2>/dev/null | sed 's/\.json$/.db/'
      files_of <<<"$globs" | head -n 12
    } | sort -rn | cut -d' ' -f2- | awk '!seen[$0]++' | grep -vxF -- "$named"
  } | head -n 30 | while IFS= read -r file; do source_line "$file"; done
}

# source_line FILE: prints the line of the section sources. Reads $peers.
source_line() {
  local file=$1 description=""
  [[ ! -s ${file%.db}.json ]] || description=$(tr -d '\n' <"${file%.db}.json")
  if [[ -z $description && -s $file ]]; then description=$(file_status "$file"); fi
  printf '%s %s %s %s\n' "$(file_state "$file" "$peers")" "$(stat -L -c '%s %Y000' "$file" 2>/dev/null || echo '0 0')" "$file" "${description:-"{}"}"
}

# files_of <GLOBS: prints a line "MODIFIED PATH" for each file that a pattern finds, newest first; a link counts as what it leads to.
files_of() {
  local glob file
  while IFS= read -r glob; do
    [[ $glob == /* ]] || continue
    compgen -G "$glob" | while IFS= read -r file; do [[ ! -f $file ]] || stat -L -c '%.9Y %n' "$file"; done
  done | sort -rn
}

# left: prints the seconds that are left for reading files, of 10; all facts of a host have 30, and slow files must not cost them all. Returns 1 if
# no time is left, since `timeout 0` would mean no limit.
left() { ((SECONDS < 10)) && echo $((10 - SECONDS)); }

# file_status FILE: prints `snapshot status` of a file without a description, as etcd's image on this host reads it, without a network.
file_status() {
  local image limit path folder
  limit=$(left) || return 0
  image=$(image_like '(^|/)[a-z-]*etcd:') || return 0
  # a path with a colon can't be mounted: the first folder above it that has none is, with a name that tells the file in it
  path=$(readlink -f "$1") folder=$path
  while [[ $folder == *[:,]* ]]; do folder=${folder%/*}; done
  [[ -n $folder ]] || return 0
  time_limit=$limit run_alone "$image" etcdctl --env ETCDCTL_API=3 --look "$folder:/source" -- snapshot status "/source${path#"$folder"}" -w json 2>/dev/null
}

# file_state FILE PEERS: prints missing, empty, cut, damaged, foreign (another cluster's), unread, whole, or unhashed (a database, without a hash of
# its own). A snapshot ends with the SHA-256 of everything before it (32 bytes behind pages of 512 or more), a copied database doesn't; both
# contain the peer URLs of their cluster's members. A file that can't be read in the time that is left is unread; a restore reads it anyway.
file_state() {
  local file=$1 size peer limit sum known=()
  [[ -e $file ]] || { echo missing; return; }
  [[ -s $file ]] || { echo empty; return; }
  size=$(stat -L -c %s "$file")
  ((size % 512 == 32 || size % 4096 == 0)) || { echo cut; return; }
  if ((size % 512 == 32)); then
    # in a shell of its own, so that `timeout` ends the whole pipe, and doesn't wait for it if the disk hangs
    limit=$(left) || { echo unread; return; }
    # shellcheck disable=SC2016 # the other shell expands it
    sum=$(timeout -k 1 "$limit" bash -c 'head -c -32 "$1" | sha256sum' bash "$file")
    (($? < 124)) || { echo unread; return; }
    [[ ${sum:0:64} == "$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')" ]] || { echo damaged; return; }
  fi
  for peer in ${2//,/ }; do known+=(-e "$peer"); done
  limit=$(left) || { echo unread; return; }
  timeout -k 1 "$limit" grep -aqF "${known[@]}" "$file"
  case $? in
    0) ;;
    1) echo foreign && return ;;
    *) echo unread && return ;;
  esac
  ((size % 512 == 32)) && echo whole || echo unhashed
}
