// @ts-nocheck
// What is asked of a machine before anything is changed. It prints one value a line, NAME=VALUE, and changes nothing that
// outlives the look.
import { stoppedManifests } from "./member";
import { task } from "./script";
import { listenTasks, peerTasks, podTasks } from "./traffic";

/** Files and directories that a cluster leaves behind. */
const leftovers = ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/etc/kubernetes/manifests/etcd.yaml",
    "/var/lib/etcd/member", "/var/lib/rancher/k3s", "/var/lib/rancher/rke2", "/var/snap/microk8s"];

/** Ports of a node that its pods ask: the API server's and the kubelet's. */
const podsAsk = [6443, 10250];

/**
 * `address`: the node's own; `peers`: the other nodes' addresses; `ports`: those that must be free; `bridged`: the pod
 * network needs br_netfilter.
 */
export function probeTasks({ address, peers, ports, bridged, podSubnet }) {
    return [
        task("Look at the machine",
            `say() { printf '%s=%s\\n' "$1" "\${2-}"; }`,
            `. /etc/os-release`,
            `say os "$ID-\${VERSION_ID-}"`,
            `say arch "$(uname -m)"`,
            `say machine "$(cat /etc/machine-id)"`,
            `say memory "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)"`,
            `say processors "$(nproc)"`,
            `say disk "$(df --output=avail -BM /var/lib | tail -n 1 | tr -dc 0-9)"`,
            `say swap "$(tail -n +2 /proc/swaps | awk '{ print $1 }' | paste -sd, )"`,
            ...swapLines,
            `say time "$(date +%s)"`,
            `say systemd "$(test -d /run/systemd/system && echo yes || echo no)"`,
            `say addresses "$(ip -o -4 address show | awk '{ sub("/.*", "", $4); print $4 }' | paste -sd,)"`),
        task("Look at the kernel",
            `has_module() { modprobe --dry-run --quiet "$1" 2>/dev/null; }`,
            `grep -qw overlay /proc/filesystems || has_module overlay || say kernel overlay`,
            ...(bridged ? ["test -d /proc/sys/net/bridge || has_module br_netfilter || say kernel br_netfilter"] : [])),
        task("Look for another cluster",
            `owner=/var/lib/landfall/owner`,
            `if [ -e "$owner" ]; then say owner "$(cat "$owner")"; fi`,
            `if [ -e /var/lib/landfall/member ] && [ -e /etc/kubernetes/kubelet.conf ]; then`,
            `    say member "$(cat /var/lib/landfall/name 2>/dev/null || true)"`,
            `    for directory in /etc/kubernetes/manifests ${stoppedManifests}; do`,
            `        if [ -e $directory/etcd.yaml ]; then say role control-plane; fi`,
            `    done`,
            `fi`,
            `for leftover in ${leftovers.join(" ")}; do`,
            `    if [ -e "$leftover" ]; then say leftover "$leftover"; fi`,
            `done`,
            `for runtime in containerd docker crio; do`,
            `    if systemctl --quiet is-active "$runtime"; then say runtime "$runtime"; fi`,
            `done`,
            `if [ -x /usr/bin/kubelet ]; then say version "$(kubelet --version | awk '{ print $2 }')"; fi`),
        task("Look at the ports",
            `for port in ${ports.join(" ")}; do`,
            `    if [ -n "$(ss -Hltn "sport = :$port")" ]; then`,
            `        say port "$port $(ss -Hltnp "sport = :$port" | sed -n 's/.*users:(("\\([^"]*\\)".*/\\1/p' | head -n 1)"`,
            `    fi`,
            `done`),
        ...resolverTasks,
        ...listenTasks(ports),
        ...peerTasks(peers),
        ...podTasks({ address, ports: ports.filter(port => podsAsk.includes(port)), podSubnet }),
    ];
}

/** What has swap come back at the next boot, by whom it is made: `swaps=KIND NAME`. */
const swapLines = [
    `awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /noauto/ { print $1 }' /etc/fstab 2>/dev/null \\`,
    `    | while read -r device; do say swaps "fstab $device"; done || true`,
    // Of these files the first one that there is counts; one that names no device turns it off.
    `generator=lib/systemd/system-generators/zram-generator`,
    `if [ -e /usr/$generator ] || [ -e /usr/local/$generator ]; then`,
    `    file=$(ls -d /{etc,run,usr/local/lib,usr/lib}/systemd/zram-generator.conf 2>/dev/null | head -n 1 || true)`,
    `    if grep --quiet '^\\[zram' $file /{etc,run,usr/local/lib,usr/lib}/systemd/zram-generator.conf.d/*.conf 2>/dev/null`,
    `    then say swaps zram-generator; fi`,
    `fi`,
    `for unit in zramswap zram-config dphys-swapfile swapspace; do`,
    `    if systemctl --quiet is-enabled "$unit" 2>/dev/null; then say swaps "service $unit"; fi`,
    `done`,
    `for unit in /etc/systemd/system/*.wants/*.swap /run/systemd/generator.late/*.swap; do`,
    `    if [ -e "$unit" ]; then say swaps "unit $(basename "$unit")"; fi`,
    `done`,
];

/**
 * Says which of the name servers that the cluster's DNS would ask is an address that in a pod is the pod itself. The file
 * is the one that the kubelet would take: what its own configuration names, else systemd-resolved's or the system's.
 */
const resolverTasks = [task("Look for the name servers that pods would ask",
    `file=$(sed -nE 's/^resolvConf: *"?([^" ]+)"?.*/\\1/p' /etc/kubernetes/kubelet.conf.d/*.conf 2>/dev/null | tail -n 1 || true)`,
    `if [ -z "$file" ]; then`,
    `    file=/etc/resolv.conf`,
    `    if systemctl --quiet is-active systemd-resolved; then file=/run/systemd/resolve/resolv.conf; fi`,
    `fi`,
    `awk '$1 == "nameserver" && ($2 ~ /^127\\./ || $2 == "::1") { print $2 }' "$file" 2>/dev/null \\`,
    `    | while read -r server; do say resolver "$server $file"; done || true`)];

/** Reads what the tasks print: name → values. */
export function parseProbe(stdout) {
    const found = {};
    for (const line of stdout.split("\n").filter(Boolean)) {
        const [name, ...rest] = line.split("=");
        (found[name] ??= []).push(rest.join("="));
    }
    return found;
}
