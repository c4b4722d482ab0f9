import { setting } from "../../scripts/process";
import type { ScriptFacts, SnapshotRepository } from "../program/facts";
import type { Ssh } from "./ssh";

/** What a script reads of the facts that the program gives it. */
type Facts<Name extends keyof ScriptFacts> = ScriptFacts[Name] & { ssh: Ssh; repository: SnapshotRepository };

/** What the program gives this script in its environment. Each is read only if it is used: npm sets a NODE of its own. */
export function readFacts<Name extends keyof ScriptFacts>(): Facts<Name> {
    const read = (name: string): unknown => JSON.parse(setting(name));
    // Removed even if the script has no use for it.
    const repository = takeSecret("SNAPSHOTS");
    const facts = {
        get cluster() { return read("CLUSTER"); },
        get node() { return read("NODE"); },
        get nodes() { return read("NODES"); },
        /** The repository of snapshots: a secret as a whole. */
        get repository() { return repository === undefined ? read("SNAPSHOTS") : JSON.parse(repository) as unknown; },
        ssh: { ...read("SSH") as Ssh, privateKey: takeSecret("SSH_PRIVATE_KEY") },
    };
    return facts as unknown as Facts<Name>;
}

/** Reads a secret and removes it from the environment, so child processes don't inherit it. */
function takeSecret(name: string): string | undefined {
    const value = process.env[name] || undefined;
    delete process.env[name];
    return value;
}
