import { type Finding, findingText, type Node } from "./node";

type Place = Pick<Node, "file" | "line">;

/** What a person must know about a Compose file: what stops the program, and what is left out. */
export class Report {
    readonly refused: Finding[] = [];
    readonly warned: Finding[] = [];

    refuse(at: Place, text: string): void {
        this.refused.push({ at, text });
    }

    warn(at: Place, text: string): void {
        this.warned.push({ at, text });
    }

    /** A value that isn't what the specification says. One that may be secret isn't shown. */
    wrong(at: Node, key: string, allowed: string): undefined {
        const shown = /^services\.[^.]*\.environment/.test(key) ? "" : ` is ${JSON.stringify(plain(at))}, and`;
        this.refuse(at, `${key}${shown} has to be ${allowed}`);
    }

    get warnings(): string[] {
        return this.warned.map(findingText);
    }
}

function plain({ value }: Node): unknown {
    if (Array.isArray(value)) return value.map(plain);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, node]) => [key, plain(node)])) : value;
}
