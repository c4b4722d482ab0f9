// An operation is a list of steps, each with its condition. The same list is printed before it runs, and run.
import { fail } from "../../scripts/process";
import { renderScript, type Task } from "../machine/script";
import type { NodeFacts } from "../program/facts";
import type { Connection } from "./ssh";
import { describeFailure, type Result } from "./ssh-failure";

type Machine = NodeFacts & { incarnation?: string };

/** A condition of a step: in words, completing "if …", and as the question itself. */
export interface Condition<State> {
    words: string;
    holds(state: State): boolean;
}

/** The parts of an operation's state that are machines. */
type Place<State> = {
    [Name in keyof State]-?: NonNullable<State[Name]> extends NodeFacts | NodeFacts[] ? Name : never
}[keyof State];

/** What a machine that failed answered. */
export interface Failure {
    machine: Machine;
    result: Result;
}

/** One step: tasks that run as one script on each of its machines, or whatever else the operation does. */
export type Step<State> = {
    /** The conditions, all of which must hold. */
    when?: Condition<State>[];
    /** Whether it also runs after an earlier step has failed. */
    always?: true;
} & ({
    /** Which machines; several run it at the same time. */
    on: Place<State>;
    /** One machine after the other instead. */
    inTurn?: true;
    tasks(state: State, machine: Machine): Task[];
    /** Shell variables of the script, such as a token that is valid for this run only. */
    values?(state: State, machine: Machine): Record<string, string>;
    /** Takes what a machine printed. */
    found?(state: State, printed: string, machine: Machine): void;
    /** Why the operation can't go on after these failures; undefined if it can. */
    failed?(failures: Failure[]): string | undefined;
} | {
    on?: Place<State>;
    name: string;
    run(state: State): Promise<void>;
});

/** What every operation works with. */
export interface Operation {
    connection: Connection;
}

/** Runs the steps, in their order. */
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

/** The steps as people read them: each with its machines, its conditions and its tasks. */
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

/** What went wrong on the machines; undefined where nothing did. */
export function describeFailures(failures: Failure[]): string | undefined {
    return failures.length > 0 ? failures.map(({ machine, result }) => describeFailure(machine, result)).join("\n\n") : undefined;
}

export const isControlPlane: Condition<{ node: NodeFacts }> = {
    words: "the node is of the control plane", holds: ({ node }) => node.role === "control-plane",
};

/** For a step whose failure stops nothing. */
export const ignored = (): undefined => undefined;

/** For a step that changes nothing and needs an answer from every machine. */
export function needsAll(what: string): (failures: Failure[]) => string {
    return failures => `${what} needs all nodes of the control plane. Nothing was changed.\n\n${describeFailures(failures)}\n\n` +
        "Bring the node back, or replace it under landfall:cluster.nodes, and run again.";
}

/** The first control-plane node that answers, other than `except`. An answer that can't be read is no silence, and fails. */
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

/** As `firstAnswering`, but fails where none answers. */
export async function answeringNode(connection: Connection, controlPlanes: NodeFacts[]): Promise<NodeFacts> {
    return await firstAnswering(connection, controlPlanes) ?? fail("No node of the control plane answers.");
}
