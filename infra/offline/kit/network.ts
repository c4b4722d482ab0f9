import * as fs from "node:fs";
import * as path from "node:path";
import { imageTags as images } from "../../../components/versions";

const node = path.join(__dirname, "node");
const files = path.join(node, "files/kind");

/**
 * The pod network of the kit's kind clusters as a manifest for any other: addresses from each node's range, and static
 * routes between the nodes, which must be on one network. It doesn't enforce network policies.
 */
export function podNetworkManifest(podSubnet: string): string {
    const script = fs.readFileSync(path.join(files, "bin/pod-network"), "utf8");
    const manifest = fs.readFileSync(path.join(files, "manifests/default-cni.yaml"), "utf8")
        .replace(/^#.*\n/, "")
        .replace("${localPathHelper}", images.busybox)
        .replace("{{ .PodSubnet }}", podSubnet)
        // A kind node has the script on its disk; here it comes from the ConfigMap below.
        .replace("chroot /host /kind/bin/pod-network",
            "cp /script/pod-network /host$CREDENTIALS/ && chroot /host sh $CREDENTIALS/pod-network")
        .replace("          volumeMounts:\n", "          volumeMounts:\n            - name: script\n              mountPath: /script\n")
        .replace("      volumes:\n", "      volumes:\n        - name: script\n          configMap:\n            name: pod-network\n");
    const configMap = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "pod-network", namespace: "kube-system" },
        data: { "pod-network": script },
    };
    return `${manifest}---\n${JSON.stringify(configMap)}\n`;
}

/** What enforces network policies on nodes that have the kit's kube-router, whatever gives pods their addresses. */
export function networkPoliciesManifest(): string {
    return fs.readFileSync(path.join(node, "network-policies.yaml"), "utf8").replace("${localPathHelper}", images.busybox);
}
