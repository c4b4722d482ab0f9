// The key that encrypts Secrets at rest. It is on this computer's disk, outside the nodes, whose volumes hold etcd's data.
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { encryptionConfig } from "../encryption";
import { clusterDirectory } from "../scripts/home";
import type { KindConfig } from "./config";

/** Where the control plane sees the directory with the key. */
const onNode = "/etc/landfall/encryption";

/**
 * Adds encryption with a new key to a new cluster's config. An existing cluster stays as it is: kind can't change it, and the
 * config that the program compares doesn't contain this.
 */
export function withEncryption(cluster: string, config: KindConfig): KindConfig {
    writeFiles(cluster);
    const [controlPlane, ...others] = config.nodes;
    const mount = { hostPath: directory(cluster), containerPath: onNode, readOnly: true };
    const patch = JSON.stringify({ kind: "InitConfiguration", patches: { directory: `${onNode}/patches` } });
    return {
        ...config,
        nodes: [{
            ...controlPlane,
            extraMounts: [...controlPlane.extraMounts, mount],
            kubeadmConfigPatches: [...controlPlane.kubeadmConfigPatches ?? [], patch],
        }, ...others],
    };
}

/** Deletes the key of a deleted cluster. */
export function removeKey(cluster: string): void {
    fs.rmSync(directory(cluster), { recursive: true, force: true });
}

function directory(cluster: string): string {
    return path.join(clusterDirectory(cluster), "encryption");
}

function writeFiles(cluster: string): void {
    removeKey(cluster);
    fs.mkdirSync(path.join(directory(cluster), "patches"), { recursive: true, mode: 0o700 });
    const write = (file: string, content: object): void =>
        fs.writeFileSync(path.join(directory(cluster), file), `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    write("config.json", encryptionConfig([{ name: "key1", secret: randomBytes(32).toString("base64") }]));
    write("patches/kube-apiserver+json.json", apiServerPatch);
}

/** A patch of the static pod: other than kubeadm's own setting, it is the same for all versions of kubeadm. */
const apiServerPatch = [
    { op: "add", path: "/spec/containers/0/command/-", value: `--encryption-provider-config=${onNode}/config.json` },
    { op: "add", path: "/spec/containers/0/volumeMounts/-", value: { name: "encryption", mountPath: onNode, readOnly: true } },
    { op: "add", path: "/spec/volumes/-", value: { name: "encryption", hostPath: { path: onNode, type: "Directory" } } },
];
