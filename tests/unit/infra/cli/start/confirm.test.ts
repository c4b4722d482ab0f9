import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { type HeldEnvironment, heldEnvironment } from "../../../../../infra/cli/engine/keep";
import { confirmLoss } from "../../../../../infra/cli/start/confirm";
import { Terminal } from "../../../../../infra/cli/terminal";

const resource = (type: string, metadata: { name: string; namespace?: string }, more: object = {}) =>
    ({ urn: `urn:pulumi:shop::landfall::${type}::${metadata.name}`, type, inputs: { metadata }, ...more });
const namespace = (name: string, parent: string, more: object = {}) => ({
    ...resource("kubernetes:core/v1:Namespace", { name }, more),
    urn: `urn:pulumi:shop::landfall::${parent}$kubernetes:core/v1:Namespace::${name}`,
});
const claim = (name: string, place: string) => resource("kubernetes:core/v1:PersistentVolumeClaim", { name, namespace: place });

describe("the environment in a stack", () => {
    const ofPlatform = [namespace("landfall-logs", "landfall:platform:Platform"), claim("logs-data", "landfall-logs")];

    it("is its namespace with the volumes in it, not the platform's", () => {
        const own = [namespace("shop", "landfall:workload:Environment"), claim("uploads", "shop"), claim("database-data", "shop")];
        expect(heldEnvironment([...ofPlatform, ...own])).toEqual({ namespace: "shop", volumes: ["shop/database-data", "shop/uploads"], outlives: false });
        const kept = namespace("shop", "landfall:workload:Environment", { retainOnDelete: true });
        expect(heldEnvironment([...ofPlatform, kept])).toEqual({ namespace: "shop", volumes: [], outlives: true });
    });

    it("is none where there is only a cluster with its platform", () => {
        expect(heldEnvironment(ofPlatform)).toBeUndefined();
        expect(heldEnvironment([])).toBeUndefined();
    });
});

describe("the question before a run removes an environment", () => {
    const held: HeldEnvironment = { namespace: "production", volumes: ["production/database-data"], outlives: false };
    type Environment = Parameters<typeof confirmLoss>[1]["settings"]["environment"];
    const named = (name: string, volumes: "delete" | "retain") => ({ name, volumes }) as Environment;

    /** Asks someone who types this; without a text, nobody. */
    async function ask(typed?: string, { environment, found }: { environment?: Environment; found?: HeldEnvironment } = { found: held }) {
        const source = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
        source.end(typed ?? "production\n");
        const written: string[] = [];
        const context = { terminal: new Terminal({ write: text => written.push(text) }, {}), signal: new AbortController().signal };
        const message = await confirmLoss(found, { stack: "shop", settings: { environment } }, context, source)
            .then(() => "agreed", (error: Error) => error.message);
        return { message, text: written.join("") };
    }

    it("names what is lost, and is answered by the environment's name only", async () => {
        const { message, text } = await ask("production\n");
        expect(message).toBe("agreed");
        expect(text).toMatch(/landfall:environment is none[^]*permanently deletes[^]*production\/database-data[^]*type its name, production:/);
        for (const typed of ["shop\n", "yes\n", "\n", ""]) expect((await ask(typed)).message).toMatch(/not the environment's name\. Nothing was changed/);
    });

    it("refuses where nobody can be asked, and says how to go on", async () => {
        const { message, text } = await ask();
        expect(message).toMatch(/production\/database-data[^]*Nothing was changed[^]*npm start -- --stack shop --yes$/);
        expect(text).toBe("");
    });

    it("is asked for another name too, unless the program refuses that anyway", async () => {
        expect((await ask(undefined, { found: held, environment: named("live", "delete") })).message).toMatch(/has the name live, but the stack "shop" has the environment production/);
        expect(await ask(undefined, { found: held, environment: named("live", "retain") })).toEqual({ message: "agreed", text: "" });
    });

    it("isn't asked where nothing is lost", async () => {
        expect(await ask(undefined, { found: held, environment: named("production", "delete") })).toEqual({ message: "agreed", text: "" });
        expect(await ask(undefined, {})).toEqual({ message: "agreed", text: "" });
    });

    it("says what stays, and that there is nothing to keep", async () => {
        expect((await ask("", { found: { ...held, outlives: true } })).text).toMatch(/Its volumes are kept \(landfall:environment\.volumes\): production\/database-data/);
        expect((await ask("", { found: { ...held, volumes: [] } })).text).toContain("It has no volumes.");
    });
});
