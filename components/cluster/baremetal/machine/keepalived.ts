// Virtual addresses. keepalived puts the API's on a control-plane node whose API server answers, and the gateway's on a node
// that has one of the gateway's pods. If a node fails, its addresses move to another within seconds.
import type { ClusterFacts, NodeFacts } from "../program/facts";
import { asideFile } from "./control-plane";
import { given, type Task, task, writeFile } from "./script";

/** The virtual addresses, and the nodes that share them. The nodes are required only if there is an address. */
export type VirtualAddresses = Pick<ClusterFacts, "virtualAddress" | "gatewayAddress"> &
    Partial<Pick<ClusterFacts, "controlPlanes" | "gatewayNodes">>;

/** One of the machines that share an address. */
type Peer = Pick<NodeFacts, "name" | "address">;

/** One address, as keepalived is configured for it on one node. */
interface VirtualAddress {
    name: "api" | "gateway";
    address: string;
    /** All that share it, in the order of their priority. */
    nodes: Peer[];
    /** The script that tells keepalived whether this node may have it. */
    check: string;
}

/** By how much a failing API check lowers a node's priority: more than any two nodes' priorities differ. */
const penalty = 100;

const checkApi = `#!/bin/sh
# Succeeds if this node's API server answers and isn't about to restart.
[ ! -e ${asideFile} ] || exit 1
answered=/run/landfall/api-answered
code=0
curl --fail --silent --insecure --max-time 2 --output /dev/null https://127.0.0.1:6443/livez || code=$?
if [ "$code" -eq 0 ]
then mkdir -p /run/landfall; touch $answered
# A timeout means overload, not failure: a move would break all connections, and the other nodes are as busy.
elif [ "$code" -eq 28 ] && [ -n "$(find $answered -mmin -0.25 2>/dev/null)" ]; then exit 0
fi
exit "$code"`;

/** While it exists, new connections to the gateway's address are dropped. */
const closedFile = "/run/landfall/gateway-closed";

const openGateway = `if [ -e ${closedFile} ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm ${closedFile}
fi`;

/**
 * From its first failure on, the check drops new connections, until keepalived has moved the address. The gateway that is
 * shutting down still answers open connections. A client whose connection is dropped retries after one second and after
 * two more, and by then reaches the next node.
 */
const checkGateway = (address: string): string => `#!/bin/sh
# Succeeds if this node has a pod of every Service with a health check port, where kube-proxy answers.
set -eu
ports=/run/landfall/health-ports
[ -e /etc/kubernetes/kubelet.conf ] # not a node yet
every=0.5 # minutes
[ -e $ports ] || every=0.1
if [ -z "$(find $ports.asked -mmin -$every 2>/dev/null)" ]; then
    mkdir -p /run/landfall
    touch $ports.asked
    export KUBECACHEDIR=/run/landfall-kubectl
    # While the API doesn't answer, its last answer counts.
    if timeout 4 kubectl --kubeconfig /etc/kubernetes/kubelet.conf get services --all-namespaces \\
        --output 'jsonpath={range .items[*]}{.spec.healthCheckNodePort}{"\\n"}{end}' | grep '^[1-9]' > $ports.new
    then mv $ports.new $ports
    fi
fi
while read -r port; do
    if status=$(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/healthz")
    then touch $ports.answered
    # While kube-proxy restarts, its rules stay, so its last answer counts for half a minute.
    elif [ ! -e ${closedFile} ] && [ -n "$(find $ports.answered -mmin -0.5 2>/dev/null)" ]; then continue
    else exit 1
    fi
    [ "$status" = 200 ] && continue
    [ -e ${closedFile} ] || nft -f - <<'RULES'
table ip landfall {
    chain gateway {
        type filter hook prerouting priority raw;
        ip daddr ${address} tcp flags & (fin | syn | rst | ack) == syn drop
    }
}
RULES
    touch ${closedFile}
    exit 1
done < $ports
${openGateway}`;

/** The virtual addresses that a node may have. */
function addressesOf(
    { virtualAddress, controlPlanes, gatewayAddress, gatewayNodes }: VirtualAddresses, { role }: Pick<NodeFacts, "role">,
): VirtualAddress[] {
    const addresses: VirtualAddress[] = [];
    if (virtualAddress && role === "control-plane") {
        const nodes = given(controlPlanes, "controlPlanes");
        addresses.push({ name: "api", address: virtualAddress, nodes, check: checkApi });
    }
    if (gatewayAddress) {
        const nodes = given(gatewayNodes, "gatewayNodes");
        addresses.push({ name: "gateway", address: gatewayAddress, nodes, check: checkGateway(gatewayAddress) });
    }
    return addresses;
}

