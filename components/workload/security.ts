import * as kubernetes from "@pulumi/kubernetes";

type PodSecurityContext = kubernetes.types.input.core.v1.PodSecurityContext;
type SecurityContext = kubernetes.types.input.core.v1.SecurityContext;

/**
 * The strictest Pod Security Standard, enforced in all of our namespaces except the storage provisioner's, MetalLB's and the
 * logs' collector's.
 */
export const restrictedNamespaceLabels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
};

/**
 * Security context of a pod that runs as one unprivileged user (`uid`), with volumes that belong to its group. On a port
 * below 1024, only root may listen, unless a sysctl of the pod allows it.
 */
export function podSecurityContext(uid: number, port = 1024): PodSecurityContext {
    return {
        ...(port < 1024 && { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(port) }] }),
        runAsNonRoot: true,
        runAsUser: uid,
        runAsGroup: uid,
        fsGroup: uid,
        // Changing the owner of a large volume at every start would take too long.
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
    };
}

/** Security context of every container: no privileges, no capabilities, a read-only root file system. */
export const containerSecurityContext: SecurityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
};
