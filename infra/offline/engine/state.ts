import * as fs from "node:fs";
import * as path from "node:path";

import type { Registration } from "./registration";
import type { Values } from "./values";

/** A resource that the engine has made, or is making. */
export interface ResourceState extends Registration {
    id?: string;
    outputs: Values;
    /** What was under way when the engine wrote this; left out once it is done. */
    underWay?: "create" | "update";
    /** Replaced by another one of the same URN; to be deleted when the program has run. */
    replaced?: boolean;
}

interface Content {
    version: 1;
    stack: string;
    resources: ResourceState[];
}

/**
 * The state of a stack: a file of mode 0600 in a directory of mode 0700, since it holds secrets. Every change is
 * written at once, to a new file that then takes the old one's place.
 */
export class State {
    /** In the order of dependency. */
    private resources: ResourceState[];
    private readonly file: string;
    private readonly lock: string;

    private constructor(
        directory: string,
        private readonly stack: string,
    ) {
        this.file = path.join(directory, `${stack}.json`);
        this.lock = path.join(directory, `${stack}.lock`);
        fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
        this.acquire();
        this.resources = this.read();
    }

    /** Gives the state to `use`, and to no other process meanwhile. */
    static async open<T>(directory: string, stack: string, use: (state: State) => Promise<T>): Promise<T> {
        const state = new State(directory, stack);
        try {
            return await use(state);
        } finally {
            fs.rmSync(state.lock, { force: true });
        }
    }

    all(): readonly ResourceState[] {
        return this.resources;
    }

    /** The resource of this URN that is in use. */
    find(urn: string): ResourceState | undefined {
        return this.resources.find(resource => resource.urn === urn && !resource.replaced);
    }

    /** Records a resource in the place of the one it goes on from. */
    put(resource: ResourceState, previous?: ResourceState): void {
        const index = previous ? this.resources.indexOf(previous) : -1;
        if (index >= 0) this.resources[index] = resource;
        else this.resources.push(resource);
        this.write();
    }

    remove(resource: ResourceState): void {
        this.resources = this.resources.filter(other => other !== resource);
        this.write();
    }

    /** Orders the resources as the program just registered them; the others keep their order, behind. */
    reorder(urns: string[]): void {
        const position = new Map(urns.map((urn, index) => [urn, index]));
        const rank = ({ urn, replaced }: ResourceState) => (replaced ? undefined : position.get(urn)) ?? urns.length;
        this.resources = [...this.resources].sort((a, b) => rank(a) - rank(b));
        this.write();
    }

    private read(): ResourceState[] {
        if (!fs.existsSync(this.file)) return [];
        const content = JSON.parse(fs.readFileSync(this.file, "utf8")) as Content;
        if (content.version !== 1) throw new Error(`${this.file} was written by a newer version of the offline engine`);
        return content.resources;
    }

    private write(): void {
        const content: Content = { version: 1, stack: this.stack, resources: this.resources };
        const temporary = `${this.file}.${process.pid}`;
        fs.writeFileSync(temporary, JSON.stringify(content, undefined, 1), { mode: 0o600 });
        fs.renameSync(temporary, this.file);
    }

    private acquire(): void {
        for (;;) {
            try {
                fs.writeFileSync(this.lock, String(process.pid), { flag: "wx", mode: 0o600 });
                return;
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
            }
            const owner = Number(fs.readFileSync(this.lock, "utf8"));
            if (isRunning(owner)) {
                throw new Error(`Process ${owner} is at work on the stack "${this.stack}"; wait until it has ended`);
            }
            fs.rmSync(this.lock, { force: true });
        }
    }
}

function isRunning(pid: number): boolean {
    try {
        return process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}
