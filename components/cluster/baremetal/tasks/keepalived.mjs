// The API's virtual address: it is where the control-plane node is that answers, and moves within seconds.
import { task, writeFile } from "./script.mjs";

/** What the check takes from the priority of a node whose API server doesn't answer: more than all nodes differ by. */
const penalty = 100;

/** Only for control-plane nodes of a cluster with a virtual address. */
export function keepalivedTasks(cluster, node) {
    if (!cluster.virtualAddress || node.role !== "control-plane") return [];
    return [task("Share the API's virtual address",
        `changed=`,
        writeFile("/etc/landfall/check-api", `#!/bin/sh
# Whether the API server of this node answers.
exec curl --fail --silent --insecure --max-time 2 --output /dev/null https://127.0.0.1:6443/livez`, { mode: "0755" }),
        `interface=$(ip -o -4 address show | awk '$4 ~ "^${node.address.replaceAll(".", "[.]")}/" { print $2; exit }')`,
        `sed "s/@INTERFACE@/$interface/" <<'LANDFALL_END' > /run/landfall-keepalived.conf`,
        keepalivedConfig(cluster, node),
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

/** The first of the nodes has the address until another one's API server answers and its own doesn't. */
export function keepalivedConfig({ virtualAddress, controlPlanes }, node) {
    const peers = controlPlanes.filter(({ name }) => name !== node.name);
    const place = controlPlanes.findIndex(({ name }) => name === node.name);
    return `global_defs {
    enable_script_security
    script_user root
    vrrp_version 3
}
vrrp_script api {
    script /etc/landfall/check-api
    interval 1
    timeout 3
    fall 2
    rise 2
    weight -${penalty}
    init_fail
}
vrrp_instance api {
    state BACKUP
    interface @INTERFACE@
    virtual_router_id ${virtualAddress.split(".")[3]}
    priority ${200 - place}
    advert_int 0.5
${peers.length > 0 ? `    unicast_src_ip ${node.address}
    unicast_peer {
${peers.map(({ address }) => `        ${address}\n`).join("")}    }
` : ""}    virtual_ipaddress {
        ${virtualAddress}/32
    }
    track_script {
        api
    }
}`;
}
