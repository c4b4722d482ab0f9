import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { Load } from "./support/load";
import { root } from "./support/names";
import { type Ended, npm, startNpm } from "./support/npm";
import { ask, type Site } from "./support/site";
import { figure } from "./support/stack";
import { commandEnvironment } from "./support/suite";

const ports = { http: 18888, https: 18851 };
const suite = inject("suite");
const environment = { ...commandEnvironment(suite), LANDFALL_HOME: path.join(suite.directory, "platform") };
const [owner, guest] = ["platform-e2e", "platform-guest-e2e"];
const application = {
    type: "services", compose: "tests/e2e/fixtures/httpbin/compose.yaml",
    services: { httpbin: { replicas: { min: 1, max: 2 }, cpu: { request: "50m", limit: "1" } } },
};

const fileOf = (stack: string): string => path.join(root, `Pulumi.${stack}.yaml`);

/** Writes a stack's settings as a user would: what Pulumi keeps in the file stays. */
function write(stack: string, config: object): void {
    const before = fs.existsSync(fileOf(stack)) ? yaml.parse(fs.readFileSync(fileOf(stack), "utf8")) as object : {};
    fs.writeFileSync(fileOf(stack), yaml.stringify({ ...before, config }));
}

const cluster = { target: "kind", name: "landfall-e2e-platform", nodes: 1, ...ports };
const withEnvironment = (...aliases: string[]): void => write(owner, {
    "landfall:cluster": cluster, "landfall:environment": { name: "own", host: "own.localhost", aliases, volumes: "delete" }, "landfall:app": application,
});
const withoutEnvironment = (): void => write(owner, { "landfall:cluster": cluster, "landfall:environment": "none" });

function siteOf(stack: string, host: string): Site {
    const ca = (): string => fs.readFileSync(path.join(environment.LANDFALL_HOME, stack, "ca.crt"), "utf8");
    return { host, ...ports, address: `https://${host}:${ports.https}`, ca };
}
const guestSite = siteOf(guest, "guest.localhost");
const ownSite = siteOf(owner, "own.localhost");
const answer = async (site: Site) => JSON.parse((await ask({ path: "/get" }, site)).text) as { url: string };

const start = (stack: string, ...more: string[]): Promise<Ended> => startNpm(["start", "--", "--stack", stack, ...more], environment).ended;

async function succeed(what: string, stack: string, ...more: string[]): Promise<Ended> {
    const ended = await start(stack, ...more);
    if (ended.code !== 0) throw new Error(`npm start ended with code ${ended.code}; what it printed is above.`);
    figure(what, `${ended.seconds} s`);
    return ended;
}

/** That the owner has nothing to do, and its cluster is well. */
async function expectAtRest(): Promise<void> {
    const { stdout } = await npm(["run", "-s", "preview", "--", "--stack", owner], environment);
    expect(stdout).toMatch(/\| `platform-e2e` \| 0 \| 0 \| 0 \| 0 \| [1-9]\d* \|/);
    const { code, stdout: status } = await npm(["run", "-s", "status", "--", "--stack", owner], environment);
    expect({ code, status }).toEqual({ code: 0, status: expect.stringContaining("All is well.") });
}

const underLoad = (name: string): Load => new Load(name, guestSite, 600, undefined, { paths: ["/get", "/bytes/20000"], perSecond: 5 });

describe("a cluster with its platform, without an environment", () => {
    beforeAll(async () => {
        withoutEnvironment();
        const { output } = await succeed("a cluster with its platform only", owner);
        expect(output).toContain(`The cluster and its platform are up; the gateway is at 127.0.0.1:${ports.https}. The stack has no environment of its own.`);
        write(guest, {
            "landfall:cluster": { target: "existing", stack: `organization/landfall/${owner}` },
            "landfall:environment": { name: "guest", host: guestSite.host, volumes: "delete" }, "landfall:app": application,
        });
        await succeed("an environment on it", guest);
    });

    afterAll(async () => {
        for (const stack of [guest, owner]) {
            const { code } = await npm(["run", "down", "--", "--stack", stack, "--yes"], environment);
            fs.rmSync(fileOf(stack), { force: true });
            expect(code).toBe(0);
        }
    });

    it("carries another stack's environment, which answers over HTTPS, and describes itself in npm run status", async () => {
        expect(await answer(guestSite)).toMatchObject({ url: `${guestSite.address}/get` });
        const { certificate } = await ask({ path: "/get" }, guestSite);
        expect(certificate?.subjectaltname).toBe(`DNS:${guestSite.host}`);
        await expectAtRest();
        const { stdout } = await npm(["run", "-s", "status", "--", "--stack", owner, "--json"], environment, false);
        const { parts, address } = JSON.parse(stdout) as { parts: { namespace: string; name: string }[]; address?: string };
        expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(["envoy", "cert-manager"]));
        expect(parts.filter(({ namespace }) => !namespace.startsWith("landfall-"))).toEqual([]);
        expect(address).toBeUndefined();
    });

    it("isn't removed while it does", async () => {
        const { code, output } = await npm(["run", "down", "--", "--stack", owner, "--yes"], environment);
        expect(code).toBe(1);
        expect(output).toMatch(/landfall\/platform-guest-e2e: guest\.localhost\n/);
        expect(await answer(guestSite)).toMatchObject({ url: `${guestSite.address}/get` });
    });

    it("gets an environment of its own, and then another host; the other one loses no request, and nothing is left to do", async () => {
        const load = underLoad("on a guest while the platform's stack gets an environment and a host");
        withEnvironment();
        await succeed("an environment beside the platform", owner);
        await expectAtRest();
        withEnvironment("more.localhost");
        await succeed("one more host", owner);
        await expectAtRest();
        expect(await answer(ownSite)).toMatchObject({ url: `${ownSite.address}/get` });
        expect((await ask({ path: "/get" }, { ...ownSite, host: "more.localhost", address: `https://more.localhost:${ports.https}` })).status).toBe(200);
        expect(await load.end()).toEqual([]);
    });

    it("loses that environment only with --yes, and the other one loses no request", async () => {
        withoutEnvironment();
        const { code, output } = await start(owner);
        expect(code).toBe(1);
        expect(output).toMatch(/has the environment own\. This run removes it[^]*Nothing was changed\.[^]*npm start -- --stack platform-e2e --yes/);
        expect(await answer(ownSite)).toMatchObject({ url: `${ownSite.address}/get` });

        const authority = ownSite.ca();
        const load = underLoad("on a guest while the platform's own environment is removed");
        await succeed("the environment is removed", owner, "--yes");
        expect(await load.end()).toEqual([]);
        await expect(answer({ ...ownSite, ca: () => authority })).rejects.toThrow();
        await expectAtRest();
    });
});
