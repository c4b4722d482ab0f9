import lock from "./images.lock.json";

/** For clusters on laptops and machines, and in the kit, so that all of them are tested with the same version. */
const kubernetes = "v1.36.4";

/** Versions of all software that Landfall installs; the one place to change them. */
export const versions = {
    kubernetes,
    kind: "v0.33.0",
    minikube: "v1.37.0",
    /** Docker's package containerd.io, which includes runc, for bare-metal nodes with internet access. */
    containerd: "2.4.2",
    /** The newest but one that EKS, GKE and AKS all offer. */
    cloudKubernetes: "1.35",
};

const certManager = "v1.21.2";
const metallb = "v0.16.1";
const victoriaLogs = "v1.52.2";
const certManagerImage = (part: string): string => `quay.io/jetstack/cert-manager-${part}:${certManager}`;

/** Other projects' images, by tag. The kit for closed networks builds them under these names. */
export const imageTags = {
    /** Base of our own images. */
    base: "docker.io/library/debian:13-slim",
    /** One of those that this version of kind was released with. */
    kindNode: `kindest/node:${kubernetes}`,
    metricsServer: "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
    contour: "ghcr.io/projectcontour/contour:v1.33.8",
    /** The minor version that Contour is tested with. */
    envoy: "docker.io/envoyproxy/envoy:distroless-v1.38.3",
    certManagerController: certManagerImage("controller"),
    certManagerWebhook: certManagerImage("webhook"),
    certManagerCainjector: certManagerImage("cainjector"),
    certManagerSolver: certManagerImage("acmesolver"),
    kubeRouter: "docker.io/cloudnativelabs/kube-router:v2.11.1",
    /** Optional: assigns a range of addresses on one's own machines. */
    metallbController: `quay.io/metallb/controller:${metallb}`,
    metallbSpeaker: `quay.io/metallb/speaker:${metallb}`,
    /** Optional: keeps logs. The collector's version is the store's. */
    logStore: `docker.io/victoriametrics/victoria-logs:${victoriaLogs}`,
    logCollector: `docker.io/victoriametrics/vlagent:${victoriaLogs}`,
    localPathProvisioner: "docker.io/rancher/local-path-provisioner:v0.0.30",
    busybox: "docker.io/library/busybox:1.37",
    /** Only in clouds, like the next. Its minor version is the clusters'. */
    clusterAutoscaler: "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2",
    externalDns: "registry.k8s.io/external-dns/external-dns:v0.21.0",
};

/** The same by tag and digest, so that moving a tag has no effect. The digests are in images.lock.json. */
export const images = mapValues(imageTags, pinned);

/** Date of our own images, unless a stack's settings name another one. */
export const imagesDate = lock.date;

function pinned(image: string): string {
    const digest = (lock.digests as Record<string, string>)[image];
    return digest === undefined ? image : `${image}@${digest}`;
}

function mapValues<K extends string>(values: Record<K, string>, change: (value: string) => string): Record<K, string> {
    return Object.fromEntries(Object.entries<string>(values).map(([key, value]) => [key, change(value)])) as Record<K, string>;
}

/** Package repositories for bare-metal nodes with internet access, and the fingerprints of their signing keys. */
export const packageRepositories = {
    kubernetes: {
        url: "https://pkgs.k8s.io/core:/stable:",
        fingerprint: "DE15B14486CD377B9E876E1A234654DA9A296436",
    },
    docker: {
        url: "https://download.docker.com/linux",
        fingerprint: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    },
};

/** A file that another project publishes, and the SHA-256 that it must have. */
export interface ManifestPin {
    readonly url: string;
    readonly sha256: string;
}

const gatewayApiCrds = "https://raw.githubusercontent.com/kubernetes-sigs/gateway-api/v1.3.0/config/crd/standard";
const certManagerCrds = `https://raw.githubusercontent.com/cert-manager/cert-manager/${certManager}/deploy/crds`;
const metallbCrds = `https://raw.githubusercontent.com/metallb/metallb/${metallb}/config/crd/bases`;

/**
 * Custom resource definitions of the Gateway API (in the version that Contour is built for), Contour, cert-manager and, if
 * chosen, MetalLB.
 */
