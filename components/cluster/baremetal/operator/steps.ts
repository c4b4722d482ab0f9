// An operation on machines is a list of steps, each with its conditions. `perform` runs the list. `renderSteps` prints it, for
// the golden file tests/unit/components/cluster/baremetal/operator/golden/operations.txt.
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../scripts/process";
import { renderScript, type Task } from "../machine/script";
import type { NodeFacts } from "../program/facts";
import type { Connection } from "./ssh";
import { describeFailure, type Result } from "./ssh-failure";

type Machine = NodeFacts & { incarnation?: string };

/** A condition of a step: in words that complete "if …", and as a function. */
export interface Condition<State> {
    words: string;
    holds(state: State): boolean;
}

/** Names of the state's properties that hold a machine or a list of machines. */
type Place<State> = {
    [Name in keyof State]-?: NonNullable<State[Name]> extends NodeFacts | NodeFacts[] ? Name : never
}[keyof State];

/** A machine on which a script ran, and the result; for failures, the result isn't `ok`. */
export interface Failure {
    machine: Machine;
    result: Result;
}

/** One step: tasks that run as one script on each of its machines, or a function that runs on this computer. */
export type Step<State> = {
    /** The conditions, all of which must hold. */
    when?: Condition<State>[];
    /** Whether it also runs after an earlier step has failed. */
    always?: true;
} & ({
    /** The property of the state that holds its machines. They all run it at the same time. */
    on: Place<State>;
    /** The machines run it one after the other instead. */
    inTurn?: true;
    tasks(state: State, machine: Machine): Task[];
    /** Shell variables of the script, such as a token that is valid for this run only. */
    values?(state: State, machine: Machine): Record<string, string>;
    /** Stores in the state what a machine printed. */
    found?(state: State, printed: string, machine: Machine): void;
    /** Message that stops the operation after these failures; undefined if it continues. @default any failure stops it */
    failed?(failures: Failure[]): string | undefined;
} | {
    on?: Place<State>;
    name: string;
    run(state: State): Promise<void>;
});

/** State that every operation has. */
export interface Operation {
    connection: Connection;
}

/** Runs the steps in order. After a failure, it runs only those with `always`, and then throws the first error. */
export async function perform<State extends Operation>(steps: Step<State>[], state: State): Promise<void> {
    let problem: unknown;
    for (const step of steps) {
        if (problem !== undefined && !step.always) continue;
        if (!(step.when ?? []).every(({ holds }) => holds(state))) continue;
        try {
            await performStep(step, state);
        } catch (error) {
            problem ??= error;
        }
    }
    if (problem !== undefined) throw problem;
}

async function performStep<State extends Operation>(step: Step<State>, state: State): Promise<void> {
    if ("run" in step) return step.run(state);
    const perMachine = async (machine: Machine) => {
        const script = renderScript(step.tasks(state, machine), step.values?.(state, machine));
        return { machine, result: await state.connection.attempt(machine, script) };
    };
    const settle = (results: Failure[]) => {
        const failures = results.filter(({ result }) => !result.ok);
        const problem = failures.length > 0 ? (step.failed ?? describeFailures)(failures) : undefined;
        if (problem !== undefined) fail(problem);
        for (const { machine, result } of results) step.found?.(state, result.stdout.trim(), machine);
    };
    const machines = machinesOf(state[step.on]);
    if (machines.length === 0) throw new Error(`A step has no machine: there is no ${String(step.on)}.`);
    if (!step.inTurn) return settle(await Promise.all(machines.map(perMachine)));
    for (const machine of machines) settle([await perMachine(machine)]);
}

function machinesOf(place: unknown): Machine[] {
    return [place as Machine | Machine[] | undefined ?? []].flat();
}

/** The steps as readable text: each with its machines, conditions and tasks. */
export function renderSteps<State>(steps: Step<State>[], state: State): string {
    return steps.map((step, index) => {
        const machines = step.on === undefined ? [] : machinesOf(state[step.on]);
        const tasks = "run" in step ? [step.name] : step.tasks(state, machines[0]).map(({ name }) => name);
        const on = machines.map(({ name }) => name).join("inTurn" in step ? ", then " : ", ") || "this computer";
        const conditions = (step.when ?? []).map(({ words }) => words).join(" and ");
        const lines = [...new Set(tasks)].map(name => `      ${name}\n`);
        return `${String(index + 1).padStart(3)}. On ${on}${conditions && `, if ${conditions}`}:\n${lines.join("")}`;
    }).join("");
}

/** What went wrong on the machines; undefined if nothing did. */
export function describeFailures(failures: Failure[]): string | undefined {
    return failures.length > 0 ? failures.map(({ machine, result }) => describeFailure(machine, result)).join("\n\n") : undefined;
}

export const isControlPlane: Condition<{ node: NodeFacts }> = {
    words: "the node belongs to the control plane", holds: ({ node }) => node.role === "control-plane",
};

/** As `failed`: continues after any failure. */
export const ignored = (): undefined => undefined;

/** As `failed` of a step that changes nothing: any failure stops the operation. `what` names the operation. */
export function needsAll(what: string): (failures: Failure[]) => string {
    return failures => `${what} needs all control-plane nodes. Nothing was changed.\n\n${describeFailures(failures)}\n\n` +
        "Bring the node back, or replace it under landfall:cluster.nodes, and run again.";
}

/**
 * The first control-plane node whose API server answers, other than `except`; undefined if none answers. If none does and an
 * answer can't be read, it fails, because that isn't the same as no answer.
 */
export async function firstAnswering(
    connection: Connection, controlPlanes: NodeFacts[], except?: string,
): Promise<NodeFacts | undefined> {
    const others = controlPlanes.filter(({ name }) => name !== except);
    const ask = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz >/dev/null";
    const asked = others.map(async other => {
        const result = await connection.attempt(other, ask);
        if (result.ok) return other;
        const unread = result.code !== 255 && !result.whole;
        throw unread ? new Error(describeFailure(other, result)) : undefined;
    });
    return Promise.any(asked).catch(({ errors }: { errors: (Error | undefined)[] }) => {
        const unread = errors.flatMap(error => error?.message ?? []);
        return unread.length > 0 ? fail(unread.join("\n\n")) : undefined;
    });
}

/** Like `firstAnswering`, but waits for one, because an API server on a busy machine may not answer at once, and fails if none answers. */
export async function answeringNode(connection: Connection, controlPlanes: NodeFacts[], seconds = 120): Promise<NodeFacts> {
    for (const end = Date.now() + seconds * 1000; ; await sleep(2000)) {
        const found = await firstAnswering(connection, controlPlanes);
        if (found) return found;
        if (Date.now() > end) return fail(`No control-plane node has answered for ${seconds} s.`);
    }
}
