import { setting } from "../../scripts/process";
import type { ScriptFacts, SnapshotRepository } from "../program/facts";
import type { Ssh } from "./ssh";

/** What the program gives this script in its environment. Each is read only if it is used: npm sets a NODE of its own. */
export function readFacts<Name extends keyof ScriptFacts>(): ScriptFacts[Name] & { ssh: Ssh } {
    const read = (name: string): unknown => JSON.parse(setting(name));
    const facts = {
        get cluster() { return read("CLUSTER"); },
        get node() { return read("NODE"); },
        get nodes() { return read("NODES"); },
        ssh: { ...read("SSH") as Ssh, privateKey: readSecret("SSH_PRIVATE_KEY") },
    };
    return facts as unknown as ScriptFacts[Name] & { ssh: Ssh };
}

/** Reads a secret and removes it from the environment, so child processes don't inherit it. */
function readSecret(name: string): string | undefined {
    const value = process.env[name] || undefined;
    delete process.env[name];
    return value;
}

/** The repository of snapshots: a secret as a whole. */
export function readRepository(): SnapshotRepository {
    return JSON.parse(readSecret("SNAPSHOTS") ?? setting("SNAPSHOTS")) as SnapshotRepository;
}
