# needs: nothing
# Sees to it that what was written is there after a power cut.
# shellcheck shell=bash

# sync_folder FOLDER: after it, renames in FOLDER survive a power cut, because a file system writes its journal in order.
# (`sync FILE` isn't used: CentOS 7's coreutils don't have it.)
sync_folder() {
  dd if=/dev/null of="$1/.rke-dr-lasts" conv=fsync 2>/dev/null
  rm -f "$1/.rke-dr-lasts"
}

# lasts FILE: writes the file's content to the disk. A file that then takes another's place by a rename needs it: after a power cut some file systems
# (XFS) have the new name and no content.
lasts() { dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null; }
# put_new FILE: FILE.new takes FILE's place, whole or not at all, also after a power cut.
put_new() { lasts "$1.new" && mv "$1.new" "$1"; }
# put_text TEXT FILE: FILE gets this text and a line feed, in the same way.
put_text() {
  printf '%s\n' "$1" >"$2.new"
  put_new "$2"
}
