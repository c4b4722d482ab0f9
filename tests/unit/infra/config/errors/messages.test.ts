import { expect, it } from "vitest";
import { linesOf } from "../../../support/problems";

const kind = { target: "kind" };
const existing = { target: "existing", context: "prod", registry: "ghcr.io/example", sharedStorageClass: "efs" };
const online = { host: "www.example.com" };

/** Bad input, and the four lines about it. */
const exact: [string, Record<string, unknown>, string[]][] = [
    ["no cluster", {}, [
        "landfall:cluster is missing",
        "given: nothing",
        "allowed: an object whose target is one of kind, minikube, existing, baremetal, eks, gke, aks",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["a cluster that is a word", { cluster: "kind" }, [
        "landfall:cluster is not an object",
        "given: \"kind\" (text)",
        "allowed: an object whose target is one of kind, minikube, existing, baremetal, eks, gke, aks",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["no target", { cluster: { nodes: 2 } }, [
        "landfall:cluster.target is missing",
        "given: nothing",
        "allowed: one of kind, minikube, existing, baremetal, eks, gke, aks",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["a target with a slip", { cluster: { target: "minicube" } }, [
        "landfall:cluster.target is none of the words it can be; did you mean minikube?",
        "given: \"minicube\" (text)",
        "allowed: one of kind, minikube, existing, baremetal, eks, gke, aks",
        "example: landfall:cluster: { target: minikube, memory: 6Gi }",
    ]],
    ["a target that there is not", { cluster: { target: "nomad" } }, [
        "landfall:cluster.target is none of the words it can be",
        "given: \"nomad\" (text)",
        "allowed: one of kind, minikube, existing, baremetal, eks, gke, aks",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["a public authority on a laptop", { cluster: kind, environment: { ...online, tls: { email: "a@b.org" } } }, [
        "landfall:environment.tls.issuer can't be acme on a laptop: no public authority reaches 127.0.0.1",
        "given: nothing",
        "allowed: ca, or acme with the network's own ACME server in landfall:environment.tls.server",
        "example: landfall:environment: { tls: { issuer: ca } }",
    ]],
    ["a public authority that nothing sends to the gateway", {
        cluster: { target: "baremetal", nodes: { server: { host: "192.168.1.5" } } }, environment: online,
    }, [
        "landfall:environment.tls.issuer is missing: a public authority must reach the host on port 80, and "
            + "192.168.1.5 is not public (landfall:cluster.nodes)",
        "given: nothing; landfall:environment.host is \"www.example.com\"",
        "allowed: acme, if your router or load balancer sends port 80 on to the gateway; or ca, which browsers don't trust until you add it",
        "example: landfall:environment: { host: www.example.com, tls: { issuer: ca } }",
    ]],
    ["a class that a laptop hasn't", { cluster: kind, app: { web: { uploads: { storageClass: "standard" } } } }, [
        "landfall:app.web.uploads.storageClass is no class that a cluster of kind has",
        "given: \"standard\"; landfall:cluster.target is \"kind\"",
        "allowed: leave it out; or landfall-local",
        "example: landfall:app: { web: { replicas: { min: 1, max: 5 } } }",
    ]],
    ["several nodes whose volumes aren't shared", { cluster: { target: "minikube", nodes: 2 } }, [
        "landfall:cluster.nodes are several, and minikube has no volumes that pods on many nodes write",
        "given: 2; landfall:app.web.uploads.accessMode is \"ReadWriteMany\" (the default)",
        "allowed: nodes: 1; or landfall:app.web.uploads.accessMode ReadWriteOnce with landfall:app.web.replicas { min: 1, max: 1 }; "
            + "or the target kind",
        "example: landfall:cluster: { target: minikube, nodes: 1 }",
    ]],
    ["a public authority for a private name", { cluster: existing, environment: { host: "wiki.corp", tls: { issuer: "acme" } } }, [
        "landfall:environment.tls.issuer can't be acme for a name that is not public",
        "given: \"acme\"; landfall:environment.host is \"wiki.corp\"",
        "allowed: ca, or acme with the network's own ACME server in landfall:environment.tls.server",
        "example: landfall:environment: { host: wiki.corp, tls: { issuer: ca } }",
    ]],
    ["an ACME server beside the stack's own authority", {
        cluster: kind, environment: { tls: { issuer: "ca", server: "https://acme.corp.internal" } },
    }, [
        "landfall:environment.tls.server has no effect: the stack's own CA signs the certificate",
        "given: \"https://acme.corp.internal\"; landfall:environment.tls.issuer is \"ca\"",
        "allowed: leave it out, or landfall:environment.tls.issuer acme",
        "example: landfall:environment: { tls: { issuer: ca } }",
    ]],
    ["an ACME server without TLS", { cluster: kind, environment: { ...online, tls: { server: "http://acme.corp" } } }, [
        "landfall:environment.tls.server is not valid",
        "given: \"http://acme.corp\"",
        "allowed: an address beginning with https://",
        "example: landfall:environment: { tls: { server: https://acme-staging-v02.api.letsencrypt.org/directory } }",
    ]],
    ["a number out of range", { cluster: { target: "kind", nodes: 11 } }, [
        "landfall:cluster.nodes is more than 10",
        "given: 11",
        "allowed: a whole number from 1 to 10",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["a number in quotes", { cluster: { target: "kind", http: "8080" } }, [
        "landfall:cluster.http is text. Write 8080, without quotes",
        "given: \"8080\" (text)",
        "allowed: a whole number from 1 to 65535",
        "example: landfall:cluster: { target: kind, http: 8088 }",
    ]],
    ["a version without quotes", { cluster: { target: "minikube", kubernetesVersion: 1.36 } }, [
        "landfall:cluster.kubernetesVersion is a number, not text. Put it in quotes: \"1.36\"",
        "given: 1.36 (a number)",
        "allowed: a version such as v1.36.4",
        "example: landfall:cluster: { target: minikube, kubernetesVersion: v1.36.4 }",
    ]],
    ["a flag that a key sets", { cluster: { target: "minikube", flags: ["--cni=flannel", "--nodes=3"] } }, [
        "landfall:cluster.flags is not valid",
        "given: [\"--cni=flannel\",\"--nodes=3\"]",
        "allowed: a list of flags of `minikube start` that no other key sets, such as --cni=flannel",
        "example: landfall:cluster: { target: minikube, flags: [ --registry-mirror=https://mirror.example.com ] }",
    ]],
    ["one port for both", { cluster: { target: "kind", http: 8443 } }, [
        "landfall:cluster.https is the same port as landfall:cluster.http",
        "given: 8443 (the default); landfall:cluster.http is 8443",
        "allowed: two different ports",
        "example: landfall:cluster: { target: kind, http: 8443, https: 8444 }",
    ]],
    ["a network that is none", { cluster: { target: "kind", podSubnet: "10.0.0.1/16" } }, [
        "landfall:cluster.podSubnet has bits set beyond its length: the network is 10.0.0.0/16",
        "given: \"10.0.0.1/16\"",
        "allowed: an IPv4 network ADDRESS/LENGTH, LENGTH from 8 to 24, no bit of the address set beyond it",
        "example: landfall:cluster: { target: kind, podSubnet: 198.18.0.0/16 }",
    ]],
    ["networks that overlap", { cluster: { target: "kind", podSubnet: "10.0.0.0/8" } }, [
        "landfall:cluster.serviceSubnet overlaps landfall:cluster.podSubnet",
        "given: \"10.96.0.0/16\" (the default); landfall:cluster.podSubnet is \"10.0.0.0/8\"",
        "allowed: two networks that have no address in common",
        "example: landfall:cluster: { target: kind, podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }",
    ]],
    ["a pod network with too little room", { cluster: { target: "kind", nodes: 3, podSubnet: "10.1.0.0/23" } }, [
        "landfall:cluster.podSubnet has room for 2 nodes only",
        "given: \"10.1.0.0/23\"; landfall:cluster.nodes is 3",
        "allowed: a network with a /24 for every node",
        "example: landfall:cluster: { target: kind, nodes: 3, podSubnet: 10.244.0.0/16 }",
    ]],
    ["an image without tag", { cluster: kind, app: { web: { image: "ghcr.io/example/web" } } }, [
        "landfall:app.web.image has neither a tag nor a digest",
        "given: \"ghcr.io/example/web\"",
        "allowed: an image reference with a tag or a digest",
        "example: landfall:app: { web: { image: ghcr.io/example/wordpress:6.9 } }",
    ]],
    ["a key with a slip", { cluster: kind, app: { web: { replica: { min: 1 } } } }, [
        "landfall:app.web.replica is an unknown key; did you mean replicas?",
        "given: {\"min\":1}",
        "allowed: image, replicas, cpu, memory, targetCpu, requestSeconds, uploads",
        "example: landfall:app: { web: { replicas: { min: 2, max: 10 } } }",
    ]],
    ["a key of another target", { cluster: { target: "kind", driver: "docker" } }, [
        "landfall:cluster.driver is an unknown key; it belongs to the target minikube",
        "given: \"docker\"",
        "allowed: target, name, nodes, http, https, image, data, podSubnet, serviceSubnet",
        "example: landfall:cluster: { target: kind, nodes: 2 }",
    ]],
    ["a key in the wrong place", { cluster: kind, replicas: { min: 1 } }, [
        "landfall:replicas is an unknown key; did you mean landfall:app.web.replicas?",
        "given: {\"min\":1}",
        "allowed: cluster, environment, app, logs, gateway, promotion, adminPassword, mailPassword, secrets",
        "example: landfall:app: { web: { replicas: { min: 1, max: 5 } }, database: { mode: single, volume: 5Gi } }",
    ]],
    ["a section with a slip", { cluster: kind, enviroment: { name: "x" } }, [
        "landfall:enviroment is an unknown key; did you mean environment?",
        "given: {\"name\":\"x\"}",
        "allowed: cluster, environment, app, logs, gateway, promotion, adminPassword, mailPassword, secrets",
        "example: landfall:environment: { name: production, host: www.example.com }",
    ]],
    ["a key like nothing", { cluster: kind, app: { xyzzy: 1 } }, [
        "landfall:app.xyzzy is an unknown key",
        "given: 1",
        "allowed: type, title, admin, images, web, database, tasks, mail, egress",
        "example: landfall:app: { web: { replicas: { min: 1, max: 5 } }, database: { mode: single, volume: 5Gi } }",
    ]],
    ["an object with nothing in it, as YAML reads it", { cluster: kind, app: { web: null } }, [
        "landfall:app.web is empty",
        "given: null (empty)",
        "allowed: an object with the keys image, replicas, cpu, memory, targetCpu, requestSeconds, uploads",
        "example: landfall:app: { web: { replicas: { min: 2, max: 10 } } }",
    ]],
    ["more replicas at least than at most", { cluster: kind, app: { web: { replicas: { min: 20 } } } }, [
        "landfall:app.web.replicas.min is more than landfall:app.web.replicas.max",
        "given: 20; landfall:app.web.replicas.max is 10 (the default)",
        "allowed: min of at most max",
        "example: landfall:app: { web: { replicas: { min: 20, max: 20 } } }",
    ]],
    ["a request above its limit", { cluster: kind, app: { database: { memory: { request: "2G" } } } }, [
        "landfall:app.database.memory.request is more than landfall:app.database.memory.limit",
        "given: \"2G\"; landfall:app.database.memory.limit is \"1Gi\" (the default)",
        "allowed: a request of at most the limit",
        "example: landfall:app: { database: { memory: { request: 1Gi, limit: 1Gi } } }",
    ]],
    ["replicas on a volume for one node", {
        cluster: kind, app: { web: { uploads: { accessMode: "ReadWriteOnce" } } },
    }, [
        "landfall:app.web.uploads.accessMode can't be shared by the pods that landfall:app.web.replicas.max asks for",
        "given: \"ReadWriteOnce\"; landfall:app.web.replicas.max is 10 (the default)",
        "allowed: accessMode ReadWriteMany, or replicas with max: 1",
        "example: landfall:app: { web: { uploads: { accessMode: ReadWriteMany } } }",
    ]],
    ["a quantity that is none", { cluster: kind, app: { database: { volume: "5GB" } } }, [
        "landfall:app.database.volume has the unit \"GB\": write 5G",
        "given: \"5GB\"",
        "allowed: a Kubernetes quantity of at least 1Gi, such as 4Gi or 1.5Gi",
        "example: landfall:app: { database: { volume: 20Gi } }",
    ]],
    ["a quota that is too small", { cluster: kind, environment: { quota: { cpu: 4, pods: 12 } } }, [
        "landfall:environment.quota.cpu can't hold the application at its largest: 13 web pods (max and a quarter, " +
            "for rolling updates), the database and scheduled tasks",
        "given: \"4\"; landfall:environment.quota.pods is 12; landfall:app.web.replicas.max is 10 (the default); " +
            "landfall:app.web.cpu.limit is \"1\" (the default)",
        "allowed: at least cpu: 14500m, pods: 15; or lower landfall:app.web.replicas.max or landfall:app.web.cpu.limit",
        "example: landfall:environment: { quota: { cpu: 14500m, pods: 15 } }",
    ]],
    ["a host with a scheme", { cluster: kind, environment: { host: "https://x.org" } }, [
        "landfall:environment.host has \":\", which can't be in it",
        "given: \"https://x.org\"",
        "allowed: a host name in lower case, without scheme, port, path or wildcard; not an IP address",
        "example: landfall:environment: { host: www.example.com }",
    ]],
    ["a namespace of Kubernetes' own", { cluster: kind, environment: { name: "kube-system" } }, [
        "landfall:environment.name is a namespace of Kubernetes' own",
        "given: \"kube-system\"",
        "allowed: a DNS label of at most 63 characters; not default, not beginning with kube-, and not a namespace of the platform",
        "example: landfall:environment: { name: production }",
    ]],
    ["no host where the cluster is not on this computer", { cluster: existing }, [
        "landfall:environment.host is missing",
        "given: nothing",
        "allowed: a host name in lower case, without scheme, port, path or wildcard; not an IP address",
        "example: landfall:environment: { host: www.example.com }",
    ]],
    ["an existing cluster that is nowhere", { cluster: { ...existing, context: undefined }, environment: online }, [
        "landfall:cluster.kubeconfig is missing: where is the cluster?",
        "given: nothing",
        "allowed: either kubeconfig or context or both, or else stack alone",
        "example: landfall:cluster: { target: existing, kubeconfig: ~/.kube/config, context: production }",
    ]],
    ["an existing cluster in two places", { cluster: { ...existing, stack: "a/b/c" }, environment: online }, [
        "landfall:cluster.stack also says where the cluster is",
        "given: \"a/b/c\"; landfall:cluster.context is \"prod\"",
        "allowed: either kubeconfig or context or both, or else stack alone",
        "example: landfall:cluster: { target: existing, kubeconfig: ~/.kube/config, context: production }",
    ]],
    ["images to build and no registry", { cluster: { ...existing, registry: undefined }, environment: online }, [
        "landfall:cluster.registry is missing: the images that the program builds have to be pushed where this " +
            "cluster can pull them",
        "given: nothing; landfall:app.web.image is not given; landfall:app.database.image is not given",
        "allowed: a registry such as ghcr.io/example, or ready images in landfall:app.web.image and " +
            "landfall:app.database.image",
        "example: landfall:cluster: { target: existing, kubeconfig: ~/.kube/config, context: production, " +
            "registry: ghcr.io/example }",
    ]],
    ["a shared volume and no class", { cluster: { ...existing, sharedStorageClass: undefined }, environment: online }, [
        "landfall:cluster.sharedStorageClass is missing: the uploads are a volume that pods on many nodes write",
        "given: nothing; landfall:app.web.uploads.accessMode is \"ReadWriteMany\" (the default)",
        "allowed: a StorageClass for ReadWriteMany (see: kubectl get storageclass); or " +
            "landfall:app.web.uploads.accessMode ReadWriteOnce with landfall:app.web.replicas { min: 1, max: 1 }",
        "example: landfall:cluster: { target: existing, kubeconfig: ~/.kube/config, context: production, " +
            "sharedStorageClass: efs }",
    ]],
    ["a short password, which is not shown", { cluster: kind, adminPassword: "hunter2" }, [
        "landfall:adminPassword is not valid",
        "given: a text of 7 characters",
        "allowed: a secret of 12 to 4096 characters on one line, no space at its ends",
        "example: pulumi config set --secret landfall:adminPassword",
    ]],
];

it.each(exact)("an error about %s says what to do", (_, raw, lines) => {
    expect(linesOf(raw)).toEqual(lines);
});
