// @ts-nocheck
// Virtual addresses: the API's is where a control-plane node answers, the gateway's where a gateway does; each moves to
// another node within seconds.
import { asideFile } from "./hand-on";
import { task, writeFile } from "./script";

/** What a failing check of the API takes from a node's priority: more than all nodes differ by. */
const penalty = 100;

const checkApi = `#!/bin/sh
# Whether the API server of this node answers, and is not about to be restarted.
[ ! -e ${asideFile} ] || exit 1
answered=/run/landfall/api-answered
code=0
curl --fail --silent --insecure --max-time 2 --output /dev/null https://127.0.0.1:6443/livez || code=$?
if [ "$code" -eq 0 ]
then mkdir -p /run/landfall; touch $answered
# Late, it is but busy: a move breaks all connections, and other nodes that are as busy don't answer sooner.
elif [ "$code" -eq 28 ] && [ -n "$(find $answered -mmin -0.25 2>/dev/null)" ]; then exit 0
fi
exit "$code"`;

/** As long as it exists, connections to the gateway's address that begin are dropped. */
const closedFile = "/run/landfall/gateway-closed";

const openGateway = `if [ -e ${closedFile} ]; then
    nft delete table ip landfall 2>/dev/null || true # somebody may have flushed all rules
    rm ${closedFile}
fi`;

/**
 * Between its first no and keepalived's move of the address, who has asked is still answered by a gateway that is about to
 * go, and who begins to ask tries again after a second, then after two more: of the next node.
 */
const checkGateway = address => `#!/bin/sh
# Whether this node has a pod of every Service that load balancers ask for; kube-proxy answers on a port of its own.
set -eu
ports=/run/landfall/health-ports
[ -e /etc/kubernetes/kubelet.conf ] # else it is no node yet
every=0.5 # minutes
[ -e $ports ] || every=0.1
if [ -z "$(find $ports.asked -mmin -$every 2>/dev/null)" ]; then
    mkdir -p /run/landfall
    touch $ports.asked
    export KUBECACHEDIR=/run/landfall-kubectl
    # As long as the API doesn't answer, what it has said last holds.
    if timeout 4 kubectl --kubeconfig /etc/kubernetes/kubelet.conf get services --all-namespaces \\
        --output 'jsonpath={range .items[*]}{.spec.healthCheckNodePort}{"\\n"}{end}' | grep '^[1-9]' > $ports.new
    then mv $ports.new $ports
    fi
fi
while read -r port; do
    if status=$(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$port/healthz")
    then touch $ports.answered
    # While kube-proxy itself is away, as when it is updated, its rules stay: its last word holds for half a minute.
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

/** The virtual addresses that a node may hold. */
function addressesOf({ virtualAddress, controlPlanes, gatewayAddress, gatewayNodes }, node) {
    return [
        ...(virtualAddress && node.role === "control-plane"
            ? [{ name: "api", address: virtualAddress, nodes: controlPlanes, check: checkApi }] : []),
        ...(gatewayAddress ? [{ name: "gateway", address: gatewayAddress, nodes: gatewayNodes, check: checkGateway(gatewayAddress) }] : []),
    ];
}

/** A node that is to hold no virtual address may have shared one; a keepalived that isn't ours is left alone. */
const giveUpTask = task("Share no virtual address",
    `if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then`,
    `    systemctl disable --quiet --now keepalived`,
    `    rm -f /etc/keepalived/keepalived.conf /etc/landfall/{check,peers}-{api,gateway}`,
    `fi`,
    openGateway);

/** Run on a machine that leaves: other nodes have its addresses from now on. */
export const quitTasks = [task("Hold no virtual address any more",
    `if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then systemctl stop keepalived; fi`,
    openGateway)];

/**
 * Prints whom a node tells about an address. One that leaves is the last to hear of it, and as long as nobody tells it
 * anything it takes the address: who was a peer before the last change stays one until the next.
 */
const peersFunction = ({ address }) => `# NAME PEER…
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

/** What keeps virtual addresses alive on one node. */
export function keepalivedTasks(cluster, node) {
    const addresses = addressesOf(cluster, node);
    if (addresses.length === 0) return [giveUpTask];
    return [task("Share virtual addresses",
        ...addresses.map(({ name, check }) => writeFile(`/etc/landfall/check-${name}`, check, { mode: "0755" })),
        // A check is read anew each time; only another configuration needs a restart.
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
        // Reloaded, it keeps the addresses that it has.
        `if [ -n "$changed" ]; then systemctl reload-or-restart keepalived; else systemctl start keepalived; fi`,
    )];
}

function keepalivedConfig(addresses, node) {
    return [
        "global_defs {",
        "    enable_script_security",
        "    script_user root",
        "    vrrp_version 3",
        // Whoever is heard too late, as its processors are busy, loses its addresses.
        "    vrrp_priority -20",
        "}",
        ...addresses.map(address => instance(address, node)),
    ].join("\n");
}

/**
 * The API's address is the first node's whose check succeeds, and some node's in any case. The gateway's stays where it is
 * until the check fails there, as each move breaks connections that last, and where there is no gateway it is nowhere.
 */
function instance({ name, address, nodes }, node) {
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

function peersOf(nodes, node) {
    return nodes.filter(({ name }) => name !== node.name).map(({ address }) => address);
}
