/** What becomes of a key that has no counterpart: it stops the program, or is left out with a warning, or is without effect anyway. */
export interface Uncarried {
    refused: boolean;
    /** Why, and what to do instead. */
    reason: string;
}

const refuse = (reason: string): Uncarried => ({ refused: true, reason });
const warn = (reason: string): Uncarried => ({ refused: false, reason });

const shared = "every pod has namespaces of its own, and sees nothing of its node. Leave it out";
const ownDns = "names come from the cluster's DNS. Leave it out";
const restricted = "the Pod Security Standard `restricted` forbids it";

/** Keys of a service that aren't. */
export const uncarried: Record<string, Uncarried> = {
    device_cgroup_rules: refuse(`${restricted}. Leave it out`),
    devices: refuse(`${restricted}: pods have no devices of their node. Leave it out`),
    gpus: refuse("Landfall requests no devices. Run this service by a program with the library, with `transform`"),
    pid: refuse(shared), ipc: refuse(shared), uts: refuse(shared), userns_mode: refuse(shared), cgroup: refuse(shared), cgroup_parent: refuse(shared),
    runtime: refuse("the nodes have one runtime. Leave it out"), isolation: refuse("the nodes run Linux. Leave it out"), credential_spec: refuse("the nodes run Linux. Leave it out"),
    volumes_from: refuse("a volume belongs to one service. Name it under `volumes` of the service that needs it"),
    external_links: refuse("other projects' containers aren't in this environment. Allow a host outside by landfall:app.services.<name>.egress"),
    extra_hosts: refuse("names come from the cluster's DNS. Use the address itself, or a name that DNS knows"),
    dns: refuse(ownDns), dns_search: refuse(ownDns), dns_opt: refuse(ownDns),
    group_add: refuse("a container has one group, that of its user. Set landfall:app.services.<name>.uid"),
    mac_address: refuse("the cluster's network assigns addresses. Leave it out"),
    post_start: refuse("Landfall runs no hooks. Do it in the image's entrypoint"), pre_stop: refuse("Landfall drains each pod by itself. Do the rest on SIGTERM"),
    provider: refuse("Landfall starts containers only. Leave the service out"), models: refuse("Landfall starts containers only. Set the model's address in the environment"),
    use_api_socket: refuse("pods reach no container engine. Leave it out"), storage_opt: refuse("the nodes' runtime determines it. Leave it out"),
    pre_start: refuse("Landfall runs no hooks. Do it in the image's entrypoint"), umask: refuse("set it in the image's entrypoint"),
    hostname: warn("a pod's host name is its own name"), domainname: warn("a pod's host name is its own name"),
    labels: warn("labels for other programs, such as a proxy's, have no effect here"), label_file: warn("labels have no effect here"),
    annotations: warn("annotations have no effect here"),
    logging: warn("the cluster keeps the logs: npm run logs"), log_driver: warn("the cluster keeps the logs: npm run logs"), log_opt: warn("the cluster keeps the logs: npm run logs"),
    init: warn("there is no init process. If the program starts others or ignores SIGTERM, put one, such as tini, into the image"),
    pull_policy: warn("a node pulls an image that it doesn't have"),
    platform: warn("landfall:cluster.platform determines for which processor images are built"),
    stdin_open: warn("pods have no terminal: npm run shell opens one"), tty: warn("pods have no terminal: npm run shell opens one"),
    attach: warn("npm run logs shows the logs"), develop: warn("the image is built by npm start, after each change"),
    ulimits: warn("the nodes' runtime sets them"), shm_size: warn("set landfall:app.services.<name>.ephemeral { /dev/shm: SIZE }"),
    oom_kill_disable: warn("a container that exceeds its memory limit is restarted"), oom_score_adj: warn("Kubernetes sets it by requests and limits"),
    mem_swappiness: warn("nodes have no swap"), memswap_limit: warn("nodes have no swap"),
    pids_limit: warn("the nodes limit processes"), blkio_config: warn("Kubernetes doesn't limit a disk's speed"),
    cpu_count: warn("use deploy.resources"), cpu_percent: warn("use deploy.resources"), cpu_shares: warn("use deploy.resources"), cpu_period: warn("use deploy.resources"),
    cpu_quota: warn("use deploy.resources"), cpu_rt_period: warn("use deploy.resources"), cpu_rt_runtime: warn("use deploy.resources"), cpuset: warn("use deploy.resources"),
};

/** Keys of `deploy` that aren't read. */
export const uncarriedDeploy: Record<string, Uncarried> = {
    placement: warn("pods are spread over zones and nodes"), labels: warn("labels have no effect here"),
    update_config: warn("an update starts new pods before it stops old ones, except those with a ReadWriteOnce volume"), rollback_config: warn("restore the earlier settings instead"),
    restart_policy: warn("Kubernetes restarts a container that ends, and tries a job that fails three more times"), endpoint_mode: warn("a Service has one address"),
};
