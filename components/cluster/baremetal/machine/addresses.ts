// @ts-nocheck
// Gives Services of type LoadBalancer their address, as no cloud does it here. All of them share it, each with its ports.
import { task } from "./script";
import { serviceTask } from "./service";

const script = "/etc/landfall/give-addresses";
const unit = "/etc/systemd/system/landfall-addresses.service";
const columns = "NAMESPACE:.metadata.namespace,NAME:.metadata.name,TYPE:.spec.type,CLASS:.spec.loadBalancerClass," +
    "ADDRESS:.status.loadBalancer.ingress[0].ip";

/** Where no address is to be given, it may have been: a load balancer gives them now, or there is none. */
const leaveTask = task("Leave load balancers' Services to others",
    `if [ -e ${unit} ]; then`,
    `    systemctl disable --quiet --now landfall-addresses`,
    `    rm -f ${unit} ${script}`,
    `    systemctl daemon-reload`,
    `fi`);

/** Only for nodes of the control plane, which may write it. */
export function addressTasks({ serviceAddress }, { role }) {
    if (role !== "control-plane") return [];
    if (!serviceAddress) return [leaveTask];
    return [serviceTask("Give load balancers' Services their address", {
        name: "landfall-addresses",
        description: "Addresses of Services of type LoadBalancer",
        file: script,
        program: `#!/bin/bash
# Gives every Service of type LoadBalancer that is no other controller's the address ${serviceAddress}.
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
while true; do
    kubectl get services --all-namespaces --watch --no-headers --output 'custom-columns=${columns}' 2>/dev/null \\
        | while read -r namespace name type class address; do
            if [ "$type" != LoadBalancer ] || [ "$class" != '<none>' ] || [ "$address" = ${serviceAddress} ]; then continue; fi
            kubectl patch service "$name" --namespace "$namespace" --subresource status --type merge \\
                --patch '{"status":{"loadBalancer":{"ingress":[{"ip":"${serviceAddress}"}]}}}' </dev/null
        done
    sleep 2 # the API server ends a watch after a while
done`,
    })];
}