/** For a node without virtual addresses, which may have had one before. Leaves a keepalived that isn't ours alone. */
const giveUpTask = task("Remove virtual addresses",
    `if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then`,
    `    systemctl disable --quiet --now keepalived`,
    `    rm -f /etc/keepalived/keepalived.conf /etc/landfall/{check,peers}-{api,gateway}`,
    `fi`,
    openGateway);

/** Runs on a node before it leaves the cluster: its addresses move to other nodes. */
export const quitTasks = [task("Give up virtual addresses",
    `if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then systemctl stop keepalived; fi`,
    openGateway)];

/**
 * Prints the peers of an address for keepalived's configuration. A removed node that gets no advertisements would take the
 * address, so it stays a peer until the peers change again.
 */
const peersFunction = ({ address }: Peer): string => `# NAME PEER…
peers() {
    local file=/etc/landfall/peers-$1 before all
    shift
    before=$(head -n 1 "$file" 2>/dev/null || true)
    if [ ! -e "$file" ] || [ "$before" != "$*" ]; then
        { echo "$*"; comm -23 <(tr ' ' '\n' <<<"$before" | sort) <(printf '%s\n' "$@" | sort) | paste -sd ' '; } > "$file.new"
        mv "$file.new" "$file"
    fi
    all="$* $(tail -n +2 "$file")"
    [ -n "\${all// }" ] || return 0
    printf '    unicast_src_ip ${address}\n    unicast_peer {\n'
    printf '        %s\n' $all
    echo '    }'
}`;

/** Sets up keepalived on a node that may have virtual addresses, else removes what an earlier run set up. */
export function keepalivedTasks(cluster: VirtualAddresses, node: Peer & Pick<NodeFacts, "role">): Task[] {
    const addresses = addressesOf(cluster, node);
    if (addresses.length === 0) return [giveUpTask];
    return [task("Set up virtual addresses",
        ...addresses.map(({ name, check }) => writeFile(`/etc/landfall/check-${name}`, check, { mode: "0755" })),
        // keepalived reads the script for each check, so only a change of its configuration needs a reload.
        `changed=`,
        `interface=$(ip -o -4 address show | awk '$4 ~ "^${node.address.replaceAll(".", "[.]")}/" && !found++ { print $2 }')`,
        peersFunction(node),
        ...addresses.map(({ name, nodes }) => `peers ${[name, ...peersOf(nodes, node)].join(" ")} > /run/landfall-peers-${name}`),
        `sed -e "s/@INTERFACE@/$interface/" ${addresses.map(({ name }) =>
            `-e '/@PEERS-${name}@/{r /run/landfall-peers-${name}' -e 'd}'`).join(" ")} <<'LANDFALL_END' > /run/landfall-keepalived.conf`,
        keepalivedConfig(addresses, node),
        `LANDFALL_END`,
        `if ! cmp -s /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf; then`,
        `    install -D -m 0644 /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf`,
        `    changed=1`,
        `fi`,
        `rm /run/landfall-keepalived.conf /run/landfall-peers-*`,
        `systemctl enable --quiet keepalived`,
        // A reload keeps the addresses.
        `if [ -n "$changed" ]; then systemctl reload-or-restart keepalived; else systemctl start keepalived; fi`,
    )];
}

function keepalivedConfig(addresses: VirtualAddress[], node: Peer): string {
    return [
        "global_defs {",
        "    enable_script_security",
        "    script_user root",
        "    vrrp_version 3",
        // A busy node that sends its advertisements too late would lose its addresses.
        "    vrrp_priority -20",
        "}",
        ...addresses.map(address => instance(address, node)),
    ].join("\n");
}

/**
 * The API's address is on the first node whose check succeeds, and on some node even if all checks fail. The gateway's
 * address stays on its node until the check fails there, because a move breaks open connections. If all its checks fail, no
 * node has it.
 */
function instance({ name, address, nodes }: VirtualAddress, node: Peer): string {
    const place = nodes.findIndex(other => other.name === node.name);
    return `vrrp_script ${name} {
    script /etc/landfall/check-${name}
    interval 1
    timeout 8
    fall ${name === "api" ? 2 : 3}
    rise 2
    init_fail${name === "api" ? `\n    weight -${penalty}` : ""}
}
vrrp_instance ${name} {
    state BACKUP${name === "api" ? "" : "\n    nopreempt"}
    interface @INTERFACE@
    virtual_router_id ${address.split(".")[3]}
    priority ${200 - Math.min(place, penalty - 1)}
    advert_int 0.5
@PEERS-${name}@
    virtual_ipaddress {
        ${address}/32
    }
    track_script {
        ${name}
    }
}`;
}

function peersOf(nodes: Peer[], node: Peer): string[] {
    return nodes.filter(({ name }) => name !== node.name).map(({ address }) => address);
}
