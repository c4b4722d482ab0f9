import { deleteInReverse } from "./deletion";
import type { Outcome, ReadRequest } from "./monitor";
import { plan, type Plan } from "./plan";
import { Redactor } from "./redact";
import { readResource } from "./read";
import type { Registration } from "./registration";
import type { ResourceState, State } from "./state";
import { type Action, handlerOf } from "./types";
import { equal, unwrap, type Value, type Values } from "./values";

/** How many resources a run changed, and how. */
export type Changes = Record<"create" | "update" | "replace" | "delete" | "same", number>;

export interface DeploymentOptions {
    log: (line: string) => void;
    env?: Record<string, string>;
    dryRun?: boolean;
}

type Operation = "create" | "update" | "delete";
type Deed = Operation | "replace";
type Choice = (resource: ResourceState) => boolean;

const progressEvery = 15_000;

/** One run of the engine over a stack's state: answers registrations by real actions, then deletes what is left. */
export class Deployment {
    readonly changes: Changes = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
    private readonly registered: string[] = [];
    /** What is or will be deleted in this run; what goes with it needs no deletion of its own. */
    private readonly going = new Set<string>();
    private readonly redactor = new Redactor();
    private readonly env: NodeJS.ProcessEnv;

    constructor(
        private readonly state: State,
        private readonly options: DeploymentOptions,
    ) {
        this.env = { ...process.env, ...options.env };
        for (const { inputs, outputs } of state.all()) this.redactor.learn([inputs, outputs]);
    }

    /** Makes a registered resource what it should be, and answers with what came of it. */
    readonly register = async (registration: Registration): Promise<Outcome> => {
        this.registered.push(registration.urn);
        this.redactor.learn(registration.inputs);
        const old = this.state.find(registration.urn);
        if (!registration.custom) return this.component(registration, old);
        const surroundings = {
            provider: this.providerInputs(registration.provider),
            goesWithReplaced: registration.deletedWith !== undefined && this.going.has(registration.deletedWith),
        };
        const planned = plan(registration, old, handlerOf(registration.type), surroundings);
        if (planned.action === "replace" && old?.protect) throw protectedError(old);
        if (planned.action === "replace") this.going.add(registration.urn);
        this.changes[planned.action]++;
        if (planned.action === "same" && old) {
            if (!this.options.dryRun) this.keep({ ...registration, inputs: planned.inputs }, old);
            return { id: old.id, outputs: old.outputs };
        }
        if (this.options.dryRun) return this.announce(registration, planned, old);
        return this.carryOut(registration, planned, old);
    };

    /** Reads what the program did not make. */
    readonly read = async (request: ReadRequest): Promise<Outcome> => {
        const outcome = await readResource(request, this.providerInputs(request.provider), this.env);
        this.redactor.learn(outcome.outputs);
        return outcome;
    };

    /** The functions of Pulumi's engine by which a program reads its own stack's state; plain, as they stay inside it. */
    readonly invoke = (token: string): Values | undefined => {
        const made = this.state.all().filter(({ replaced, underWay }) => !replaced && underWay !== "create");
        if (token === "pulumi:pulumi:readStackOutputs") return { outputs: made.length > 0 ? { made: made.length } : {} };
        if (token !== "pulumi:pulumi:readStackResourceOutputs") return undefined;
        return { outputs: Object.fromEntries(made.map(({ urn, outputs }) => [urn, { outputs: unwrap(outputs) }])) };
    };

    /** Deletes what the program no longer registers, and what was replaced. */
    async deleteRest(): Promise<void> {
        const registered = new Set(this.registered);
        if (!this.options.dryRun) this.state.reorder(this.registered);
        await this.deleteAll(this.state.all().filter(({ urn, replaced }) => replaced || !registered.has(urn)));
    }

    /** Deletes these resources, which are in the order of dependency; those to keep are only forgotten. */
    async deleteAll(resources: ResourceState[], keep: Choice = () => false): Promise<void> {
        const protectedOne = resources.find(resource => resource.protect && !keep(resource));
        if (protectedOne) throw protectedError(protectedOne);
        for (const resource of resources) {
            if (!keep(resource) && !resource.retainOnDelete) this.going.add(resource.urn);
        }
        await deleteInReverse(resources, async resource => {
            if (!resource.replaced) this.changes.delete++;
            if (this.options.dryRun) {
                if (resource.custom) this.log(`${"delete".padEnd(8)}${resource.type}  ${resource.name}`);
                return;
            }
            if (!keep(resource)) await this.delete(resource);
            this.state.remove(resource);
        });
    }

    private component(registration: Registration, old: ResourceState | undefined): Outcome {
        this.changes[old ? "same" : "create"]++;
        if (!this.options.dryRun) this.keep(registration, old);
        return { outputs: {} };
    }

