import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostsOf, parseSettings, SettingsError } from "../../../../../infra/config";

const cluster = { target: "kind" };
const read = (environment: object, more: object = { cluster }) => parseSettings({ ...more, environment }, "dev");

function refusal(environment: object, more?: object): { key: string; problem: string; allowed: string }[] {
    try {
        read(environment, more);
    } catch (error) {
        if (error instanceof SettingsError) return [...error.problems];
        throw error;
    }
    return [];
}

describe("the hosts of an environment", () => {
    it("are one, unless others are named", () => {
        expect(hostsOf(read({}))).toEqual(["wordpress.localhost"]);
        expect(hostsOf(read({ host: "www.example.com", redirects: ["example.com", "old.example.org"] })))
            .toEqual(["www.example.com", "example.com", "old.example.org"]);
    });

    it.each<[string, unknown, RegExp]>([
        ["a capital letter", ["Example.com"], /holds "Example.com", which has the capital letter "E"/],
        ["a dot at the end", ["example.com."], /has a dot too many/],
        ["letters beyond ASCII", ["bücher.example"], /write it as xn--bcher-kva\.example/],
        ["a wildcard", ["*.example.com"], /has "\*", which can't be in it/],
        ["a scheme", ["https://example.com"], /":", which can't be in it/],
        ["a port", ["example.com:443"], /":", which can't be in it/],
        ["an address", ["192.0.2.1"], /is an address, not a name/],
        ["nothing", [""], /is empty/],
        ["no list", "example.com", /is not a list/],
    ])("can't have %s", (_, redirects, problem) => {
        const found = refusal({ redirects });
        expect(found.map(({ key }) => key)).toEqual(["landfall:environment.redirects"]);
        expect(found[0].problem).toMatch(problem);
    });

    it("are different: a name has one meaning", () => {
        const problems = [
            { host: "a.test", redirects: ["b.test", "a.test"] }, { host: "a.test", redirects: ["b.test", "b.test"] },
            { host: "a.test", aliases: ["b.test"], redirects: ["b.test"] },
        ].map(environment => refusal(environment).filter(({ problem }) => !problem.includes("WordPress")));
        expect(problems.map(([{ key, problem }]) => [key, problem])).toEqual([
            ["landfall:environment.redirects", "has a.test twice: it is in landfall:environment.host too"],
            ["landfall:environment.redirects", "has b.test twice"],
            ["landfall:environment.redirects", "has b.test twice: it is in landfall:environment.aliases too"],
        ]);
    });

    it("are as many as the gateway and a public authority take", () => {
        const redirects = Array.from({ length: 30 }, (_, index) => `${index}.example.com`);
        expect(refusal({ redirects: redirects.slice(1) })).toEqual([]);
        expect(refusal({ redirects }).map(({ key, problem }) => [key, problem])).toEqual([
            ["landfall:environment.redirects", "makes 31 host names, and 30 is the most that an environment can have"],
        ]);
    });

    it("are all public if a public authority signs for them", () => {
        const existing = { cluster: { target: "existing", context: "c", registry: "localhost:5000", sharedStorageClass: "nfs" } };
        const environment = { host: "www.example.com", redirects: ["example.com", "wiki.corp.internal"] };
        const [{ key, problem }] = refusal(environment, existing);
        expect([key, problem]).toEqual(["landfall:environment.tls.issuer", "can't be acme for wiki.corp.internal, which is not public"]);
        expect(refusal({ ...environment, tls: { issuer: "ca" } }, existing)).toEqual([]);
        expect(refusal({ ...environment, tls: { server: "https://acme.corp.internal/acme" } }, existing)).toEqual([]);
    });

    it("have no aliases for WordPress, and the message says what to use", () => {
        const [{ key, problem, allowed }] = refusal({ host: "www.example.com", aliases: ["shop.example.com"] });
        expect([key, problem]).toEqual(["landfall:environment.aliases",
            "can't be served by WordPress, which has one address for its links, logins and scripts"]);
        expect(allowed).toContain("landfall:environment.redirects");
    });

    it("stay as they are given, in any number and order", () => {
        const hosts = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,10}(\.[a-z]{2,6}){1,3}$/), { minLength: 1, maxLength: 30 });
        fc.assert(fc.property(hosts, ([host, ...redirects]) => {
            expect(hostsOf(read({ host, redirects }))).toEqual([host, ...redirects]);
        }));
    });
});
