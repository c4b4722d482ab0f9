// Does each rotation in the settings once: of the control plane's certificates, or of the key that encrypts secrets at rest. Keys
// are only on the control-plane nodes, in this script's memory, and on ssh's standard input and output.
import { fail, main } from "../../scripts/process";
import { lastRotationTasks, rotateTasks } from "../machine/certificates";
import { healthTasks, restartTasks } from "../machine/control-plane";
import { encryptionConfig, type Key } from "../../encryption";
import { makeKeyTasks, readKeysTasks, rewriteTasks, useKeysTasks } from "../machine/encryption";
import type { NodeFacts, ScriptFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { type Condition, needsAll, type Operation, perform, type Step } from "./steps";

interface Rotation extends Operation {
    cluster: Omit<ScriptFacts["rotate"]["cluster"], "rotates">;
    controlPlanes: NodeFacts[];
}

function controlPlaneOf({ cluster: { virtualAddress }, controlPlanes }: Rotation) {
    return { virtualAddress, controlPlanes };
}

interface CertificateRotation extends Rotation {
    /** Whether each node has had this rotation. */
    rotated: boolean[];
}

const certificatesAreDue = {
    words: "a node has not had this rotation", holds: s => !s.rotated.every(Boolean),
} satisfies Condition<CertificateRotation>;
const needsAllForCertificates = needsAll("Rotating the certificates");

export const certificateSteps: Step<CertificateRotation>[] = [
    { on: "controlPlanes", tasks: () => lastRotationTasks, failed: needsAllForCertificates, found: (s, printed) => {
        s.rotated.push(printed === s.cluster.rotation);
    } },
    { on: "controlPlanes", when: [certificatesAreDue], tasks: () => healthTasks(), failed: needsAllForCertificates },
    { on: "controlPlanes", inTurn: true, when: [certificatesAreDue], tasks: s =>
        rotateTasks(controlPlaneOf(s), s.cluster.rotation) },
];

interface KeyRotation extends Rotation {
    /** The node that generates the key and rewrites the secrets. */
    first: NodeFacts;
    /** Each node's keys, by its name. */
    keys: Map<string, Key[]>;
    /** The new key. */
    key?: Key;
}

const keyIsDue = {
    words: "a node has another key",
    holds: s => [...s.keys.values()].some(keys => keys.length !== 1 || keys[0].name !== nameOf(s)),
} satisfies Condition<KeyRotation>;
const lacksKey = {
    words: "no interrupted run has made the key", holds: s => s.key === undefined,
} satisfies Condition<KeyRotation>;
const needsAllForKey = needsAll("Rotating the encryption key");

export const keySteps: Step<KeyRotation>[] = [
    { on: "controlPlanes", tasks: () => readKeysTasks, failed: needsAllForKey, found: takeKeys },
    { on: "controlPlanes", when: [keyIsDue], tasks: () => healthTasks(), failed: needsAllForKey },
    { name: "Find the key that an interrupted run has made", run: findKey },
    { on: "first", when: [lacksKey], tasks: () => makeKeyTasks, found: (s, printed) => {
        s.key = { name: nameOf(s), secret: printed };
    } },
    { ...useKeys("known"), when: [keyIsDue] },
    { ...useKeys("first"), when: [keyIsDue] },
    { on: "first", when: [keyIsDue], tasks: s => rewriteTasks(nameOf(s)) },
    // Always: an interrupted run may have written the keys without restarting the API server.
    useKeys("alone"),
];

/** Gives the phase's keys to one API server after the other. */
function useKeys(name: keyof ReturnType<typeof phases>): Step<KeyRotation> {
    const next = (s: KeyRotation, node: NodeFacts) => phaseOf(s, name)(s.keys.get(node.name) ?? []);
    return {
        on: "controlPlanes",
        inTurn: true,
        tasks: s => [...restartTasks(controlPlaneOf(s)), ...useKeysTasks],
        values: (s, node) => ({ CONFIG: JSON.stringify(encryptionConfig(next(s, node)), undefined, 2) }),
        found: (s, _, node) => void s.keys.set(node.name, next(s, node)),
    };
}

function phaseOf({ key }: KeyRotation, name: keyof ReturnType<typeof phases>): Phase {
    return key ? phases(key)[name] : fail("There is no new key.");
}

function nameOf({ cluster }: KeyRotation): string {
    return keyName(cluster.rotation);
}

function takeKeys(s: KeyRotation, printed: string, { name, host }: NodeFacts): void {
    s.keys.set(name, parseKeys(printed) ?? fail(
        `${name} (${host}) has an /etc/kubernetes/landfall/encryption.json that was changed by hand: which of its keys ` +
        "are still needed isn't known. Nothing was changed."));
}

async function findKey(s: KeyRotation): Promise<void> {
    const found = [...s.keys.values()].flat().filter(({ name }) => name === nameOf(s));
    if (found.some(({ secret }) => secret !== found[0].secret)) {
        fail(`The nodes of the control plane have different keys that are called ${nameOf(s)}. Nothing was changed.`);
    }
    s.key = found[0];
}

/** The key has the rotation's name, so the nodes' files show how far the rotation is. */
export function keyName(rotation: string): string {
    return `key-${rotation}`;
}

/** Turns a node's keys into its next ones. */
type Phase = (keys: Key[]) => Key[];

/** The keys in a node's file, in order; undefined if this program did not write the file. */
export function parseKeys(text: string): Key[] | undefined {
    try {
        const config = JSON.parse(text) as { resources: { providers: { secretbox: { keys: Key[] } }[] }[] };
        const keys = config.resources[0].providers[0].secretbox.keys.map(({ name, secret }) => ({ name, secret }));
        return JSON.stringify(config) === JSON.stringify(encryptionConfig(keys)) ? keys : undefined;
    } catch {
        return undefined;
    }
}

/**
 * The phases of a new key on all control-plane nodes, in which each node can always read every secret. A phase begins when all
 * nodes use the keys of the one before. Secrets are rewritten before the last phase. A node that is past a phase stays as it is,
 * so an interrupted rotation starts over.
 */
export function phases(key: Key): { known: Phase; first: Phase; alone: Phase } {
    const others = (keys: Key[]) => keys.filter(({ name }) => name !== key.name);
    return {
        known: keys => others(keys).length < keys.length ? keys : [...keys, key],
        first: keys => [key, ...others(keys)],
        alone: () => [key],
    };
}

async function rotate(): Promise<void> {
    const { cluster: { rotates, ...cluster }, nodes: controlPlanes, ssh } = readFacts<"rotate">();
    await withSsh({ ssh, nodes: controlPlanes }, connection => {
        const state = { connection, cluster, controlPlanes };
        return rotates === "certificates" ? perform(certificateSteps, { ...state, rotated: [] })
            : perform(keySteps, { ...state, first: controlPlanes[0], keys: new Map() });
    });
}

if (require.main === module) void main(rotate);
