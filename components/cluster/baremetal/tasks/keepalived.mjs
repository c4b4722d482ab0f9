// Virtual addresses: the API's is where a control-plane node answers, the gateway's where a gateway does; each moves to
// another node within seconds.
import { asideFile } from "./restart.mjs";
import { task, writeFile } from "./script.mjs";

/** What a failing check takes from a node's priority: more than all nodes differ by. */
const penalty = 100;

const checkApi = `#!/bin/sh
# Whether the API server of this node answers, and is not about to be restarted.
[ ! -e ${asideFile} ] || exit 1
exec curl --fail --silent --insecure --max-time 2 --output /dev/null https://127.0.0.1:6443/livez`;

const checkGateway = `#!/bin/sh
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
    curl --fail --silent --max-time 1 --output /dev/null "http://127.0.0.1:$port/healthz"
done < $ports`;

/** The virtual addresses that a node may hold. */
function addressesOf({ virtualAddress, controlPlanes, gatewayAddress, gatewayNodes }, node) {
    return [
        ...(virtualAddress && node.role === "control-plane"
            ? [{ name: "api", address: virtualAddress, nodes: controlPlanes, check: checkApi }] : []),
        ...(gatewayAddress ? [{ name: "gateway", address: gatewayAddress, nodes: gatewayNodes, check: checkGateway }] : []),
    ];
}

/** A node that is to hold no virtual address may have shared one; a keepalived that isn't ours is left alone. */
const giveUpTask = task("Share no virtual address",
    `if [ -e /etc/landfall/check-api ] || [ -e /etc/landfall/check-gateway ]; then`,
    `    systemctl disable --quiet --now keepalived`,
    `    rm -f /etc/keepalived/keepalived.conf /etc/landfall/check-{api,gateway}`,
    `fi`);

/** What keeps virtual addresses alive on one node. */
export function keepalivedTasks(cluster, node) {
    const addresses = addressesOf(cluster, node);
    if (addresses.length === 0) return [giveUpTask];
    return [task("Share virtual addresses",
        ...addresses.map(({ name, check }) => writeFile(`/etc/landfall/check-${name}`, check, { mode: "0755" })),
        // A check is read anew each time; only another configuration needs a restart.
        `changed=`,
        `interface=$(ip -o -4 address show | awk '$4 ~ "^${node.address.replaceAll(".", "[.]")}/" { print $2; exit }')`,
        `sed "s/@INTERFACE@/$interface/" <<'LANDFALL_END' > /run/landfall-keepalived.conf`,
        keepalivedConfig(addresses, node),
        `LANDFALL_END`,
        `if ! cmp -s /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf; then`,
        `    install -D -m 0644 /run/landfall-keepalived.conf /etc/keepalived/keepalived.conf`,
        `    changed=1`,
        `fi`,
        `rm /run/landfall-keepalived.conf`,
        `systemctl enable --quiet keepalived`,
        `if [ -n "$changed" ]; then systemctl restart keepalived; else systemctl start keepalived; fi`,
    )];
}

function keepalivedConfig(addresses, node) {
    return [
        "global_defs {",
        "    enable_script_security",
        "    script_user root",
        "    vrrp_version 3",
        "}",
        ...addresses.map(address => instance(address, node)),
    ].join("\n");
}

/** The first of the nodes has the address until another one's check succeeds and its own doesn't. */
function instance({ name, address, nodes }, node) {
    const peers = nodes.filter(other => other.name !== node.name);
    const place = nodes.findIndex(other => other.name === node.name);
    const unicast = peers.length === 0 ? "" : `    unicast_src_ip ${node.address}
    unicast_peer {
${peers.map(peer => `        ${peer.address}\n`).join("")}    }
`;
    return `vrrp_script ${name} {
    script /etc/landfall/check-${name}
    interval 1
    timeout 5
    fall 2
    rise 2
    weight -${penalty}
    init_fail
}
vrrp_instance ${name} {
    state BACKUP
    interface @INTERFACE@
    virtual_router_id ${address.split(".")[3]}
    priority ${200 - Math.min(place, penalty - 1)}
    advert_int 0.5
${unicast}    virtual_ipaddress {
        ${address}/32
    }
    track_script {
        ${name}
    }
}`;
}
