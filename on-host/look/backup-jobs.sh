# needs: nothing
# backup-jobs: finds the jobs on this host that write snapshots of etcd, though this program has set up none of them: by the text of crontabs, of the
# units that timers start, and of the scripts that both name. Nothing is run and nothing is changed. facts.sh calls it.
# shellcheck shell=bash

# backup_jobs: prints a line "STARTED-BY<TAB>SCRIPT<TAB>GLOB" for each `snapshot save` that a job contains. SCRIPT is empty if the command stands in the
# crontab or unit itself; GLOB is a pattern of the files that it writes, empty if the text doesn't say where.
backup_jobs() {
  local by line script
  { cron_lines; timer_lines; } | while IFS=$'\t' read -r by line; do
    backup_targets <<<"$line" | while IFS= read -r glob; do printf '%s\t\t%s\n' "$by" "$glob"; done
    grep -oE '/[A-Za-z0-9._@%+/-]+' <<<"$line" | while IFS= read -r script; do
      # a program, or the data that a command works on, is no script
      if [[ ! -f $script || ! -r $script || $(stat -L -c %s "$script") -ge 65536 ]] || ! grep -qI . "$script"; then continue; fi
      backup_targets <"$script" | while IFS= read -r glob; do printf '%s\t%s\t%s\n' "$by" "$script" "$glob"; done
    done
  done | awk '!seen[$0]++' | head -n 20
}

# cron_lines: prints a line "FILE<TAB>COMMAND" for each line of a crontab that isn't a comment, and for each script of cron.hourly and its like.
cron_lines() {
  local root=${RKE_DR_ROOT:-} file
  for file in "$root"/var/spool/cron/crontabs/* "$root"/var/spool/cron/* "$root"/etc/crontab "$root"/etc/cron.d/*; do
    [[ ! -f $file ]] || sed -n -E "/^[[:space:]]*(#|\$)/! s#^#$file\t#p" "$file"
  done
  for file in "$root"/etc/cron.{hourly,daily,weekly,monthly}/*; do
    [[ ! -x $file || -d $file ]] || printf '%s\t%s\n' "${file%/*}" "$file"
  done
}

# timer_lines: prints a line "TIMER<TAB>COMMAND" for each command of a unit that a timer starts. Only folders of an installer or an operator are read, not
# those of the distribution. systemd takes blanks around a key and its sign of equality.
timer_lines() {
  local folder timer unit file
  for folder in "${RKE_DR_ROOT:-}"/{etc,run,usr/local/lib}/systemd/system; do
    for timer in "$folder"/*.timer; do
      [[ -f $timer ]] || continue
      unit=$(sed -n -E 's/^[[:space:]]*Unit[[:space:]]*=[[:space:]]*//p' "$timer" | tail -n 1)
      file=$folder/${unit:-$(basename "$timer" .timer).service}
      [[ ! -f $file ]] || sed -n -E "s#^[[:space:]]*Exec(Start|StartPre|StartPost)[[:space:]]*=[[:space:]]*#${timer##*/}\t#p" "$file"
    done
  done
}

