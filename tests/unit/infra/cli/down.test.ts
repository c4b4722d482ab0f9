import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { confirmRemoval } from "../../../../infra/cli/down/confirm";
import { heldData, type HeldData } from "../../../../infra/cli/engine/keep";
import { hasVolumes } from "../../../../infra/cli/stack/home";
import { Terminal } from "../../../../infra/cli/terminal";

const claim = (name: string, more = {}) => ({
    urn: `urn:pulumi:dev::landfall::kubernetes:core/v1:PersistentVolumeClaim::${name}`,
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    inputs: { metadata: { namespace: "development", name } },
    ...more,
});
const directory = (ON_DELETE: string) => ({
    urn: "volumes", type: "command:local:Command",
    inputs: { delete: "components/cluster/kind/delete-volumes.ts", environment: { VOLUMES: "~/data", ON_DELETE } },
});
const password = { urn: "password", type: "random:index/randomPassword:RandomPassword" };
const minikube = { urn: "cluster", type: "landfall:cluster:Minikube" };
const retained = { retainOnDelete: true };
const full = () => true;
const empty = () => false;

describe("the data that a stack holds", () => {
    it("is its claims', by name", () => {
        expect(heldData([claim("uploads"), password, claim("database")], full))
            .toEqual({ volumes: ["development/database", "development/uploads"], outlives: false });
    });

    it.each([
        ["a cluster that stays, volumes: retain", [claim("a", retained)], true],
        ["a cluster that stays, one volume of two retained", [claim("a", retained), claim("b")], false],
        ["kind, volumes: retain", [claim("a", { ...retained, deletedWith: "nodes" }), directory("retain")], true],
        ["kind, volumes: delete", [claim("a", { deletedWith: "nodes" }), directory("delete")], false],
        ["kind, whose directory doesn't say", [claim("a", retained), directory("")], false],
        ["minikube, which keeps volumes in its nodes", [claim("a", retained), minikube], false],
    ])("outlives the stack or not: %s", (_, resources, outlives) => {
        expect(heldData(resources, full)?.outlives).toBe(outlives);
    });

    it("is also what an earlier --keep-data has left on this computer", () => {
        expect(heldData([password, directory("delete")], full)).toEqual({ volumes: ["~/data"], outlives: false });
        expect(heldData([password, directory("delete")], empty)).toBeUndefined();
    });

    it("is none where a start was cut off before there was any", () => {
        expect(heldData([], full)).toBeUndefined();
        expect(heldData([password, minikube, directory("delete")], empty)).toBeUndefined();
    });

    it("is in a directory with more than the mark of its owner", () => {
        const volumes = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        try {
            fs.writeFileSync(path.join(volumes, ".landfall"), "");
            expect(hasVolumes(volumes)).toBe(false);
            fs.mkdirSync(path.join(volumes, "development-uploads"));
            expect(hasVolumes(volumes)).toBe(true);
        } finally {
            fs.rmSync(volumes, { recursive: true });
        }
        expect(hasVolumes(volumes)).toBe(false);
    });
});

describe("the question before data is removed", () => {
    const lost: HeldData = { volumes: ["development/uploads"], outlives: false };

    /** Asks about a stack `shop` someone who types this; without a text, nobody. */
    async function ask(typed?: string, { data = lost, stack = "shop", canKeep = true } = {}) {
        const source = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
        source.end(typed ?? `${stack}\n`);
        const written: string[] = [];
        const terminal = new Terminal({ write: text => written.push(text) }, {});
        const context = { terminal, signal: new AbortController().signal };
        const message = await confirmRemoval(data, stack, canKeep, context, source).then(() => "agreed", (error: Error) => error.message);
        return { message, text: written.join("") };
    }

    it("says what would be lost and how to keep it, and is answered by the stack's name", async () => {
        const { message, text } = await ask("shop\n");
        expect(message).toBe("agreed");
        expect(text).toMatch(/"shop" permanently deletes the data[^]*development\/uploads[^]*npm run down -- --stack shop --keep-data[^]*type the stack's name/);
    });

    it.each(["yes\n", "y\n", "\n", "", "shop2\n", "Shop\n"])("is not answered by %j", async typed => {
        expect((await ask(typed)).message).toMatch(/not the stack's name\. Nothing was changed/);
    });

    it("refuses where nobody can be asked, and says how to go on", async () => {
        const { message, text } = await ask();
        expect(message).toMatch(/development\/uploads[^]*Nothing was changed[^]*--stack shop --keep-data[^]*--stack shop --yes/);
        expect(text).toBe("");
        expect((await ask(undefined, { stack: "dev" })).message).toMatch(/npm run down -- --yes$/);
    });

    it("says what stays, and doesn't offer what can't be", async () => {
        expect((await ask("x\n", { data: { ...lost, outlives: true } })).text).toMatch(/deletes its site and its passwords\. Its volumes are kept/);
        expect((await ask("x\n", { canKeep: false })).text).not.toContain("--keep-data");
    });

    it("ends with Ctrl-C, and changes nothing", async () => {
        const controller = new AbortController();
        const source = Object.assign(new PassThrough(), { isTTY: true });
        const asked = confirmRemoval(lost, "shop", true, { terminal: new Terminal({ write: () => true }, {}), signal: controller.signal }, source);
        controller.abort();
        await expect(asked).rejects.toThrow("Stopped. Nothing was changed.");
    });
});
