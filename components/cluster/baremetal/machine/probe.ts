// Inspects a machine before anything is changed: hardware, kernel, leftovers of other clusters, ports, name servers and
// firewalls. Prints one NAME=VALUE per line, and changes nothing that lasts.
import ipaddr from "ipaddr.js";
import type { ClusterFacts, NodeFacts } from "../program/facts";
import { memberFile } from "./kubeadm";
import { stoppedManifests } from "./restore";
import { type Task, task } from "./script";

/** Another node, and its ports that this one has to reach. */
interface Peer {
    address: string;
    ports: number[];
}

interface ProbeFacts extends Pick<NodeFacts, "address">, Pick<ClusterFacts, "podSubnet"> {
    peers: Peer[];
    /** The ports that the node listens on, which must be free. */
    ports: number[];
    /** Whether the pod network needs br_netfilter. */
    bridged: boolean;
}

/** What clusters leave behind. */
const leftovers = ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/etc/kubernetes/manifests/etcd.yaml",
    "/var/lib/etcd/member", "/var/lib/rancher/k3s", "/var/lib/rancher/rke2", "/var/snap/microk8s"];

/** A node's ports that pods connect to: the API server's and the kubelet's. */
const podsAsk = [6443, 10250];

/** Inspects one machine. Its listener must be ended by `quietTasks` when all machines have been inspected. */
export function probeTasks({ address, peers, ports, bridged, podSubnet }: ProbeFacts): Task[] {
    return [
        task("Inspect the machine",
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
        task("Check the kernel's modules",
            `has_module() { modprobe --dry-run --quiet "$1" 2>/dev/null; }`,
            `grep -qw overlay /proc/filesystems || has_module overlay || say kernel overlay`,
            ...(bridged ? ["test -d /proc/sys/net/bridge || has_module br_netfilter || say kernel br_netfilter"] : [])),
        task("Look for another cluster",
            `owner=/var/lib/landfall/owner`,
            `if [ -e "$owner" ]; then say owner "$(cat "$owner")"; fi`,
            `if [ -e ${memberFile} ] && [ -e /etc/kubernetes/kubelet.conf ]; then`,
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
        task("Check that the ports are free",
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

/** Prints `swaps=KIND NAME` for whatever would turn swap on again at the next boot. */
const swapLines = [
    `awk '$1 !~ /^#/ && $3 == "swap" && $4 !~ /noauto/ { print $1 }' /etc/fstab 2>/dev/null \\`,
    `    | while read -r device; do say swaps "fstab $device"; done || true`,
    // zram-generator reads the first of these files that exists; one without a device turns it off.
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
 * Prints the name servers with loopback addresses, which in a pod are the pod itself. It reads the file that the kubelet
 * would use: the one in its configuration, else systemd-resolved's or the system's.
 */
const resolverTasks = [task("Check the name servers that pods will use",
    `file=$(sed -nE 's/^resolvConf: *"?([^" ]+)"?.*/\\1/p' /etc/kubernetes/kubelet.conf.d/*.conf 2>/dev/null | tail -n 1 || true)`,
    `if [ -z "$file" ]; then`,
    `    file=/etc/resolv.conf`,
    `    if systemctl --quiet is-active systemd-resolved; then file=/run/systemd/resolve/resolv.conf; fi`,
    `fi`,
    `awk '$1 == "nameserver" && ($2 ~ /^127\\./ || $2 == "::1") { print $2 }' "$file" 2>/dev/null \\`,
    `    | while read -r server; do say resolver "$server $file"; done || true`)];

/** Reads what the tasks print: the values of each name. */
export function parseProbe(stdout: string): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const line of stdout.split("\n").filter(Boolean)) {
        const [name, ...rest] = line.split("=");
        (found[name] ??= []).push(rest.join("="));
    }
    return found;
}

/*
 * Firewalls can't be judged by their rules. Instead, a program listens on the node's ports during the inspection, and the
 * other machines connect to it. Since the program accepts every connection, only a firewall can refuse one.
 */

const listener = "/run/landfall-listener.pid";
/** The listener's lifetime in seconds, if nobody ends it. */
const longest = 120;

/** Bash functions: `listen PORT…` accepts connections in the background, on those ports that are free. */
const listen = `listen() {
    perl -MSocket -e 'for (@ARGV) {
        socket(my $socket, PF_INET, SOCK_STREAM, 6);
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
        push @sockets, $socket if bind($socket, sockaddr_in($_, INADDR_ANY)) && listen($socket, 128);
    }
    sleep ${longest}' "$@" </dev/null >/dev/null 2>&1 9>&- &
}
# call HOST PORT: returns 124 if there is no answer, as timeout does.
call() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }`;

/** Starts the listener on a machine that isn't a node yet; on a node, Kubernetes itself listens. */
function listenTasks(ports: number[]): Task[] {
    return [task("Listen on the node's ports",
        listen,
        `if [ ! -e ${memberFile} ]; then`,
        `    listen ${ports.join(" ")}`,
        `    echo $! > ${listener}`,
        `fi`)];
}

/** Ends the listener. */
export const quietTasks = [task("Stop listening", `if [ -e ${listener} ]; then kill "$(cat ${listener})" 2>/dev/null || true; fi`)];

/** Prints which ports of the other nodes don't answer (`dropped`) or refuse (`rejected`), although a program listens there. */
function peerTasks(peers: Peer[]): Task[] {
    if (peers.length === 0) return [];
    return [task("Look for firewalls between the nodes",
        // The other machines are inspected at the same time, so their listeners may start some seconds later.
        `ask() {`,
        `    local code last=$((SECONDS + 10))`,
        `    while true; do`,
        `        code=0`,
        `        call "$1" "$2" || code=$?`,
        `        case "$code" in`,
        `            0) return ;;`,
        `            124) say dropped "$1:$2"; return ;;`,
        `        esac`,
        `        if [ "$SECONDS" -ge "$last" ]; then say rejected "$1:$2"; return; fi`,
        `        sleep 0.3`,
        `    done`,
        `}`,
        `for peer in ${peers.map(({ address, ports: open }) => open.map(port => `${address}:${port}`)).flat().join(" ")}; do`,
        `    ask "\${peer%:*}" "\${peer#*:}" &`,
        `    asked+=($!)`,
        `done`,
        `wait "\${asked[@]}"`)];
}

/**
 * Prints whether a firewall blocks pods from the machine's own ports (`blocked=INPUT PORT`) or from another pod
 * (`blocked=FORWARD`), and which rules may be the cause. Two temporary network namespaces with pods' addresses stand in for
 * pods.
 */
function podTasks({ address, ports, podSubnet }: Pick<ProbeFacts, "address" | "ports" | "podSubnet">): Task[] {
    const [one, two] = lastAddresses(podSubnet);
    return [task("Look for firewalls between pods and the machine",
        `pods() (`,
        `    set +e`,
        `    forget() {`,
        `        ip netns pids landfall-pod-2 | xargs --no-run-if-empty kill`,
        `        for pod in 1 2; do ip netns delete landfall-pod-$pod; done`,
        `        [ -z "$mounted" ] || { umount /run/netns && rmdir /run/netns; }`,
        `    } 2>/dev/null`,
        `    mounted=`,
        `    if ! mountpoint --quiet /run/netns; then mounted=yes; fi`,
        `    trap forget EXIT`,
        `    forget`,
        `    for pod in 1 2; do`,
        `        case $pod in 1) address=${one} ;; 2) address=${two} ;; esac`,
        `        in_pod="ip -netns landfall-pod-$pod"`,
        `        { ip netns add landfall-pod-$pod &&`,
        `            ip link add landfall$pod type veth peer name eth0 netns landfall-pod-$pod &&`,
        `            ip link set landfall$pod up && ip route add $address/32 dev landfall$pod &&`,
        `            echo 1 > /proc/sys/net/ipv4/conf/landfall$pod/forwarding && $in_pod link set eth0 up &&`,
        `            $in_pod address add $address/32 dev eth0 && $in_pod route add 169.254.1.1 dev eth0 scope link &&`,
        `            $in_pod neighbour add 169.254.1.1 dev eth0 lladdr "$(cat /sys/class/net/landfall$pod/address)" &&`,
        `            $in_pod route add default via 169.254.1.1; } 2>/dev/null || return 0`,
        `    done`,
        `    export -f call listen`,
        `    ip netns exec landfall-pod-2 bash -c 'listen 8080'`,
        `    from_pod() {`,
        `        ip netns exec landfall-pod-1 bash -c 'for try in {1..10}; do`,
        `            code=0`,
        `            call "$0" "$1" || code=$?`,
        `            case "$code" in 0|124) exit "$code" ;; esac`,
        `            sleep 0.2`,
        `        done`,
        `        exit 1' "$@"`,
        `    }`,
        `    for port in ${ports.join(" ")}; do from_pod ${address} $port || say blocked "INPUT $port"; done`,
        `    from_pod ${two} 8080 || say blocked FORWARD`,
        `)`,
        `found=$(pods)`,
        `if [ -n "$found" ]; then`,
        `    echo "$found"`,
        rulesOf.split("\n").map(line => `    ${line}`).join("\n"),
        `fi`)];
}

/** Prints a few of each chain's rules that drop or reject. nft lists iptables' rules as well, except those of iptables-legacy. */
const rulesOf = `for hook in INPUT FORWARD; do
    grep --quiet "=$hook" <<<"$found" || continue
    {
        { nft list ruleset 2>/dev/null || true; } | awk -v hook="\${hook,,}" '
            $1 == "table" { table = $2 " " $3 }
            $1 == "chain" { chain = $2; here = 0 }
            $1 == "type" && $0 ~ "hook " hook " " { here = 1; if (/policy drop/) print "nft table " table ", chain " chain ": policy drop"; next }
            here && /(^|[[:space:]])(drop|reject)([[:space:]]|$)/ { sub(/^[[:space:]]+/, ""); print "nft table " table ", chain " chain ": " $0 }'
        for tool in iptables-legacy $(command -v nft >/dev/null || echo iptables); do
            "$tool" -S "$hook" 2>/dev/null | grep -E -e '^-P [A-Z]+ DROP|-j (DROP|REJECT)' | sed "s/^/$tool /" || true
        done
    } | head -n 4 | while read -r rule; do say rule "$hook $rule"; done
done`;

/** The last two addresses that pods of this subnet may have. */
function lastAddresses(subnet: string): string[] {
    const [a, b, c, last] = ipaddr.IPv4.broadcastAddressFromCIDR(subnet).octets;
    return [last - 2, last - 1].map(d => `${a}.${b}.${c}.${d}`);
}
