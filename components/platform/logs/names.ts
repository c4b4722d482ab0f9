/** The logs' store: a VictoriaLogs server. */
export const storeName = "log-store";
/** The logs' collector: a vlagent on every node. */
export const collectorName = "log-collector";
/** Port of the store, for collectors and for those who may forward ports of its pod. */
export const storePort = 9428;

/** Who may write to the store and query it. The same-named Secret in each of the two namespaces has the password. */
export const storeUser = "landfall";
export const passwordKey = "password";

/** The message of a line that is JSON: the line itself is stored as its fields. */
export const noMessage = "-";

/** Fields of each line that the collector adds, as vlagent names them. */
export const logFields = {
    namespace: "kubernetes.pod_namespace",
    pod: "kubernetes.pod_name",
    container: "kubernetes.container_name",
    workload: "kubernetes.pod_labels.app.kubernetes.io/name",
};
