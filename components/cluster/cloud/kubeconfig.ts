import * as pulumi from "@pulumi/pulumi";

/** A program that gets the credentials of the person or the pipeline that runs it, whenever they are needed. */
export interface ExecPlugin {
    /** @example "aws" */
    command: string;
    args: string[];
    env?: Record<string, string>;
}

export interface KubeconfigArgs {
    /** Name of the cluster, context and user. */
    name: string;
    /** Address of the API server. @example "https://203.0.113.7" */
    server: pulumi.Input<string>;
    /** Certificate authority of the API server, PEM in base64; left out where a public one signs. */
    certificateAuthority?: pulumi.Input<string>;
    exec: pulumi.Input<ExecPlugin>;
}

/** A kubeconfig (JSON, which is YAML) that holds no credentials: an address, and the program that gets them. Secret. */
export function execKubeconfig(args: KubeconfigArgs): pulumi.Output<string> {
    const { name, ...inputs } = args;
    return pulumi.secret(pulumi.output(inputs).apply(({ server, certificateAuthority, exec }) => JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": name,
        contexts: [{ name, context: { cluster: name, user: name } }],
        clusters: [{
            name,
            cluster: {
                server,
                ...(certificateAuthority && { "certificate-authority-data": certificateAuthority }),
            },
        }],
        users: [{
            name,
            user: {
                exec: {
                    apiVersion: "client.authentication.k8s.io/v1beta1",
                    command: exec.command,
                    args: exec.args,
                    env: Object.entries(exec.env ?? {}).map(([key, value]) => ({ name: key, value })),
                    interactiveMode: "Never",
                    provideClusterInfo: false,
                },
            },
        }],
    })));
}
