import * as z from "zod";
import { versions } from "../../../components/versions";
import { Context } from "../schema/defaults";
import { choice, listOf, matching, quantity, target, whole } from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { laptopKeys } from "./laptop";
import { differentPorts } from "./networks";

/** minikube keeps volumes inside its nodes. */
const replacesAll = "replaces the cluster and its data";

/** A cluster on this computer, created by minikube. */
export function minikube(context: Context) {
    const keys = z.strictObject({
        target: target("minikube", "Creates a cluster on this computer with minikube."),
        ...laptopKeys(context, "minikube profile", replacesAll),
        driver: choice(
            "docker", "podman", "kvm2", "qemu", "hyperv", "hyperkit", "vfkit", "krunkit", "virtualbox", "vmware",
            "parallels", "none",
        ).optional().meta({
            description: "What the nodes run in.", example: "docker", defaultText: "docker",
        }),
        kubernetesVersion: matching("a version such as v1.36.4", /^v?1\.\d{1,3}(\.\d{1,3})?$/).optional().meta({
            description: "Kubernetes version. An existing cluster keeps the version that it was created with, unless this " +
                "names another.",
            example: "v1.36.4", defaultText: `\`${versions.kubernetes}\``,
        }),
        cpus: whole(2, 256).default(2).meta({ description: "Processors of each node.", example: 4 }),
        memory: quantity("bytes", "1800Mi").prefault("4Gi").meta({
            description: "Memory of each node.", example: "6Gi",
        }),
        flags: listOf("flags of `minikube start` that no other key sets, such as --cni=flannel", flag()).optional().meta({
            description: "More flags for `minikube start`. They override Landfall's own, such as `--cni=calico`, which enforces " +
                "network policies.",
            example: ["--registry-mirror=https://mirror.example.com"],
        }),
    });
    const named = rule(rule(keys, ["http", "https"], differentPorts), ["name"], profileName);
    return rule(named, ["nodes", "driver"], oneWithoutDriver).meta({
        description: "A cluster on this computer, in containers or virtual machines: any driver that minikube has.",
        example: { target: "minikube", memory: "6Gi" },
        change: replacesAll,
    });
}

const elsewhere = ["profile", "driver", "vm-driver", "nodes", "kubernetes-version", "cpus", "memory", "dry-run", "download-only"];

/** A flag and its value as one word, unless another key sets it or it prevents the start. */
function flag() {
    const pattern = new RegExp(`^--(?!(${elsewhere.join("|")})(=|$))[a-z][a-z0-9-]*(=.*)?$`);
    return matching("a flag of `minikube start`, with its value after =", pattern);
}

/** Words that minikube reads as commands. */
const commands = ["start", "stop", "status", "delete", "config", "open", "profile", "addons", "cache", "logs"];

function profileName({ name }: { name: string }): Violation | undefined {
    return name.length > 1 && !commands.includes(name) ? undefined : {
        keys: ["name"], problem: name.length > 1 ? "is a command of minikube's" : "has one character only",
        allowed: `2 to 40 lower-case letters, digits and "-"; none of ${commands.join(", ")}`, example: { name: `landfall-${name}` },
    };
}

function oneWithoutDriver({ nodes, driver }: { nodes: number; driver?: string }): Violation | undefined {
    return driver !== "none" || nodes === 1 ? undefined : {
        keys: ["nodes", "driver"], problem: "are several, and without a driver this computer is the only one",
        allowed: "nodes: 1, or another {cluster.driver}", example: { nodes: 1, driver: "none" },
    };
}
