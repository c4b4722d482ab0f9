// @ts-nocheck
// Whether firewalls let through what nodes and pods send. Rules can't be judged by reading them: a program of ours listens
// for the time of the look, and is called from where the others will be. What refuses then is no program, but a firewall.
import ipaddr from "ipaddr.js";
import { task } from "./script";

const listener = "/run/landfall-listener.pid";
/** After so many seconds it ends by itself, if nobody ends it. */
const longest = 120;

/** `listen PORT…`: takes connections on those ports that are free, in the background. */
const listen = `listen() {
    perl -MSocket -e 'for (@ARGV) {
        socket(my $socket, PF_INET, SOCK_STREAM, 6);
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
        push @sockets, $socket if bind($socket, sockaddr_in($_, INADDR_ANY)) && listen($socket, 128);
    }
    sleep ${longest}' "$@" </dev/null >/dev/null 2>&1 9>&- &
}
# HOST PORT: as timeout has it, 124 is no answer.
call() { timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null; }`;

/** Until the last machine has looked: on machines that are no nodes yet, for nodes have programs that listen. */
export function listenTasks(ports) {
    return [task("Listen where a node will",
        listen,
        `if [ ! -e /var/lib/landfall/member ]; then`,
        `    listen ${ports.join(" ")}`,
        `    echo $! > ${listener}`,
        `fi`)];
}

/** Ends what listenTasks began. */
export const quietTasks = [task("Listen no more", `if [ -e ${listener} ]; then kill "$(cat ${listener})" 2>/dev/null || true; fi`)];

/** Says which of the other nodes' ports don't answer (`dropped`) or refuse (`rejected`), although somebody listens there. */
export function peerTasks(peers) {
    if (peers.length === 0) return [];
    return [task("Look for firewalls between the nodes",
        // The others begin to listen within the time that it takes to log in.
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
 * Says whether a pod would reach the machine's own ports (`blocked=INPUT PORT`) and another pod (`blocked=FORWARD`), and
 * which rules may be why: from two network namespaces with pods' addresses, which are there for the time of the look.
 */
export function podTasks({ address, ports, podSubnet }) {
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

/** Rules that may drop or reject, a few of each chain. iptables' own tables are nft's too, but for the old kind's. */
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

/** The last two addresses of a range that pods may have. */
function lastAddresses(subnet) {
    const [a, b, c, last] = ipaddr.IPv4.broadcastAddressFromCIDR(subnet).octets;
    return [last - 2, last - 1].map(d => `${a}.${b}.${c}.${d}`);
}
