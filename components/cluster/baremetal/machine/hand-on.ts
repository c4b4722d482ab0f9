// @ts-nocheck
// What a control-plane node hands on to others before its API server or its etcd restarts.

/** As long as it exists, the address of the API is another node's to have. */
export const asideFile = "/run/landfall/api-aside";

/** Functions of a shell that has `etcdctl`: `hand_on` the virtual address, if another node can have it, and `hand_on_lead`. */
export function handOn(virtualAddress) {
    return `hand_on() {
${virtualAddress ? `    install -d -m 0700 /run/landfall
    touch ${asideFile}
    for _ in $(seq 10); do
        ip -4 -o address show | grep --fixed-strings ' ${virtualAddress}/' >/dev/null || return 0
        sleep 1
    done` : `    return 0 # no other node has the API's address`}
}

# A leader that goes without a word has writes wait for an election.
hand_on_lead() {
    local own other
    own=$(etcdctl endpoint status | cut -d , -f 2 | tr -d ' ')
    other=$(etcdctl member list | cut -d , -f 1 | grep --invert-match --line-regexp "$own" | head -n 1 || true)
    if [ -n "$other" ]; then etcdctl move-leader "$other" >/dev/null 2>&1 || true; fi # fails where another leads
}`;
}
