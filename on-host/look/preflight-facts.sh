# needs: nothing
# preflight-facts: what guards want to know of a host beside facts.sh, which it is sent ahead of; changes nothing.
# Certificates are public; no file that may hold a private key is read.
preflight_facts() {
  local file
  section images
  timeout 10 docker image ls --no-trunc --digests --format '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}} {{.ID}}' 2>/dev/null
  section pods
  timeout 10 docker ps -a --no-trunc --filter label=io.kubernetes.pod.name \
    --format '{{.ID}}|{{.Label "io.kubernetes.docker.type"}}|{{.Label "io.kubernetes.sandbox.id"}}|{{.CreatedAt}}|{{.Names}}' 2>/dev/null
  kubelet_facts
  data_facts
  section disk
  # in bytes; the smallest of what steps write to
  df -B1 --output=avail /var/lib /var/lib/docker /etc 2>/dev/null | tail -n +2 | sort -n | head -n 1 | tr -d ' '
  section earlier
  earlier=$state/epoch-$(cat "$state/epoch" 2>/dev/null)
  cat "$earlier/plan" 2>/dev/null
  [[ -e $earlier/data || -e $earlier/forced ]] && echo begun=yes
  section failures
  cat "$state"/failures/* 2>/dev/null
  section certificates
  for file in /etc/kubernetes/ssl/*.pem /etc/rke-dr/certs/kube-ca.pem /etc/rke-dr/certs/kube-admin.pem; do
    [[ -f $file && $file != *-key.pem ]] || continue
    printf 'file=%s\n' "$file"
    sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$file"
  done
}

# Why a kubelet that keeps restarting does so, in its own last words.
kubelet_facts() {
  local status restarts
  read -r status restarts < <(docker inspect --format '{{.State.Status}} {{.RestartCount}}' kubelet 2>/dev/null)
  [[ ${status:-} == restarting || ${restarts:-0} -ge 3 ]] || return 0
  section kubelet
  timeout 10 docker logs --tail 300 kubelet 2>&1 </dev/null | grep -E '^F[0-9]{4} ' | tail -n 1 | cut -c1-400
}

# An etcd that doesn't run can't be asked; whether its database can be read at all is seen by reading it. The container
# has no network, mounts the data read-only and removes itself.
data_facts() {
  local image answer snap=/var/lib/etcd/member/snap
  [[ -s $snap/db && $(docker inspect --format '{{.State.Status}}' etcd 2>/dev/null) =~ ^(exited|restarting|created|dead)$ ]] || return 0
  image=$(docker inspect --format '{{.Image}}' etcd 2>/dev/null) || return 0
  section data
  if answer=$(timeout -k 2 20 docker run --rm --network none -e ETCDCTL_API=3 -v "$snap:/snap:ro" --entrypoint etcdctl "$image" \
    snapshot status /snap/db -w json 2>&1 </dev/null); then
    printf 'sound %s\n' "$(grep -oE '"revision":[0-9]+' <<<"$answer" | cut -d: -f2)"
  elif (($? != 124)); then
    # who holds the database's lock isn't waited for; nothing is known then
    printf 'unreadable %s\n' "$(grep -v '^$' <<<"$answer" | head -n 1 | cut -c1-200)"
  fi
}
