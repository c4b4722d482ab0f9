import * as fs from "node:fs";
import type { PlainSettings, PlatformSettings, Target } from "../../config";
import { readSettings, readStack, stackConfigFile } from "../stack/config";
import { stackFile } from "../stack/home";
import { place, quoted, stackOption, text } from "../terminal/options";
import { type StandingStack, withKubeconfig } from "../site/stack";
import { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import type { Unreachable } from "./collect";
import { clean } from "./fields";

/** Options of every command that looks at a running stack. */
export const stackOptions = { stack: text, kubeconfig: place };

type StackOptions = { [name in keyof typeof stackOptions]?: string };

/** A running stack, and what its user may type. */
export interface Running<S = PlainSettings> extends StandingStack<S> {
    /** Turns a command's name and arguments into what to type for this stack. */
    command: CommandLine;
    /** The kubeconfig's file for kubectl; undefined if there is none on this computer. */
    file?: string;
}

/** A running stack that may be only a cluster with its platform. */
export type AnyRunning = Running<PlainSettings | PlatformSettings>;

type CommandLine = (name: string, ...args: string[]) => string;

/**
 * The stack that was asked for. What has to be said meanwhile goes to standard error.
 * @throws if it isn't up, or has no environment
 */
export function runningStack(given: StackOptions): Promise<Running> {
    return running(given, readSettings);
}

/** The same of any stack: it may be only a cluster with its platform. */
export function anyRunningStack(given: StackOptions): Promise<AnyRunning> {
    return running(given, readStack);
}

async function running<S extends PlainSettings | PlatformSettings>(
    { stack, kubeconfig }: StackOptions, readBy: (stack: string, file: string) => S,
): Promise<Running<S>> {
    const name = stackOption(stack);
    const standing = await withKubeconfig(name, readBy(name, stackConfigFile(name)), kubeconfig, new Terminal(process.stderr));
    const kept = stackFile(name, "kubeconfig");
    return { ...standing, command: commandFor(name, kubeconfig), file: kubeconfig ?? (fs.existsSync(kept) ? kept : undefined) };
}

/** What to type for a stack: `npm run logs -- web --stack prod`. */
export function commandFor(stack: string, kubeconfig?: string): CommandLine {
    return (name, ...args) => {
        const options = [
            ...args, ...(stack === "dev" ? [] : ["--stack", stack]),
            ...(kubeconfig !== undefined && !["start", "down"].includes(name) ? ["--kubeconfig", kubeconfig] : []),
        ];
        return [name === "start" ? "npm start" : `npm run ${name}`, ...(options.length > 0 ? ["--", ...options.map(word => quoted(word))] : [])].join(" ");
    };
}

const advice: Record<Target, string> = {
    kind: "Is Docker running, and were its containers stopped? This starts them again, and changes nothing else: START",
    minikube: "Was minikube stopped? This starts it again, and changes nothing else: START",
    baremetal: "Is a control-plane machine up, and does this computer reach it? Ask it by SSH: systemctl status kubelet containerd",
    existing: "Is the cluster up, is its kubeconfig still valid, and does this computer reach it (VPN, proxy, allowed networks)?",
    eks: "Is this computer's address in landfall:cluster.authorizedNetworks, and are you logged in? aws sts get-caller-identity",
    gke: "Is this computer's address in landfall:cluster.authorizedNetworks, and are you logged in? gcloud auth application-default login",
    aks: "Is this computer's address in landfall:cluster.authorizedNetworks, and are you logged in? az login",
};

/** What is the matter with a cluster that doesn't answer, and what to do. */
export function describeSilence(error: Unreachable, target: Target, command: CommandLine): { matter: string; action: string } {
    if (error.code === 401) {
        const renew = ["kind", "minikube", "baremetal"].includes(target) ? `Get a new kubeconfig: ${command("start")}` : advice[target];
        return { matter: "it refuses the kubeconfig's credentials", action: renew };
    }
    if (error.code === 403) {
        return { matter: `it refuses to be asked: ${clean(error.message)}`, action: "Use a kubeconfig whose user may: --kubeconfig FILE" };
    }
    return { matter: `it doesn't answer: ${clean(error.message)}`, action: advice[target].replace("START", command("start")) };
}

/** The same for people who wanted something else of it; `right` is what the command needs. */
export function explainSilence(error: Unreachable, { settings, command }: Pick<Running<{ cluster: { target: Target } }>, "settings" | "command">, right: string): UserError {
    if (error.code === 403) return new UserError(`The cluster refuses it: ${error.message}. The kubeconfig's user needs the right to ${right}.`);
    const { matter, action } = describeSilence(error, settings.cluster.target, command);
    return new UserError(`The cluster can't be asked: ${matter}.\n${action}`);
}
