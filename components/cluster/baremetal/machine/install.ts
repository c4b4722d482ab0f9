// Prepares a machine to become a node: kernel, packages, container runtime, kubelet, kubeadm, and what runs beside them. It
// doesn't turn swap off: operator/preflight.ts refuses machines that swap, or would after a reboot.
import type { ClusterFacts, NodeFacts } from "../program/facts";
import { bundleTasks } from "./bundle";
import { renewalTasks, servingTasks } from "./certificates";
import { type RuntimeFacts, runtimeTasks } from "./container-runtime";
import { keepalivedTasks, type VirtualAddresses } from "./keepalived";
import { unlessMember } from "./kubeadm";
import {
    holdPackages, noteNewPackages, notePackages, programsFromRepository, repositories, systemPackages,
} from "./packages";
import { given, serviceTask, type Task, task, writeFile } from "./script";

/**
 * What a machine's installation depends on. Workers lack what only the control plane needs, and machines with a bundle
 * lack the repositories, so that a change of those doesn't run their installation again.
 */
export type InstallFacts = Pick<ClusterFacts, "owner" | "incarnation" | "version" | "network" | "volumesDirectory"> &
    Partial<Pick<ClusterFacts, "repositories" | "serviceAddress" | "renewBefore">> & RuntimeFacts & VirtualAddresses;

/** A node, with the ID that it gets each time its machine is set up. */
export type InstallNode = Pick<NodeFacts, "name" | "address" | "role"> & { incarnation: string };

const found = "/var/lib/landfall/found";

const kernelSettings: [string, number][] = [
    ["net.ipv4.ip_forward", 1],
    // The kubelet requires these, as protectKernelDefaults is set.
    ["vm.overcommit_memory", 1],
    ["vm.panic_on_oom", 0],
    ["kernel.panic", 10],
    ["kernel.panic_on_oops", 1],
    // Pods that watch files use these up, and then the container runtime itself can't start.
    ["fs.inotify.max_user_instances", 8192],
    ["fs.inotify.max_user_watches", 524288],
];

/** Prepares one machine. */
export function installTasks(cluster: InstallFacts, node: InstallNode): Task[] {
    return [
        task("Record the machine's original state and its owner", noteFound, noteOwner(cluster, node)),
        task("Configure the kernel", kernel(cluster)),
        task("Record the installed packages", notePackages),
        ...(cluster.bundle ? bundleTasks(cluster) : fromRepositories(cluster)),
        ...runtimeTasks(cluster).map(({ name, script }) => task(name, unlessMember(script))),
        task("Record the new packages", noteNewPackages),
        // Each volume's directory is writable by a group or by all, so nobody but root may enter the directory above.
        task("Protect the volumes' directory", `install -d -m 0700 ${cluster.volumesDirectory}`),
        task("Set up the kubelet", kubelet),
        ...keepalivedTasks(cluster, node),
        ...addressTasks(cluster, node),
        ...renewalTasks(cluster, node),
        ...servingTasks(node),
    ];
}

/** Runs once, before anything is changed: saves what reset.ts restores. */
const noteFound = `install -d -m 0700 /var/lib/landfall
if [ ! -e ${found} ]; then
    rm -rf ${found}.new
    mkdir ${found}.new
    for setting in ${kernelSettings.map(([name]) => name).join(" ")}; do
        echo "$setting = $(sysctl --values "$setting")"
    done > ${found}.new/sysctl
    tar --create --directory / --file ${found}.new/files.tar --files-from /dev/null
    for file in etc/containerd etc/keepalived etc/kubernetes etc/cni opt/cni etc/crictl.yaml; do
        if [ -e "/$file" ]; then tar --append --directory / --file ${found}.new/files.tar "$file"; fi
    done
    mv ${found}.new ${found}
fi`;

/** Later runs recognise the machine by these files, even if this one is interrupted. */
function noteOwner({ owner, incarnation }: InstallFacts, node: InstallNode): string[] {
    return [
        `echo ${JSON.stringify(owner)} > /var/lib/landfall/owner`,
        `echo ${node.incarnation} > /var/lib/landfall/incarnation`,
        `echo ${node.name} > /var/lib/landfall/name`,
        ...(node.role === "control-plane" ? [`echo ${incarnation} > /var/lib/landfall/cluster`] : []),
    ];
}

function kernel({ network }: InstallFacts): string[] {
    const modules = ["overlay", ...(network === "kube-router" ? ["br_netfilter"] : [])];
    return [
        writeFile("/etc/modules-load.d/landfall.conf", modules.join("\n")),
        // A module that is built into the kernel can't be loaded.
        ...modules.map(module => `modprobe --quiet ${module} || true`),
        writeFile("/etc/sysctl.d/90-landfall.conf", [
            ...(network === "kube-router" ? ["net.bridge.bridge-nf-call-iptables = 1"] : []),
            ...kernelSettings.map(([name, value]) => `${name} = ${value}`),
        ].join("\n")),
        "sysctl --quiet --load /etc/sysctl.d/90-landfall.conf",
    ];
}

function fromRepositories(cluster: InstallFacts): Task[] {
    return [
        task("Add Kubernetes' and Docker's package repositories",
            repositories({ version: cluster.version, repositories: given(cluster.repositories, "repositories") })),
        task("Install packages",
            `patiently apt-get install --quiet --yes --no-install-recommends --no-upgrade ${systemPackages.join(" ")}`,
            holdPackages),
        task("Install Kubernetes", unlessMember(programsFromRepository(cluster))),
    ];
}

const kubelet = [
    `install -d /etc/kubernetes/kubelet.conf.d /etc/kubernetes/manifests`,
    writeFile("/etc/systemd/system/kubelet.service", `[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target containerd.service

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
Restart=always
StartLimitInterval=0
RestartSec=1

[Install]
WantedBy=multi-user.target`),
    // Overrides the packages' own 10-kubeadm.conf, which has no --config-dir.
    writeFile("/etc/systemd/system/kubelet.service.d/20-landfall.conf", `[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d"`),
    `systemctl daemon-reload`,
    `systemctl enable --quiet kubelet`,
].join("\n");

const publisher = "/etc/landfall/give-addresses";
const publisherUnit = "/etc/systemd/system/landfall-addresses.service";
const columns = "NAMESPACE:.metadata.namespace,NAME:.metadata.name,TYPE:.spec.type,CLASS:.spec.loadBalancerClass," +
    "ADDRESS:.status.loadBalancer.ingress[0].ip";

/**
 * For a cluster whose Services get addresses from a load balancer, or none. An earlier run may have set up the publisher.
 */
const stopPublishingTask = task("Stop assigning addresses to Services of type LoadBalancer",
    `if [ -e ${publisherUnit} ]; then`,
    `    systemctl disable --quiet --now landfall-addresses`,
    `    rm -f ${publisherUnit} ${publisher}`,
    `    systemctl daemon-reload`,
    `fi`);

/**
 * Runs a service on control-plane nodes that writes the shared address into the status of Services of type LoadBalancer,
 * which a cloud's controller does elsewhere.
 */
function addressTasks({ serviceAddress }: InstallFacts, { role }: InstallNode): Task[] {
    if (role !== "control-plane") return [];
    if (!serviceAddress) return [stopPublishingTask];
    return [serviceTask("Assign addresses to Services of type LoadBalancer", {
        name: "landfall-addresses",
        description: "Addresses of Services of type LoadBalancer",
        file: publisher,
        program: `#!/bin/bash
# Assigns the address ${serviceAddress} to every Service of type LoadBalancer without a class.
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
