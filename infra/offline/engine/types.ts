import { command } from "./command";
import { image } from "./image";
import { kubernetes } from "./kubernetes";
import { kubernetesProvider } from "./kubernetes-provider";
import type { Outcome } from "./monitor";
import { randomId, randomPassword, randomString, randomUuid } from "./random";
import type { Registration } from "./registration";
import type { ResourceState } from "./state";
import type { Values } from "./values";

/*
 * What the engine does, and where it differs from Pulumi's provider of the same type:
 *
 * | type                            | create, update, delete               | difference                           |
 * | ------------------------------- | ------------------------------------ | ------------------------------------ |
 * | kubernetes:*                    | server-side apply, then readiness;   | no patch, Helm or YAML types; what   |
 * |                                 | foreground deletion until it is gone;| is read is not kept in the state     |
 * |                                 | reading by name                      |                                      |
 * | pulumi:providers:kubernetes     | kubeconfig, context, namespace       | required: there is no default one    |
 * | command:local:Command           | the commands                         | no assetPaths and archivePaths       |
 * | docker:index/image:Image        | docker build, docker push            | Docker's own login to the registry   |
 * | random:* Password, String,      | values of the system's generator     | no bcryptHash                        |
 * | Id and Uuid                     |                                      |                                      |
 * | components, the stack           | recorded                             |                                      |
 *
 * Options that it honours: parent, dependsOn, provider, protect, retainOnDelete, deletedWith, deleteBeforeReplace,
 * ignoreChanges, replaceOnChanges, additionalSecretOutputs, customTimeouts, transformations. Any other type, and the
 * options import, transforms, hooks and replaceWith, are refused by name. Aliases are not looked at.
 */

/** What a handler acts on. */
export interface Action {
    type: string;
    name: string;
    /** Inputs, in which secrets keep their marker. */
    inputs: Values;
    /** Inputs of the explicit provider. */
    provider: Values;
    /** Environment of the processes that the handler starts. */
    env: NodeJS.ProcessEnv;
    /** Whether an interrupted run may have begun it. */
    resumed: boolean;
    /** Seconds after which the action is given up, where the program says so. */
    timeout?: number;
    /** Says what the action waits for. */
    progress(text: string): void;
}

/** Whether and how a resource changes. */
export interface Difference {
    change: "none" | "update" | "replace";
    /** Whether the old one must go before the new one comes. */
    deleteFirst?: boolean;
}

/** What the engine does for resources of a type. */
export interface Handler {
    /** Completes the inputs, or throws if the engine can't do what they ask; `old` where there is one to go on from. */
    check?(registration: Registration, old: ResourceState | undefined): Values;
    /** By default any change is an update. */
    diff?(old: ResourceState, inputs: Values, provider: Values): Difference;
    create(action: Action): Promise<Outcome>;
    update(action: Action, old: ResourceState): Promise<Outcome>;
    /** Reads one that the program did not make. */
    read?(action: Action, id: string): Promise<Outcome>;
    /** `current` is what stands in its place, if it was replaced. */
    delete(action: Action, old: ResourceState, current: ResourceState | undefined): Promise<void>;
}

const handlers: Record<string, Handler> = {
    "command:local:Command": command,
    "docker:index/image:Image": image,
    "pulumi:providers:kubernetes": kubernetesProvider,
    "random:index/randomId:RandomId": randomId,
    "random:index/randomPassword:RandomPassword": randomPassword,
    "random:index/randomString:RandomString": randomString,
    "random:index/randomUuid:RandomUuid": randomUuid,
};

/** What does resources of this type; an error that names the type if nothing does. */
export function handlerOf(type: string): Handler {
    const handler = isObject(type) ? kubernetes : handlers[type];
    if (!handler) throw new Error(`The offline engine can't do resources of type ${type}; Pulumi's engine can`);
    return handler;
}

/** Whether the engine can read what is of this type. */
export function canRead(type: string): boolean {
    return isObject(type) || handlers[type]?.read !== undefined;
}

function isObject(type: string): boolean {
    const isManifest = /^kubernetes:(helm\.sh|yaml|kustomize)|(Patch|List)$/.test(type);
    return /^kubernetes:[^:]+:\w+$/.test(type) && !isManifest;
}
