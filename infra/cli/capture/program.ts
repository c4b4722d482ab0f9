import { createRequire } from "node:module";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import type {
    ReadResourceRequest,
    RegisterResourceOutputsRequest,
    RegisterResourceRequest,
    ResourceInvokeRequest,
} from "@pulumi/pulumi/proto/resource_pb";
import * as state from "@pulumi/pulumi/runtime/state";

import { createUrn, readRequest, type Registration } from "./registration";
import { secret, type Values } from "../../values";

const root = path.resolve(__dirname, "../../..");
const load = createRequire(path.join(root, "package.json"));
const project = "landfall";

/** Which program to run, and as which stack. */
export interface ProgramOptions {
    stack: string;
    /** As `PULUMI_CONFIG` holds it: full keys; objects as JSON. */
    config: Record<string, string>;
    /** Keys of `config` that are secrets. */
    secretKeys?: string[];
    /** A program other than `infra/index.ts`; it returns the stack's outputs. */
    program?: () => Promise<unknown>;
    /** Whether this is a preview to the program. @default false */
    preview?: boolean;
}

/** The result of a registration. */
export interface Outcome {
    id?: string;
    outputs: Values;
}

/** Answers the program's requests in place of the engine. */
export interface Answers {
    register(registration: Registration): Outcome | Promise<Outcome>;
    /** Answers for a resource that the program only reads, such as another stack. */
    read(id: string): Outcome;
    /** What a function returns. @default every function is refused */
    invoke?(token: string, args: Values): Values;
}

type Callback = (error: Error | null, response?: unknown) => void;

/** The part of the SDK's mock monitor that is replaced: mocks see neither parent nor dependencies nor options. */
interface Monitor {
    registerResource(request: RegisterResourceRequest, callback: Callback): void;
    readResource(request: ReadResourceRequest, callback: Callback): void;
    invoke(request: ResourceInvokeRequest, callback: Callback): void;
    registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: Callback): void;
}

/** The SDK keeps the state of a run in a store. The Automation API uses this function to give each program its own. */
const { withLocalStorage } = state as unknown as {
    withLocalStorage: <T>(callback: () => Promise<T>) => Promise<T>;
};

/**
 * Runs the program under the SDK's mock monitor, with the stack as the root resource, and returns the stack's outputs.
 * The first error ends the run: nothing further is registered, and the error is thrown.
 */
export function runProgram(options: ProgramOptions, answers: Answers): Promise<Values> {
    return withLocalStorage(async () => {
        const failure = new FirstError();
        const stack = await mockMonitor(options, failure, answers);
        process.on("unhandledRejection", failure.report);
        process.once("exit", failIfUnfinished);
        try {
            await Promise.race([runInStack(options), failure.promise]);
            failure.throwIfAny();
            return stack.outputs;
        } finally {
            await rejectionsReported();
            process.off("unhandledRejection", failure.report);
            process.off("exit", failIfUnfinished);
        }
    });
}

/**
 * Sets up the SDK's mock monitor; `outputs` are the stack's once the program has run. After an error a request gets no
 * answer: nothing that depends on it may continue, and `failure` ends the run.
 */
