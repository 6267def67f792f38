#!/usr/bin/env bash
# A systemd timer doesn't run at all in the hour that clocks skip, and an hourly one leaves out the hour that comes twice
#
# Version:   systemd 252.39 (Debian systemd and libsystemd-shared 252.39-1~deb12u2), in a time zone with summer time (CET-1CEST).
# Expected:  a daily run at 02:30 happens once on each day, as cron does it, which catches up a skipped time; "each hour at :30" is each hour.
# Behaviour: in spring the day without a 02:30 has no run: 47 hours between two. In autumn 02:30 comes twice and "*:30" runs at the first
#            one only: two hours between two. Persistent=true doesn't help, as no time was missed. Zone UTC in OnCalendar= has neither.
# Meets:     snapshots of etcd by a timer on hosts that have local time: "hourly" or "daily" is not the age of the newest snapshot at worst,
#            and an alarm that is set to it goes off, or the night of the change is the night with twice the loss.
# Seen:      daily, spring:  2026-03-28T01:30Z 2026-03-30T00:30Z     hourly, autumn: 2026-10-25T00:30Z 2026-10-25T02:30Z
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
timeout 120 apt-get -q -o APT::Sandbox::User=root download systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2 >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" .; done
LD_LIBRARY_PATH=$(echo usr/lib/*/systemd)
export LD_LIBRARY_PATH
usr/bin/systemd-analyze --version | sed -n 1p

# times BASE CALENDAR: prints the next two times after BASE, in UTC. The zone's rules are said here, so that no database of zones is needed.
times() {
  TZ=CET-1CEST,M3.5.0,M10.5.0/3 timeout 30 usr/bin/systemd-analyze calendar --base-time="$1" --iterations=2 "$2" |
    sed -n 's/.*in UTC): ... \([0-9-]*\) \([0-9]*:[0-9]*\):00 UTC/\1T\2Z/p' | paste -sd' '
}
spring=$(times "2026-03-28 00:00:00 UTC" "*-*-* 02:30:00")
autumn=$(times "2026-10-25 00:10:00 UTC" "*-*-* *:30:00")
utc=$(times "2026-10-25 00:10:00 UTC" "*-*-* *:30:00 UTC")
echo "daily, spring:   $spring"
echo "hourly, autumn:  $autumn"
echo "hourly in UTC:   $utc"
[[ $spring == "2026-03-28T01:30Z 2026-03-30T00:30Z" ]] || { echo "CHANGED: spring"; exit 1; }
[[ $autumn == "2026-10-25T00:30Z 2026-10-25T02:30Z" ]] || { echo "CHANGED: autumn"; exit 1; }
[[ $utc == "2026-10-25T00:30Z 2026-10-25T01:30Z" ]] || { echo "CHANGED: UTC"; exit 1; }
echo "SEEN: a daily timer leaves out a day in spring, an hourly one an hour in autumn"
