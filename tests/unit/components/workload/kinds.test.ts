import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { keptAcrossKinds, underOtherKinds } from "../../../../components/workload/kinds";

const kinds = ["WebService", "StatefulService", "Worker", "Job"].map(name => `landfall:workload:${name}`) as Parameters<typeof keptAcrossKinds>[0][];

describe.each(kinds)("a service that becomes a %s", kind => {
    it.each(kinds.filter(other => other !== kind))("keeps the objects that it has as a %s", other => {
        expect(keptAcrossKinds(kind, {}).aliases).toContainEqual({ type: other });
    });

    it("keeps what else its options say, other aliases first", () => {
        const given = { aliases: [{ name: "before" }], protect: true };
        expect(keptAcrossKinds(kind, given)).toMatchObject({ protect: true, aliases: [{ name: "before" }, ...kinds.filter(other => other !== kind).map(type => ({ type }))] });
    });
});

describe("a Service that gets the name of another component's", () => {
    const urnOf = (kind: string, name: string) => `urn:pulumi:dev::shop::landfall:app:Services$${kind}::${name}`;
    const database = "landfall:workload:Database";

    it.each([...kinds, database] as const)("stays the same object under a %s, whichever the other was", async kind => {
        const component = { urn: pulumi.output(urnOf(kind, "store")) } as pulumi.ComponentResource;
        const parents = await Promise.all(underOtherKinds(kind, component).map(({ parent }) => new Promise(resolve => pulumi.output(parent as pulumi.Input<string>).apply(resolve))));
        expect(parents).toEqual([...kinds, database].filter(other => other !== kind).map(other => urnOf(other, "store")));
    });
});
