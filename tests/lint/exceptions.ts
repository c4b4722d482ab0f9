export type Linter = "actionlint" | "zizmor" | "shellcheck" | "checkov" | "kube-score";

/** What stays although a linter is against it. A linter's own comment in a file does as well, with the reason in it. */
interface Exception {
    rule: string;
    /** Files with their line, or objects by stack; all that match. */
    places: RegExp;
    reason: string;
}

const kubeRouter = /^server: .*kube-router/;

export const exceptions: Record<Linter, Exception[]> = {
    actionlint: [],
    zizmor: [
        {
            rule: "self-repository", places: /^\.github\/workflows\/(nightly|promotion|pull-request)\.yml:/,
            reason: "actionlint doesn't know the newer syntax for the repository's own actions, nor do older servers of GitHub's.",
        },
    ],
    shellcheck: [
        {
            rule: "SC2317", places: /^infra\/images\/web\/bin\/start-web:/,
            reason: "The function is what the trap below it calls.",
        },
        {
            rule: "SC2153", places: /^infra\/images\/web\/bin\/start-web:/,
            reason: "The program sets it, and the other name is made from it.",
        },
        {
            rule: "SC2015", places: /^components\/workload\/images\/database\/bin\/.* (\|\| fail |&& \[ "\$answer")/,
            reason: "What comes after || ends the script, and what comes before it only looks.",
        },
        {
            rule: "SC2154", places: /^components\/workload\/images\/database\/bin\/start-database:/,
            reason: "The eval in the line above assigns it.",
        },
        {
            rule: "SC2154", places: /trap 'code=\$\?;/,
            reason: "The trap itself assigns it, in the same line.",
        },
        {
            rule: "SC1091", places: /\. \/etc\/os-release$/,
            reason: "It is a file of the machine, not of the computer that checks the script.",
        },
        {
            rule: "SC2015", places: /&& (echo asked=yes|rmdir "\$at" 2>\/dev\/null) \|\| true$|metadata\.annotations/,
            reason: "Whatever fails, the script goes on: that is what || true is for.",
        },
        {
            rule: "SC2016", places: /--showformat|ip netns exec \S+ bash -c 'for try/,
            reason: "dpkg and the inner shell expand these, not this shell.",
        },
        {
            rule: "SC2034", places: /\bchanged=1; fi$/,
            reason: "Every file is written by the same lines; some scripts need not know whether one changed.",
        },
        {
            rule: "SC2043", places: /for port in 6443; do/,
            reason: "The list has one port with these settings and more with others.",
        },
        {
            rule: "SC2041", places: /for directory in 'DIRECTORY'; do/,
            reason: "The list has one directory with these settings and more with others.",
        },
        {
            rule: "SC2194", places: /case " one three " in \*" \$name "\*\)/,
            reason: "The names of the nodes are written out; the pattern is what varies.",
        },
        {
            rule: "SC2086", places: /\$(installed|held|pods|in_pod)\b/,
            reason: "These are lists of words, of packages and of arguments, and have to fall apart.",
        },
        {
            rule: "SC2086", places: /\$(all|own|GNUPGHOME)\b|:\d+: ' \$all$/,
            reason: "Paths that mktemp made, without blanks.",
        },
        {
            rule: "SC2086", places: /\$address\b|landfall\$pod\b|zram' \$file /,
            reason: "An address, a digit, and the path of a list without blanks that may be none.",
        },
        {
            rule: "SC2010", places: /networks=\$\(ls \/etc\/cni\/net\.d /,
            reason: "The names are those of network configurations, which have no line breaks.",
        },
        {
            rule: "SC2012", places: /ls -d \/\{etc,run,usr\/local\/lib,usr\/lib\}/,
            reason: "The names are written out; ls says which of them are there.",
        },
    ],
    checkov: [
        {
            rule: "CKV_DOCKER_2", places: /Dockerfile$/,
            reason: "Kubernetes ignores HEALTHCHECK; the pods have probes. The kit's two are machines for tests.",
        },
        {
            rule: "CKV_DOCKER_3", places: /^infra\/offline\/kit\/(machine|minikube|node)\/Dockerfile$/,
            reason: "They stand in for machines: systemd runs as root.",
        },
        {
            rule: "CKV2_DOCKER_1", places: /^infra\/offline\/kit\/(machine|minikube)\/Dockerfile$/,
            reason: "A machine of one's own has sudo, by which Landfall becomes root, and minikube on its node.",
        },
        {
            rule: "CKV_DOCKER_7", places: /^(infra\/(images\/web|offline\/kit\/minikube|template\/app)|components\/workload\/images\/(activator|database)|tests\/e2e\/fixtures\/\w+)\/Dockerfile/,
            reason: "The base is an argument: the program gives one with tag and digest, and the kit its own of this build.",
        },
        {
            rule: "CKV_GHA_7", places: /^\.github\/workflows\/live\.yml$/,
            reason: "The input chooses one of three clouds; the workflow builds nothing that is published.",
        },
        {
            rule: "CKV_K8S_15", places: /./,
            reason: "An image is named by digest, or by a tag that never names another: pulling it again gives the same, "
                + "and would let no pod start while the registry is away.",
        },
        {
            rule: "CKV_K8S_43", places: /landfall-gateway\.(contour|envoy)|landfall-log(s|-collector)\./,
            reason: "Contour's and those of the logs aren't pinned yet: update-images has to be run where their registries can be reached.",
        },
        {
            rule: "CKV_K8S_43", places: /\.(web|database|scheduled-tasks|counter)$/,
            reason: "Built by the program: its digest is known when it was pushed, not when the stack is rendered. On "
                + "laptops and machines the images are loaded, and never pulled.",
        },
        {
            rule: "CKV_K8S_38", places: /\.landfall-(autoscaler|certificates|dns|gateway|log-collector|metrics|storage)\.|kube-router$/,
            reason: "A controller, which speaks with the API server. Pods that don't have no token.",
        },
        {
            rule: "CKV_K8S_38", places: /\.activator$/,
            reason: "It asks the API server to stop and start its own environment's pods.",
        },
        {
            rule: "CKV_K8S_155", places: /cert-manager-cainjector$/,
            reason: "Writing the authority into webhooks is what it is for.",
        },
        {
            rule: "CKV_K8S_8", places: /landfall-certificates\.cert-manager-cainjector$|local-path-provisioner$/,
            reason: "It has no endpoint that tells of its health.",
        },
        {
            rule: "CKV_K8S_9", places: /landfall-certificates\.cert-manager-cainjector$|local-path-provisioner$|kube-router$/,
            reason: "Nothing sends it requests, so nothing has to know when it is ready.",
        },
        {
            rule: "CKV_K8S_8", places: /landfall-gateway\.envoy$/,
            reason: "Envoy has a probe. The container beside it only waits for the pod's end.",
        },
        {
            rule: "CKV_K8S_9", places: /landfall-gateway\.envoy$/,
            reason: "Envoy has a probe. The container beside it only waits for the pod's end.",
        },
        {
            rule: "CKV2_AWS_19", places: /^eks: aws_eip\./,
            reason: "They are the NAT gateways', which need no machine.",
        },
        ...["CKV2_AWS_5", "CKV2_AWS_11", "CKV2_AWS_12"].map(rule => ({
            rule, places: /^eks: aws_(vpc|security_group)\./,
            reason: "There is a flow log, an empty default group, and a mount target for the group; the plan has no "
                + "references by which checkov would find them.",
        })),
        {
            rule: "CKV_AWS_39", places: /^eks: aws_eks_cluster\./,
            reason: "The endpoint answers the allow list alone; without it people would need a way into the network first.",
        },
        {
            rule: "CKV_AWS_355", places: /cluster-autoscaler-role$/,
            reason: "What it may change has the cluster's tag; what it may do everywhere is to look, which takes no resource.",
        },
        {
            rule: "CKV_AWS_297", places: /^eks: aws_scheduler_schedule\./,
            reason: "A schedule holds the names of a cluster and of a node group, and nothing secret.",
        },
        {
            rule: "CKV2_GCP_18", places: /^gke: google_compute_network\./,
            reason: "GKE makes the firewall's rules; a network of one's own has none that let anything in.",
        },
        {
            rule: "CKV_GCP_12", places: /^gke: google_container_cluster\./,
            reason: "Dataplane V2 enforces network policies; the setting is that of its predecessor.",
        },
        {
            rule: "CKV_GCP_21", places: /^gke: google_container_cluster\./,
            reason: "The provider labels everything that it makes.",
        },
        {
            rule: "CKV_GCP_65", places: /^gke: google_container_cluster\./,
            reason: "Access is by IAM, where principals may be groups too; RBAC by groups takes a domain of Workspace.",
        },
        {
            rule: "CKV_GCP_66", places: /^gke: google_container_cluster\./,
            reason: "Pods take images by digest; attesting them takes a pipeline, which the project has no say in.",
        },
        {
            rule: "CKV_GCP_84", places: /^gke: google_artifact_registry_repository\./,
            reason: "Google encrypts it; a key of one's own can't be given to a registry that stands.",
        },
        ...["CKV_K8S_16", "CKV_K8S_19", "CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_28", "CKV_K8S_29", "CKV_K8S_31",
            "CKV_K8S_37", "CKV_K8S_40"].map(rule => ({
            rule, places: kubeRouter,
            reason: "It is the machine's network: it writes routes, firewall rules, kernel settings and its own tables.",
        })),
        {
            rule: "CKV_K8S_11", places: kubeRouter,
            reason: "A firewall that is slowed down would leave new pods without their policies.",
        },
    ],
    "kube-score": [
        {
            rule: "container-image-pull-policy", places: /./,
            reason: "An image is named by digest, or by a tag that never names another: pulling it again gives the same, "
                + "and would let no pod start while the registry is away.",
        },
        {
            rule: "container-resources", places: kubeRouter,
            reason: "A firewall that is slowed down would leave new pods without their policies.",
        },
        ...["container-security-context-privileged", "container-security-context-readonlyrootfilesystem",
            "container-security-context-user-group-id"].map(rule => ({
            rule, places: kubeRouter,
            reason: "It is the machine's network: it writes routes, firewall rules, kernel settings and its own tables.",
        })),
        {
            rule: "container-security-context-user-group-id", places: /landfall-log-collector\/log-collector /,
            reason: "Containers' logs belong to root, and are readable by its group: with another group it would have to be root.",
        },
        {
            rule: "pod-networkpolicy", places: kubeRouter,
            reason: "It shares the machine's network, to which policies don't apply.",
        },
        {
            rule: "deployment-replicas", places: /^(dev|prod|server|services): .*metrics-server$/,
            reason: "Without measurements for a minute the autoscaler leaves everything as it is; a second one costs "
                + "memory on every small cluster.",
        },
        ...["deployment-has-host-podantiaffinity", "deployment-has-poddisruptionbudget", "deployment-replicas"].map(rule => ({
            rule, places: /\/activator$/,
            reason: "An environment that may sleep needn't always answer: one pod holds its requests, and is made again where there is room.",
        })),
        {
            rule: "statefulset-has-host-podantiaffinity", places: /^branch: .*\/database$/,
            reason: "It has one pod at most. The number isn't declared, because the activator changes it.",
        },
        {
            rule: "horizontalpodautoscaler-replicas", places: /^(minikube|uat|branch): .*\/web$/,
            reason: "The examples are for one laptop and ask for one replica.",
        },
        {
            rule: "networkpolicy-targets-pod", places: /landfall-certificates\/envoy-to-acme-solver-ingress$/,
            reason: "Its pods are cert-manager's, and there only while an authority asks.",
        },
        {
            rule: "networkpolicy-targets-pod", places: /^(uat|branch): .*landfall-gateway\/(uat|branch)\.envoy-to-(web|activator)-egress$/,
            reason: "Its pods are the gateway's, which another stack made.",
        },
        {
            rule: "pod-probes-identical", places: /(cert-manager|cluster-autoscaler|external-dns)$/,
            reason: "A controller has one endpoint that tells of its health; no Service sends it requests.",
        },
        {
            rule: "pod-probes-identical", places: /\/activator$/,
            reason: "It only passes requests on: it is ready as soon as it answers.",
        },
        {
            rule: "pod-probes-identical", places: /landfall-logs\/log-store$|landfall-log-collector\/log-collector$/,
            reason: "It has one endpoint that tells of its health. The slower probe restarts it; the other one takes it out of DNS.",
        },
        {
            rule: "service-type", places: /^(dev|minikube|services): .*landfall-gateway\/envoy$/,
            reason: "A laptop's nodes have no load balancer; the port is published on the laptop itself.",
        },
        {
            rule: "statefulset-has-servicename", places: /(development|production|uat|branch)\/database$/,
            reason: "The set has one pod, found by a Service with an address; a set that stands can't change the name.",
        },
    ],
};
