// @ts-nocheck
// The certificates that kubelets serve with: signed by the cluster's authority, for the names that a node really has.
import { serviceTask } from "./service";

/** A label that kubelets can't set, not even on their own node. */
export const addressLabel = "node-restriction.kubernetes.io/landfall-address";
const columns = "NAME:.metadata.name,SIGNER:.spec.signerName,USER:.spec.username,CONDITION:.status.conditions[*].type," +
    "REQUEST:.spec.request";

/** Only for nodes of the control plane: Kubernetes leaves it to the cluster's owner which of these requests are approved. */
export function servingTasks({ role }) {
    if (role !== "control-plane") return [];
    return [serviceTask("Approve the certificates that kubelets serve with", {
        name: "landfall-kubelets",
        description: "Certificates that kubelets serve with",
        file: "/etc/landfall/approve-kubelets",
        program: approve,
    })];
}

const approve = `#!/bin/bash
# Approves a kubelet's request for a certificate to serve with, if it is for the node's own name and address and no other.
export LC_ALL=C KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl

# A node that has just joined is given its label in a moment.
address_of() {
    local address
    for _ in {1..30}; do
        address=$(kubectl get node "$1" --output 'jsonpath={.metadata.labels.${addressLabel.replaceAll(".", "\\.")}}' </dev/null 2>/dev/null)
        if [ -n "$address" ]; then echo "$address"; return; fi
        sleep 2
    done
}

# NODE REQUEST: whether the subject is the node, and the names are its name and its address.
is_due() {
    local request names
    request=$(base64 --decode <<<"$2")
    [ "$(openssl req -noout -subject -nameopt RFC2253 <<<"$request")" = "subject=CN=system:node:$1,O=system:nodes" ] || return
    names=$(openssl req -noout -text <<<"$request" | sed -n '/Subject Alternative Name/{n;s/^ *//p}')
    [ "$names" = "DNS:$1, IP Address:$(address_of "$1")" ]
}

while true; do
    timeout 300 kubectl get certificatesigningrequests --watch --no-headers --output 'custom-columns=${columns}' 2>/dev/null \\
        | while read -r name signer user condition request; do
            [ "$signer" = kubernetes.io/kubelet-serving ] && [ "$condition" = '<none>' ] || continue
            [[ $user =~ ^system:node:([a-z0-9-]+)$ ]] || continue
            if is_due "\${BASH_REMATCH[1]}" "$request"; then
                kubectl certificate approve "$name" </dev/null
            else
                echo "$name of $user is not approved: it is for other names than the node's own."
            fi
        done
    sleep 2
done`;