# backup_targets <TEXT: prints a pattern of the files that this text of a shell saves snapshots to, a line each; an empty line for a `snapshot save` whose file
# can't be told from the text. Variables have the value that the text gives them; what only a run would tell (a command's output, an argument) is *.
# A file that is moved or copied afterwards is looked for in both places.
backup_targets() {
  awk '
    # next_word: sets word, a raw word of line from at on, with its quotes; or a sign that separates commands. Returns 0 at the end, and at a comment.
    function next_word(   c, quote, depth) {
      word = ""
      while (at <= length(line) && substr(line, at, 1) ~ /[ \t]/) at++
      if (at > length(line) || substr(line, at, 1) == "#") return 0
      if (substr(line, at, 1) ~ /[;&|<>(){}]/) { word = substr(line, at++, 1); return 1 }
      while (at <= length(line)) {
        c = substr(line, at, 1)
        if (quote == "\047") { if (c == "\047") quote = "" }
        else if (c == "\\") { word = word c; c = substr(line, ++at, 1) }
        else if (substr(line, at, 2) == "$(" || substr(line, at, 2) == "${") { word = word c; c = substr(line, ++at, 1); depth++ }
        else if (depth > 0 && (c == ")" || c == "}")) depth--
        else if (c == "`") { if (tick) { tick = 0; depth-- } else { tick = 1; depth++ } }
        else if (c == "\"" && depth == 0) quote = quote == "" ? c : ""
        else if (c == "\047" && quote == "" && depth == 0) quote = c
        else if (depth == 0 && quote == "" && c ~ /[ \t;&|<>(){}]/) break
        word = word c
        at++
      }
      return 1
    }
    # expanded: the text of a raw word.
    function expanded(raw,   out, i, c, name, rest, end) {
      out = ""
      for (i = 1; i <= length(raw); i++) {
        c = substr(raw, i, 1)
        if (c == "\"") continue
        if (c == "\\") { out = out substr(raw, ++i, 1); continue }
        if (c == "\047") {
          for (i++; i <= length(raw) && substr(raw, i, 1) != "\047"; i++) out = out substr(raw, i, 1)
          continue
        }
        if (c == "`") {
          for (i++; i <= length(raw) && substr(raw, i, 1) != "`"; i++);
          out = out "*"
          continue
        }
        if (c != "$") { out = out c; continue }
        c = substr(raw, i + 1, 1)
        if (c == "(" || c == "{") {
          end = closing(raw, i + 1)
          rest = substr(raw, i + 2, end - i - 2)
          i = end
          match(rest, /^[A-Za-z_][A-Za-z0-9_]*/)
          name = substr(rest, 1, RLENGTH)
          rest = substr(rest, RLENGTH + 1)
          if (c == "(" || name == "") out = out "*"
          else if (name in value) out = out (rest == "" || rest ~ /^:?[-=]/ ? value[name] : "*")
          else if (rest ~ /^:?[-=]/) { sub(/^:?[-=]/, "", rest); out = out expanded(rest) }
          else out = out "*"
          continue
        }
        match(substr(raw, i + 1), /^[A-Za-z_][A-Za-z0-9_]*/)
        name = substr(raw, i + 1, RLENGTH)
        if (RLENGTH < 1) { out = out "*"; i++; continue }
        i += RLENGTH
        out = out (name in value ? value[name] : "*")
      }
      return out
    }
    # closing: the place of the bracket that closes the one at `from`.
    function closing(raw, from,   i, depth) {
      for (i = from; i <= length(raw); i++) {
        if (substr(raw, i, 1) ~ /[({]/) depth++
        if (substr(raw, i, 1) ~ /[)}]/ && --depth == 0) return i
      }
      return length(raw)
    }
    function tell(glob) {
      gsub(/\*+/, "*", glob)
      gsub(/\/+/, "/", glob)
      # at least the first folder must be known
      print glob ~ /^\/[A-Za-z0-9_.@%+=:,-]+\/[A-Za-z0-9_.@%+=:,?*\/-]*$/ && glob !~ /\/\.\.?(\/|$)/ ? glob : ""
    }
    # command: the words of one command.
    function command(count, words,   i, n, from, base) {
      for (i = 1; i <= count && words[i] ~ /^(export|local|readonly|declare|[A-Za-z_][A-Za-z0-9_]*=.*)$/; i++)
        if ((n = index(words[i], "=")) > 0) {
          # its own earlier value may be a part of the new one
          from = expanded(substr(words[i], n + 1))
          value[substr(words[i], 1, n - 1)] = from
        }
      if (words[i] ~ /(^|\/)(mv|cp)$/) {
        from = ""
        for (i++; i <= count; i++) {
          if (words[i] ~ /^-/) continue
          if (from == "") { from = expanded(words[i]); continue }
          base = from
          sub(/.*\//, "", base)
          if (!(from in saved)) continue
          if (words[i] !~ /\/"?$/) tell(expanded(words[i]))
          tell(expanded(words[i]) "/" base)
        }
        return
      }
      for (i = 1; i < count; i++) {
        if (words[i] != "snapshot" || words[i + 1] != "save") continue
        for (i += 2; i <= count; i++) {
          if (words[i] !~ /^-/) break
          if (words[i] !~ /=/ && words[i] !~ /^--(debug|hex|insecure-.*)$/) i++
        }
        from = i <= count ? expanded(words[i]) : ""
        saved[from]
        tell(from)
      }
    }
    { line = line $0 }
    /\\$/ { line = substr(line, 1, length(line) - 1) " "; next }
    {
      at = 1; count = 0; tick = 0
      while (next_word()) {
        if (word ~ /^[;&|<>(){}]$/) {
          # what follows a < or > is a file of the command, and no word of it
          if (word ~ /[<>]/) { while (substr(line, at, 1) ~ /[<>&]/) at++; next_word() } else { command(count, words); count = 0 }
        } else words[++count] = word
      }
      command(count, words)
      line = ""
    }'
}