export const manifests = {
    gatewayApi: [
        {
            url: `${gatewayApiCrds}/gateway.networking.k8s.io_gatewayclasses.yaml`,
            sha256: "7c8ee2c1878d9dcc6ba106181e3d14d7eaa520ec070233d62f3aa0d674d19450",
        },
        {
            url: `${gatewayApiCrds}/gateway.networking.k8s.io_gateways.yaml`,
            sha256: "c949e7c3951227b92a582817a7a660558ce0fb94c081da264b4e2bbe4a1e5387",
        },
        {
            url: `${gatewayApiCrds}/gateway.networking.k8s.io_httproutes.yaml`,
            sha256: "a4ecf600c7e0bfd3cdb24e6411938d9b330117a26675f303cc6d9a407cb257d1",
        },
        {
            url: `${gatewayApiCrds}/gateway.networking.k8s.io_referencegrants.yaml`,
            sha256: "7587b2e7e5b1b9a26717b3ef8142f64e6600637eadf481a6bd0031740644b495",
        },
    ],
    contour: [{
        url: "https://raw.githubusercontent.com/projectcontour/contour/v1.33.8/examples/contour/01-crds.yaml",
        sha256: "c02ed88146211c84edcafb718191f403ab35d8a9c6593bdc244338d20e8461b2",
    }],
    certManager: [
        {
            url: `${certManagerCrds}/acme.cert-manager.io_challenges.yaml`,
            sha256: "dff7542a2ee6581e3963a076410212ad3207201b70df8a328aa50826d569161c",
        },
        {
            url: `${certManagerCrds}/acme.cert-manager.io_orders.yaml`,
            sha256: "b1e9c938b9724482cc0612aac949b40e062001fc9732234c591f24cb9ffc5ca7",
        },
        {
            url: `${certManagerCrds}/cert-manager.io_certificaterequests.yaml`,
            sha256: "74cf3801ab146a1745498de5f3b619cde6f2dc89ae03755084be08129ce726c3",
        },
        {
            url: `${certManagerCrds}/cert-manager.io_certificates.yaml`,
            sha256: "7ad91029c00ec959d54215b19d3b1a9b7e0247eaa60f987151c2b70d8661f8af",
        },
        {
            url: `${certManagerCrds}/cert-manager.io_clusterissuers.yaml`,
            sha256: "30008001b78aafb8e110af61359561104b5fafc3a4dc6ac0013245d0ee3fe4ca",
        },
        {
            url: `${certManagerCrds}/cert-manager.io_issuers.yaml`,
            sha256: "05e37efb02777e0362d24269fa103c2fc11419f9c85e31854ef873e5d9e5c5cc",
        },
    ],
    metallb: [
        {
            url: `${metallbCrds}/metallb.io_bfdprofiles.yaml`,
            sha256: "b62589379612dcd4a0f267d65364e1acdf9870ca068dfbc2dd338c73757ea156",
        },
        {
            url: `${metallbCrds}/metallb.io_bgpadvertisements.yaml`,
            sha256: "0e15848edf8f342f8bfd29f6c11b1d89266be5ebf950035987b5008bdf673370",
        },
        {
            url: `${metallbCrds}/metallb.io_bgppeers.yaml`,
            sha256: "ddf860a818a4a163547c5510f7122ffaee996d9157c227e6536ea1d39d6c4a60",
        },
        {
            url: `${metallbCrds}/metallb.io_communities.yaml`,
            sha256: "c6bca6acc922264263ff2df35986453d55570adeda1560f4bc66926df853b6b6",
        },
        {
            url: `${metallbCrds}/metallb.io_configurationstates.yaml`,
            sha256: "1b0b826a26a88ff3e4c8426a843b0057a52b6af13e333198375454fc8ac2d44d",
        },
        {
            url: `${metallbCrds}/metallb.io_ipaddresspools.yaml`,
            sha256: "585d55016cb9cf1aac3ed4a63b1075051bf8c20aab28dfcd3cfbe58a632ed230",
        },
        {
            url: `${metallbCrds}/metallb.io_l2advertisements.yaml`,
            sha256: "c2561949e442c8253237ef81dbfe7c4a69fd5c1bfdf30f8bc0829d74d4cd4d64",
        },
        {
            url: `${metallbCrds}/metallb.io_servicebgpstatuses.yaml`,
            sha256: "3f236c79b22a7f89e9845221f025ee1a03c17673c0cd696fbf131b61ae3cd555",
        },
        {
            url: `${metallbCrds}/metallb.io_servicel2statuses.yaml`,
            sha256: "8f5703075435b55d229fdb72d8afdd3dc8d4167e7fa4ce65d9b08720e48c83cd",
        },
    ],
} satisfies Record<string, ManifestPin[]>;
