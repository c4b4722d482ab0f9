import { beforeAll, describe, expect, it } from "vitest";
import type { Registered } from "../../../../infra/cli/capture";
import { object, objects, runStack } from "../../support/program";

const image = "ghcr.io/example/shop:1.2";
const appWith = (api: object, store: object) => ({
    type: "services",
    services: {
        web: { image, port: 8080, exposed: true, talksTo: ["api", "store"] },
        api: { image, port: 9000, tcpPorts: [9090], exposed: true, path: "/api", ...api },
        store: { image, port: 6379, volumes: { "/data": {} }, ...store },
    },
});
const run = (environment: object, app: object) => runStack("dev", { environment: { name: "shop", host: "shop.localhost", ...environment }, app });
const aliases = [{ networkAliases: ["backend", "shop-api"] }, { networkAliases: ["cache"] }] as const;

interface Service { metadata: { name: string; namespace: string; labels: object; annotations?: object }; spec: { selector: object; ports: object[] } }
const specOf = (resources: Registered[], name: string) => object<Service>(resources, "Service", name);
const byUrn = (resources: Registered[]) => Object.fromEntries(resources.map(({ inputs, type, name }) => [`${type} ${name}`, JSON.stringify(inputs)]));

describe.each([["that never sleeps", {}], ["that sleeps", { sleepAfter: 30 }]])("a service with network aliases, in an environment %s", (_, environment) => {
    let plain: Registered[];
    let resources: Registered[];
    beforeAll(async () => {
        plain = await run(environment, appWith({}, {}));
        resources = await run(environment, appWith(...aliases));
    });

    it.each([["api", "backend"], ["api", "shop-api"], ["store", "cache"]])("has what leads to %s's pods under the name %s too, at the same ports", (name, alias) => {
        const { metadata, spec } = specOf(resources, alias);
        const own = specOf(resources, name);
        expect(spec).toEqual(own.spec);
        expect(metadata).toEqual({ ...own.metadata, name: alias });
        expect(metadata.namespace).toBe("shop");
    });

    it("is the same for the rest: no policy, pod, route or right changes", () => {
        const [before, after] = [byUrn(plain), byUrn(resources)];
        const added = Object.keys(after).filter(key => before[key] !== after[key]);
        expect(added.sort()).toEqual(["backend", "cache", "shop-api"].map(name => `kubernetes:core/v1:Service ${name}`));
        expect(Object.keys(before).filter(key => !Object.hasOwn(after, key))).toEqual([]);
        expect(objects(resources, "NetworkPolicy").length).toBeGreaterThan(0);
    });
});
