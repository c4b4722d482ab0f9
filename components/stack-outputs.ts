import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings";

/**
 * The outputs of a stack's last successful run, secrets in plain text; empty if there was none. The engine is asked for them,
 * because a program can't read its own stack's state in any other way.
 * @param stack ORGANIZATION/PROJECT/STACK; by default the program's own
 */
export async function readStackOutputs(stack = qualifiedStackName()): Promise<Record<string, unknown>> {
    return ask("pulumi:pulumi:readStackOutputs", { name: stack });
}

/** Each resource in the stack's state, by URN. Empty if no run has succeeded and left outputs. */
export async function readStackResources(): Promise<Record<string, { outputs?: Record<string, unknown> }>> {
    // Pulumi up to 3.276 panics when it is asked for the resources of a stack that has none.
    if (Object.keys(await readStackOutputs()).length === 0) return {};
    const asked = await ask("pulumi:pulumi:readStackResourceOutputs", { stackName: qualifiedStackName() });
    return asked as Record<string, { outputs?: Record<string, unknown> }>;
}

const answers = new WeakMap<object, Map<string, Promise<Record<string, unknown>>>>();

/** The state of the last run doesn't change during this one, so the engine reads it once for each question. */
function ask(token: string, args: pulumi.Inputs): Promise<Record<string, unknown>> {
    const engine = getMonitor() ?? {};
    const known = answers.get(engine) ?? new Map<string, Promise<Record<string, unknown>>>();
    answers.set(engine, known);
    const question = `${token} ${JSON.stringify(args)}`;
    const invoke = () => pulumi.runtime.invoke(token, args) as Promise<{ outputs?: Record<string, unknown> }>;
    const answer = known.get(question) ?? onceSaved(invoke).then(({ outputs = {} }) => outputs);
    known.set(question, answer);
    return answer;
}

/** The engine saves the state of a run that goes on. If it reads a file of a local backend at that moment, it finds it empty. */
const beingSaved = /failed to load checkpoint: EOF/;
/** Times to ask again, in milliseconds. Longer than that, the file is empty for another reason, such as a kill. */
const pauses = [50, 100, 200, 400, 800, 1600];

/** Reads from the state, again if the engine is saving it. */
export async function onceSaved<T>(read: () => Promise<T>, tried = 0): Promise<T> {
    try {
        return await read();
    } catch (error) {
        if (tried === pauses.length || !beingSaved.test((error as Error).message)) throw error;
        await sleep(pauses[tried]);
        return onceSaved(read, tried + 1);
    }
}

/** The stack's name in its backend. Without organisations, that is just its name. */
function qualifiedStackName(): string {
    const organization = pulumi.getOrganization();
    const stack = pulumi.getStack();
    return organization === "organization" ? stack : `${organization}/${pulumi.getProject()}/${stack}`;
}
