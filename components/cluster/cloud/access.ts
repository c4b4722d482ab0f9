import * as pulumi from "@pulumi/pulumi";
import { spawnSync } from "node:child_process";
import { rendering } from "../lookup";

/** A call of the cloud's command line that only succeeds with valid credentials, and changes nothing. */
export interface LoginCheck {
    /** An executable, not a batch file: Windows starts those through a shell only. @example "aws" */
    command: string;
    args: string[];
    /** What to do if the program isn't installed, in one line. */
    install: string;
    /** What to do if the call fails, in one line. */
    login: string;
}

/**
 * Checks, before any resource is created, that the program is installed and has credentials. Otherwise, the first sign
 * would be an error half an hour later. Rendering checks nothing.
 * @returns what the call printed; undefined when rendering
 * @throws RunError that says what to install, or how to log in
 */
export function requireLogin({ command, args, install, login }: LoginCheck): string | undefined {
    if (rendering()) return undefined;
    const { status, error, stdout, stderr } = spawnSync(command, args, {
        encoding: "utf8",
        timeout: 60_000,
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
    });
    const nothing = "Nothing was changed.";
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
        throw new pulumi.RunError(
            `The program "${command}" was not found on PATH; the cluster's credentials come from it.\n`
            + `${install}\n${nothing}`);
    }
    if (status !== 0) {
        const said = (error?.message ?? stderr).trim().split(/\r?\n/).slice(-3).join("\n");
        throw new pulumi.RunError(`"${[command, ...args].join(" ")}" did not succeed: ${said}\n${login}\n${nothing}`);
    }
    return stdout;
}

/** An exec credential plugin: gets credentials for whoever runs the program, whenever they are needed. */
interface ExecPlugin {
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
    /** Certificate authority of the API server: PEM in base64. @default a public one */
    certificateAuthority?: pulumi.Input<string>;
    exec: pulumi.Input<ExecPlugin>;
}

/** A secret kubeconfig without credentials: an address, and the program that gets them. JSON, which is also YAML. */
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
