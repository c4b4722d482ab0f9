import { versions } from "../../../components/versions";
import type { GoComponent, ImageComponent } from "./component";

/** The versions that kubeadm requires for a minor version of Kubernetes (`kubeadm config images list`). */
const companions: Record<string, { etcd: string; coredns: string; pause: string }> = {
    "v1.35": { etcd: "v3.6.6", coredns: "v1.13.1", pause: "3.10.1" },
    "v1.36": { etcd: "v3.6.8", coredns: "v1.14.2", pause: "3.10.2" },
};
export const pauseImage = `registry.k8s.io/pause:${companionsOf(versions.kubernetes).pause}`;

const kubernetesPrograms = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet",
    "kubeadm", "kubectl"];

/** The components of a version of Kubernetes. */
export function kubernetesComponents(version: string): GoComponent[] {
    const [, minor, patch] = version.split(".");
    const { etcd, coredns } = companionsOf(version);
    return [
        {
            name: "kubernetes",
            module: "k8s.io/kubernetes",
            version,
            programs: Object.fromEntries(kubernetesPrograms.map(name => [name, `k8s.io/kubernetes/cmd/${name}`])),
            staging: `v0.${minor}.${patch}`,
            values: {
                "k8s.io/component-base/version.gitVersion": version,
                "k8s.io/component-base/version.gitMajor": "1",
                "k8s.io/component-base/version.gitMinor": minor,
                "k8s.io/component-base/version.gitTreeState": "clean",
                "k8s.io/client-go/pkg/version.gitVersion": version,
            },
        },
        {
            name: "etcd",
            module: "go.etcd.io/etcd/server/v3",
            version: etcd,
            programs: { etcd: "go.etcd.io/etcd/server/v3" },
        },
        {
            name: "etcdctl",
            module: "go.etcd.io/etcd/etcdctl/v3",
            version: etcd,
            programs: { etcdctl: "go.etcd.io/etcd/etcdctl/v3" },
        },
        {
            name: "etcdutl",
            module: "go.etcd.io/etcd/etcdutl/v3",
            version: etcd,
            programs: { etcdutl: "go.etcd.io/etcd/etcdutl/v3" },
        },
        {
            name: "coredns",
            module: "github.com/coredns/coredns",
            version: coredns,
            programs: { coredns: "." },
            main: goMain("github.com/coredns/coredns/coremain", "coremain.Run()",
                // The plugins in kubeadm's and minikube's Corefiles. All of CoreDNS's plugins would include every cloud's SDK.
                ["errors", "log", "health", "ready", "kubernetes", "metrics", "hosts", "forward", "cache", "loop", "reload",
                    "loadbalance"].map(plugin => `github.com/coredns/coredns/plugin/${plugin}`)),
        },
    ];
}

/** The images that kubeadm pulls for a version. */
export function kubernetesImages(version: string): ImageComponent[] {
    const { etcd, coredns, pause } = companionsOf(version);
    return [
        ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(program => ({
            image: `registry.k8s.io/${program}:${version}`,
            files: { [`/usr/local/bin/${program}`]: program },
            entrypoint: [`/usr/local/bin/${program}`],
        })),
        {
            image: `registry.k8s.io/kube-proxy:${version}`,
            base: "debian",
            packages: ["conntrack", "iptables", "kmod", "nftables"],
            files: { "/usr/local/bin/kube-proxy": "kube-proxy" },
            entrypoint: ["/usr/local/bin/kube-proxy"],
        },
        {
            image: `registry.k8s.io/etcd:${etcd.slice(1)}-0`,
            files: Object.fromEntries(["etcd", "etcdctl", "etcdutl"].map(name => [`/usr/local/bin/${name}`, name])),
        },
        {
            image: `registry.k8s.io/coredns/coredns:${coredns}`,
            files: { "/coredns": "coredns" },
            entrypoint: ["/coredns"],
        },
        {
            image: `registry.k8s.io/pause:${pause}`,
            packages: ["catatonit", "busybox-static"],
            debianFiles: { "/catatonit": "/usr/bin/catatonit", "/busybox": "/usr/bin/busybox" },
            // Pauses, and reaps like Kubernetes' own; kubeadm has a Job run `pause -v` before it upgrades.
            run: ["/busybox", "sh", "-c", `printf '#!/busybox sh\\n[ "$1" = -v ] || exec /catatonit -P\\n' > /pause; ` +
                "/busybox chmod 755 /pause"],
            entrypoint: ["/pause"],
        },
    ];
}

function companionsOf(version: string): { etcd: string; coredns: string; pause: string } {
    const found = companions[version.split(".").slice(0, 2).join(".")];
    if (!found) throw new Error(`The kit knows ${Object.keys(companions).join(" and ")} of Kubernetes, not ${version}.`);
    return found;
}

function goMain(module: string, body: string, plugins: string[]): string {
    return `package main\n\nimport (\n\t"${module}"\n${plugins.map(p => `\t_ "${p}"\n`).join("")})\n\n` +
        `func main() {\n\t${body}\n}\n`;
}