    private carryOut(registration: Registration, planned: Plan, old: ResourceState | undefined): Promise<Outcome> {
        const handler = handlerOf(registration.type);
        return this.timed(planned.action as Deed, registration, async progress => {
            if (planned.action === "replace" && old) await this.makeWay(old, planned.deleteFirst);
            const isUpdate = planned.action === "update" && old;
            const next: ResourceState = { ...registration, inputs: planned.inputs, outputs: {}, underWay: "create" };
            const begun: ResourceState = isUpdate ? { ...old, underWay: "update" } : next;
            this.state.put(begun, planned.action === "replace" ? undefined : old);
            const action = this.action(next, isUpdate ? "update" : "create", progress);
            action.resumed = old?.underWay !== undefined;
            const outcome = isUpdate ? await handler.update(action, old) : await handler.create(action);
            this.redactor.learn(outcome.outputs);
            const { id, outputs } = outcome;
            this.state.put({ ...registration, inputs: planned.inputs, id, outputs }, begun);
            return outcome;
        });
    }

    /** Deletes a resource that is replaced, or leaves it until the program has run. */
    private async makeWay(old: ResourceState, deleteFirst: boolean): Promise<void> {
        if (!deleteFirst) return this.state.put({ ...old, replaced: true }, old);
        await this.delete(old);
        this.state.remove(old);
    }

    private async delete(resource: ResourceState): Promise<void> {
        const goesWithIt = resource.deletedWith !== undefined && this.going.has(resource.deletedWith);
        if (!resource.custom || resource.retainOnDelete || goesWithIt) return;
        const handler = handlerOf(resource.type);
        const current = resource.replaced ? this.state.find(resource.urn) : undefined;
        await this.timed("delete", resource, progress =>
            handler.delete(this.action(resource, "delete", progress), resource, current),
        );
    }

    private announce(registration: Registration, planned: Plan, old: ResourceState | undefined): Outcome {
        this.log(`${planned.action.padEnd(8)}${registration.type}  ${registration.name}`);
        return { id: planned.action === "update" ? old?.id : undefined, outputs: planned.inputs };
    }

    /** Records a resource that did not change; its options may have. */
    private keep(registration: Registration, old: ResourceState | undefined): void {
        const kept = { ...registration, ...(old?.id && { id: old.id }), outputs: old?.outputs ?? {} };
        if (!equal(asValue(kept), asValue(old))) this.state.put(kept, old);
    }

    private action(resource: ResourceState, operation: Operation, progress: Action["progress"]): Action {
        const { type, name, inputs } = resource;
        const provider = this.providerInputs(resource.provider);
        const timeout = resource.timeouts?.[operation];
        return { type, name, inputs, provider, env: this.env, resumed: false, timeout, progress };
    }

    /** The provider's inputs; an older one of the same URN if that is what the resource was made with. */
    private providerInputs(provider: string | undefined): Values {
        const found = this.state.all().find(({ urn, id }) => provider === `${urn}::${id}`);
        return found?.inputs ?? {};
    }

    /** Says one line when it is done, and what it waits for meanwhile if it takes long. */
    private async timed<T>(
        deed: Deed,
        { type, name }: Registration,
        act: (progress: Action["progress"]) => Promise<T>,
    ): Promise<T> {
        const start = Date.now();
        let said = start;
        const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
        const progress = (text: string) => {
            if (Date.now() - said < progressEvery) return;
            said = Date.now();
            this.log(`${"".padEnd(8)}${type}  ${name}  ${seconds()} so far${text && `: ${text}`}`);
        };
        try {
            const result = await act(progress);
            this.log(`${deed.padEnd(8)}${type}  ${name}  ${seconds()}`);
            return result;
        } catch (error) {
            this.log(`${"FAILED".padEnd(8)}${type}  ${name}  ${seconds()}`);
            const reason = error instanceof Error ? error.message : String(error);
            throw new Error(this.clean(`${type} "${name}" could not be ${past[deed]}: ${reason}`));
        }
    }

    /** The text without the secrets that this run has seen. */
    clean(text: string): string {
        return this.redactor.clean(text);
    }

    private log(line: string): void {
        this.options.log(this.clean(line));
    }
}

const past: Record<Deed, string> = { create: "created", update: "updated", replace: "replaced", delete: "deleted" };

function asValue(resource: ResourceState | undefined): Value {
    return (resource ?? null) as unknown as Value;
}

function protectedError({ type, name }: ResourceState): Error {
    return new Error(
        `${type} "${name}" is protected from deletion: take \`protect\` from it and apply that before it may go`,
    );
}
