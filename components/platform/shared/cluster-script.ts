// What the scripts that change the platform's namespaces have in common.
import { connect, type Connection } from "../../cluster/kubernetes-api";
import { fail, main, setting } from "../../cluster/scripts/process";

/** The cluster of the script's environment. */
export function openCluster(): Promise<Connection> {
    return connect(setting("CLUSTER_KUBECONFIG"));
}

/** What is the matter with a cluster that doesn't answer as it should. */
export function reasonOf(error: unknown): string {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || String(code);
}

/** Runs a script that removes something of an environment. @param what it is, for a message */
export function removeFromCluster(what: string, work: (connection: Connection) => Promise<void>): Promise<void> {
    return main(async () => {
        try {
            await work(await openCluster());
        } catch (error) {
            // The same variable as for all other objects in a cluster that is gone.
            if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return;
            fail(`The ${what} could not be removed from the platform: ${reasonOf(error)}\n`
                + "If the cluster is gone, set PULUMI_K8S_DELETE_UNREACHABLE=true and run the command again.");
        }
    });
}
