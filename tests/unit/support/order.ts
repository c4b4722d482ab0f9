import { Registered } from "../../../infra/cli/capture";

/** Chooses resources: by name, or by a test of one's own. */
export type Choice = string | RegExp | ((resource: Registered) => boolean);

/**
 * What goes before what on destroy, from the edges that Pulumi's engine follows: a resource goes before its parent, its
 * explicit provider, the resource that takes it along, and all that it depends on, by its options or through an input.
 */
export class DestroyOrder {
    private readonly byUrn: Map<string, Registered>;
    private readonly reached = new Map<string, Set<string>>();

    constructor(private readonly resources: Registered[]) {
        this.byUrn = new Map(resources.map(resource => [resource.urn, resource]));
    }

    /**
     * The pairs whose order nothing makes certain, as `first | later`; empty where all that `first` chooses is gone
     * before anything that `later` chooses is touched. A choice of nothing is an error: a test of it could not fail.
     */
    uncertain(first: Choice, later: Choice): string[] {
        const [firsts, laters] = [this.choose(first), this.choose(later)];
        return firsts.flatMap(one => laters
            .filter(other => one !== other && !this.outlivers(one).has(other.urn))
            .map(other => `${one.name} | ${other.name}`));
    }

    /** The resources in an order in which they can be destroyed, for people to read. */
    sequence(): string[] {
        const left = new Set(this.resources.map(({ urn }) => urn));
        const sequence: string[] = [];
        while (left.size > 0) {
            const needed = new Set([...left].flatMap(urn => this.edges(this.byUrn.get(urn) as Registered)));
            const free = [...left].filter(urn => !needed.has(urn));
            if (free.length === 0) throw new Error(`These depend on each other: ${[...left].join(", ")}`);
            for (const urn of free) left.delete(urn);
            sequence.push(...free);
        }
        return sequence;
    }

    choose(choice: Choice): Registered[] {
        const test = typeof choice === "function" ? choice
            : ({ name }: Registered) => typeof choice === "string" ? name === choice : choice.test(name);
        const chosen = this.resources.filter(test);
        if (chosen.length === 0) throw new Error(`No resource is chosen by ${String(choice)}`);
        return chosen;
    }

    /** URNs of all that stays until the resource has gone. */
    private outlivers(resource: Registered): Set<string> {
        const known = this.reached.get(resource.urn);
        if (known) return known;
        const reached = new Set<string>();
        const open = this.edges(resource);
        for (let urn = open.pop(); urn !== undefined; urn = open.pop()) {
            if (reached.has(urn)) continue;
            reached.add(urn);
            open.push(...this.edges(this.byUrn.get(urn) as Registered));
        }
        this.reached.set(resource.urn, reached);
        return reached;
    }

    private edges({ parent, provider, dependsOn, propertyDependencies, deletedWith }: Registered): string[] {
        const edges = [parent, provider?.split("::").slice(0, 4).join("::"), deletedWith, ...dependsOn,
            ...Object.values(propertyDependencies).flat()];
        return edges.filter(urn => urn !== undefined && this.byUrn.has(urn)) as string[];
    }
}
