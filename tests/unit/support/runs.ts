import { type ProgramOptions, runProgram } from "../../../infra/cli/capture/program";
import type { Registration } from "../../../infra/cli/capture/registration";
import { unwrap, type Values } from "../../../infra/values";

/** A resource that a run has left, with plain inputs. */
export interface Kept {
    registration: Registration;
    inputs: Values;
    id: string;
    outputs: Values;
}

/** What a run does for a resource, given what the runs before have left of it; undefined where nothing has to be done. */
export type Provide = (resource: Omit<Kept, "id" | "outputs">, before?: Kept) =>
    Pick<Kept, "outputs"> | undefined | Promise<Pick<Kept, "outputs"> | undefined>;

/** The runs of one stack, each of which knows what the ones before have made. Nothing is ever deleted. */
export class Runs {
    /** By URN. */
    readonly kept = new Map<string, Kept>();
    private ended = false;

    constructor(private readonly provide: Provide) {}

    /** Runs the program and returns the stack's outputs, and the resources for which something was done. */
    async run(options: Omit<ProgramOptions, "config">): Promise<{ outputs: Values; done: string[] }> {
        const done: string[] = [];
        const outputs = await runProgram({ config: {}, ...options }, {
            register: async registration => {
                const resource = { registration, inputs: unwrap(registration.inputs) as Values };
                const before = this.kept.get(registration.urn);
                const made = await this.provide(resource, before);
                const kept = { id: registration.name, outputs: registration.inputs, ...before, ...made, ...resource };
                this.kept.set(registration.urn, kept);
                if (made) done.push(registration.name);
                return kept;
            },
            read: id => ({ id, outputs: {} }),
            invoke: token => ({ outputs: this.answer(token) }),
        });
        this.ended = true;
        return { outputs: unwrap(outputs) as Values, done };
    }

    private answer(token: string): Values {
        // A stack has outputs once a run has ended.
        if (token === "pulumi:pulumi:readStackOutputs") return this.ended ? { address: "https://www.example.com" } : {};
        if (token !== "pulumi:pulumi:readStackResourceOutputs") throw new Error(`Nothing answers ${token} here`);
        return Object.fromEntries([...this.kept].map(([urn, { outputs }]) => [urn, { outputs: unwrap(outputs) }]));
    }
}
