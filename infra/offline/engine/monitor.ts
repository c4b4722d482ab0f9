import * as pulumi from "@pulumi/pulumi";
import type {
    ReadResourceRequest,
    RegisterResourceOutputsRequest,
    RegisterResourceRequest,
    ResourceInvokeRequest,
} from "@pulumi/pulumi/proto/resource_pb";

import type { FirstError, ProgramOptions } from "./program";
import { createUrn, readRequest, type Registration } from "./registration";
import { containsUnknown, secret, type Values } from "./values";

const project = "landfall";

/** What comes of a registration. */
export interface Outcome {
    id?: string;
    outputs: Values;
}

/** What answers the program. */
export interface Answers {
    register(registration: Registration): Promise<Outcome>;
    /** Answers for a resource that the program only reads, such as another stack. */
    read(request: ReadRequest): Outcome | Promise<Outcome>;
    /** What a function of the engine itself returns; undefined where there is no such function. */
    invoke?(token: string): Values | undefined;
}

/** A resource that the program only reads. */
export interface ReadRequest {
    type: string;
    name: string;
    /** Undefined where it is not known yet, as in a preview. */
    id?: string;
    /** `urn::id` of the explicit provider. */
    provider?: string;
}

type Callback = (error: Error | null, response?: unknown) => void;

/** The part of the SDK's mock monitor that is replaced: mocks see neither parent nor dependencies nor options. */
interface Monitor {
    registerResource(request: RegisterResourceRequest, callback: Callback): Promise<void>;
    readResource(request: ReadResourceRequest, callback: Callback): Promise<void>;
    invoke(request: ResourceInvokeRequest, callback: Callback): Promise<void>;
    registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: Callback): void;
}

/**
 * Sets up the SDK's mock monitor for a run of the program; `outputs` are the stack's once it has run. After an error
 * a request gets no answer at all: what depends on it must not go on, and `failure` ends the run.
 */
export async function startMonitor(
    options: ProgramOptions,
    failure: FirstError,
    { register, read, invoke }: Answers,
): Promise<{ outputs: Values }> {
    await pulumi.runtime.setMocks(
        { newResource: args => refuse(args.type), call: args => refuse(`the function ${args.token}`) },
        project,
        options.stack,
        options.preview ?? false,
        "organization",
    );
    pulumi.runtime.setAllConfig(options.config, options.secretKeys ?? []);
    const registered = new Map<string, Registration>();
    const stack = { outputs: {} as Values };

    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    monitor.registerResource = async (request, callback) => {
        try {
            const registration = readRequest(request, project, options.stack, registered.get(request.getParent()));
            if (registered.has(registration.urn)) throw new Error(`Two resources have the URN ${registration.urn}`);
            failure.throwIfAny();
            registered.set(registration.urn, registration);
            callback(null, registrationResponse(registration, await register(registration)));
        } catch (error) {
            failure.report(error);
        }
    };
    monitor.readResource = async (request, callback) => {
        try {
            failure.throwIfAny();
            const [type, name, id] = [request.getType(), request.getName(), request.getId()];
            const provider = request.getProvider();
            const known = id !== pulumi.runtime.unknownValue;
            const { outputs } = await read({ type, name, ...(known && { id }), ...(provider && { provider }) });
            const urn = createUrn(project, options.stack, request.getParent(), type, name);
            const done = { getResult: () => 0, getUnknown: () => false };
            callback(null, { getUrn: () => urn, getProperties: () => struct(outputs), ...done });
        } catch (error) {
            failure.report(error);
        }
    };
    monitor.invoke = async (request, callback) => {
        const returned = invoke?.(request.getTok());
        if (!returned) return failure.report(refusal(`the function ${request.getTok()}`));
        callback(null, { getReturn: () => struct(returned), getFailuresList: () => [] });
    };
    monitor.registerResourceOutputs = (request, callback) => {
        const isStack = registered.get(request.getUrn())?.type === pulumi.runtime.rootPulumiStackTypeName;
        if (isStack) stack.outputs = (request.getOutputs()?.toJavaScript() ?? {}) as Values;
        callback(null, {});
    };
    return stack;
}

/** The part of the response that the SDK reads. */
function registrationResponse({ urn, additionalSecretOutputs }: Registration, outcome: Outcome) {
    const outputs = { ...outcome.outputs };
    for (const key of additionalSecretOutputs) {
        if (key in outputs && !containsUnknown(outputs[key])) outputs[key] = secret(outputs[key]);
    }
    return {
        getUrn: () => urn,
        getId: () => outcome.id,
        getObject: () => struct(outputs),
        getPropertydependenciesMap: () => undefined,
        getResult: () => 0,
        getUnknown: () => false,
    };
}

/** Stands for a protobuf Struct, of which the SDK only asks its JavaScript. */
function struct(values: Values) {
    return { toJavaScript: () => values };
}

function refuse(what: string): never {
    throw refusal(what);
}

function refusal(what: string): Error {
    return new Error(`The program needs ${what}, which only Pulumi's engine does`);
}
