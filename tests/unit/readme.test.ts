import * as fs from "node:fs";
import * as path from "node:path";
import { createRequire } from "node:module";
import { beforeAll, describe, expect, it } from "vitest";
import { captureProgram, type Registered } from "../../infra/cli/capture";
import { object, objects, pods } from "./support/program";

const root = path.resolve(__dirname, "../..");
const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");

it("names only files that are there", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(match => match[1]);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(link => !fs.existsSync(path.join(root, link)))).toEqual([]);
});

it("names only npm scripts that are there", () => {
    const { scripts } = createRequire(__filename)(path.join(root, "package.json")) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run (?:-s )?)?([a-z0-9:-]+)/g)].map(match => match[1]).filter(name => !["ci", "pack"].includes(name));
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(name => !(name in scripts))).toEqual([]);
});

describe("shows a program that works", () => {
    const [code] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
    const sources = { cluster: "infra/library/cluster", platform: "components/platform", workload: "components/workload" };
    let resources: Registered[];
    beforeAll(async () => {
        const directory = fs.mkdtempSync(path.join(__dirname, "readme-"));
        const file = path.join(directory, "index.ts");
        // The package is this project, and the image has no directory here.
        fs.writeFileSync(file, code.replace('context: "app"', 'context: "infra/images/web"')
            .replace(/"landfall\/(cluster|platform|workload)"/g, (_, name: keyof typeof sources) => `"../../../${sources[name]}"`));
        try {
            // As Pulumi loads a program, so that there is one copy of each module.
            ({ resources } = await captureProgram({ stack: "dev", config: {}, program: async () => createRequire(__filename)(file) as object }));
        } finally {
            fs.rmSync(directory, { recursive: true });
        }
    });

    it("in a dozen lines besides its imports", () => {
        const statements = code.trim().split("\n").filter(line => !line.startsWith("import ") && line !== "");
        expect(statements.length).toBeLessThanOrEqual(13);
    });

    it("its pods, its policies and its route are there", () => {
        expect(pods(resources).map(pod => pod.owner)).toEqual(expect.arrayContaining(["Deployment/shop", "StatefulSet/database"]));
        expect(objects(resources, "NetworkPolicy").map(policy => policy.metadata.name)).toEqual(expect.arrayContaining(
            ["shop-to-database-ingress", "shop-to-database-egress", "envoy-to-shop-ingress"]));
        expect(object(resources, "HTTPRoute", "shop-https-shop.localhost").spec.hostnames).toEqual(["shop.localhost"]);
    });
});
