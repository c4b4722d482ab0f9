// What is asked of a machine before anything is changed. It prints one value a line, NAME=VALUE, and changes nothing.
import { stoppedManifests } from "./member.mjs";
import { task } from "./script.mjs";

/** Files and directories that a cluster leaves behind. */
const leftovers = ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/etc/kubernetes/manifests/etcd.yaml",
    "/var/lib/etcd/member", "/var/lib/rancher/k3s", "/var/lib/rancher/rke2", "/var/snap/microk8s"];

/** `peers`: the other nodes' addresses; `ports`: those that must be free; `bridged`: the pod network needs br_netfilter. */
export function probeTasks({ peers, ports, bridged }) {
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
        task("Look for firewalls between the nodes",
            // Refused is fine: nobody listens yet. What a firewall drops is never answered.
            `ask() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null || [ $? -ne 124 ] || say dropped "$1:$2"; }`,
            `for peer in ${peers.map(({ address, ports: open }) => open.map(port => `${address}:${port}`)).flat().join(" ")}; do`,
            `    ask "\${peer%:*}" "\${peer#*:}" &`,
            `done`,
            `wait`),
    ];
}

/** Reads what the tasks print: name → values. */
export function parseProbe(stdout) {
    const found = {};
    for (const line of stdout.split("\n").filter(Boolean)) {
        const [name, ...rest] = line.split("=");
        (found[name] ??= []).push(rest.join("="));
    }
    return found;
}