async function mockMonitor(
    { stack, config, secretKeys = [], preview = false }: ProgramOptions, failure: FirstError,
    { register, read, invoke = token => refuse(`the function ${token}`) }: Answers,
): Promise<{ outputs: Values }> {
    await pulumi.runtime.setMocks(
        { newResource: ({ type }) => refuse(type), call: ({ token }) => refuse(`the function ${token}`) },
        project, stack, preview, "organization",
    );
    pulumi.runtime.setAllConfig(config, secretKeys);
    const registered = new Map<string, Registration>();
    const result = { outputs: {} as Values };
    const answering = async (answer: () => unknown, callback: Callback): Promise<void> => {
        try {
            failure.throwIfAny();
            callback(null, await answer());
        } catch (error) {
            failure.report(error);
        }
    };
    const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
    monitor.registerResource = (request, callback) => void answering(async () => {
        const registration = readRequest(request, project, stack, registered.get(request.getParent()));
        if (registered.has(registration.urn)) throw new Error(`Two resources have the URN ${registration.urn}`);
        registered.set(registration.urn, registration);
        return registrationResponse(registration, await register(registration));
    }, callback);
    monitor.readResource = (request, callback) => void answering(() => {
        const { outputs } = read(request.getId());
        const urn = createUrn(project, stack, request.getParent(), request.getType(), request.getName());
        return { getUrn: () => urn, getProperties: () => struct(outputs), getResult: () => 0, getUnknown: () => false };
    }, callback);
    monitor.invoke = (request, callback) => void answering(() => {
        const returned = struct(invoke(request.getTok(), (request.getArgs()?.toJavaScript() ?? {}) as Values));
        return { getReturn: () => returned, getFailuresList: () => [] };
    }, callback);
    monitor.registerResourceOutputs = (request, callback) => {
        const isStack = registered.get(request.getUrn())?.type === pulumi.runtime.rootPulumiStackTypeName;
        if (isStack) result.outputs = (request.getOutputs()?.toJavaScript() ?? {}) as Values;
        callback(null, {});
    };
    return result;
}

/** The part of the response that the SDK reads. */
function registrationResponse({ urn, additionalSecretOutputs }: Registration, outcome: Outcome) {
    const outputs = { ...outcome.outputs };
    for (const key of additionalSecretOutputs) if (key in outputs) outputs[key] = secret(outputs[key]);
    return {
        getUrn: () => urn,
        getId: () => outcome.id,
        getObject: () => struct(outputs),
        getPropertydependenciesMap: () => undefined,
        getResult: () => 0,
        getUnknown: () => false,
    };
}

/** In place of a protobuf Struct. The SDK calls nothing else on it. */
function struct(values: Values) {
    return { toJavaScript: () => values };
}

function refuse(what: string): never {
    throw new Error(`The program needs ${what}, which only Pulumi's engine does`);
}

async function runInStack(options: ProgramOptions): Promise<void> {
    await pulumi.runtime.runInPulumiStack(async () => {
        pulumi.runtime.registerStackTransformation(withoutAliases);
        return (options.program ?? loadProgram)();
    });
    await pulumi.runtime.disconnect();
    await rejectionsReported();
    if (pulumi.log.hasErrors()) throw new Error("The program logged errors; they are above");
}

/** No resource here has an earlier name, but the Azure provider adds a hundred aliases to each. */
const withoutAliases: pulumi.ResourceTransformation = ({ props, opts }) => ({ props, opts: { ...opts, aliases: undefined } });

/** Node reports unhandled rejections only after the microtasks. */
function rejectionsReported(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve));
}

/** Evaluates `infra/index.ts`, and runs it if it exports a function, as Pulumi does. Its imports are loaded only once. */
async function loadProgram(): Promise<unknown> {
    if (!load.extensions[".ts"]) load("./infra/preload.cjs");
    const file = path.join(root, "infra", "index.ts");
    delete load.cache[file];
    const exported: unknown = load(file);
    return typeof exported === "function" ? (exported as () => unknown)() : exported;
}

/** Keeps the first error of a run. */
class FirstError {
    private error: unknown;
    private reject: (error: unknown) => void = () => undefined;
    readonly promise = new Promise<never>((_, reject) => (this.reject = reject));

    constructor() {
        this.promise.catch(() => undefined);
    }

    readonly report = (error: unknown): void => {
        this.error ??= error;
        this.reject(error);
    };

    throwIfAny(): void {
        if (this.error !== undefined) throw this.error;
    }
}

/** Node exits without a message if the program waits for a promise that is never settled. */
function failIfUnfinished(): void {
    process.exitCode ||= 1;
    process.stderr.write("The program ended before its resources were complete: a value it waits for never comes.\n");
}
