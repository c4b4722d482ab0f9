import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captureProgram, type Registered } from "../../infra/cli/capture";
import { parseConfiguration } from "../../infra/config";
import { configText, parseStackFile } from "../../infra/config/stack-file";
import { object, objects, pods } from "./support/program";

const root = path.resolve(__dirname, "../..");
const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8");
const readme = read("README.md");
const guides = fs.readdirSync(path.join(root, "infra/guides")).map(name => `infra/guides/${name}`);
/** What people read, other than the components' own pages. */
const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...guides];
const pages = fs.readdirSync(path.join(root, "components/cluster"), { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith("README.md")).map(name => `components/cluster/${name}`);

/** What follows `#` in links to the headings of a page, as GitHub makes it. */
function anchorsOf(markdown: string): string[] {
    const headings = [...withoutCode(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
    return headings.map(heading => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

function withoutCode(markdown: string): string {
    return markdown.replace(/^ *```[\s\S]*?^ *```$/gm, "");
}

describe.each([...documents, ...pages])("%s", document => {
    const text = read(document);
    const directory = path.dirname(document);

    it("links to files and headings that are there", () => {
        const links = [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)]+)\)/g)].map(([, link]) => link);
        const broken = links.filter(link => {
            const [file, anchor] = link.split("#");
            const target = file === "" ? document : path.join(directory, file);
            if (!fs.existsSync(path.join(root, target))) return true;
            return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
        });
        expect(links.length).toBeGreaterThan(0);
        expect(broken).toEqual([]);
    });

    it("names npm scripts that are there, with options that they take", () => {
        const { scripts } = createRequire(__filename)(path.join(root, "package.json")) as { scripts: Record<string, string> };
        const commands = [...text.matchAll(/\bnpm (?:run (?:-s )?)?([a-z0-9:-]+)([^`\n|#]*)/g)].map(([, name, rest]) => ({ name, rest }))
            .filter(({ name }) => !["ci", "pack", "install"].includes(name));
        expect(commands.filter(({ name }) => !(name in scripts))).toEqual([]);
        const unknown = commands.flatMap(({ name, rest }) => [...(rest.split(" -- ")[1] ?? "").matchAll(/(?<= |^)--([a-z-]+)/g)]
            .filter(([, option]) => !sourceOf(name).includes(`--${option}`) && !sourceOf(name).includes(`"${option}"`)).map(([option]) => `${name} ${option}`));
        expect(unknown).toEqual([]);
    });

    it("shows settings that are accepted", () => {
        const blocks = [...text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent, block]) => block.replace(new RegExp(`^${indent}`, "gm"), ""));
        for (const block of blocks.filter(block => /^\s*landfall:/m.test(block))) accept(block);
    });
});

/** The sources of a command's own file; options of vitest are its own. */
function sourceOf(name: string): string {
    const file = `infra/cli/${name}.ts`;
    return fs.existsSync(path.join(root, file)) ? read(file) : "--reporter --outputFile";
}

/** Reads settings as a run would, with what other blocks and `pulumi config set --secret` add to them. */
function accept(block: string): void {
    const lines = block.replaceAll("SHA256:…", `SHA256:${"A".repeat(43)}`).split("\n").filter(line => line.trim() !== "");
    const least = Math.min(...lines.map(line => line.length - line.trimStart().length));
    const text = lines.map(line => line.slice(least)).join("\n").replace("compose: compose.yaml", `compose: ${composeFile}`);
    const { entries, findings } = parseStackFile(text.startsWith("config:") ? text : `config:\n${text.replace(/^/gm, "    ")}`, "Pulumi.dev.yaml");
    expect(findings).toEqual({});
    const { "landfall:cluster": given = { target: "kind" }, ...others } = entries as Record<string, Record<string, unknown>>;
    // Below headings of bare metal, the machines are named once.
    const cluster = { ...("target" in given ? {} : { target: "baremetal" }), ...given } as Record<string, unknown>;
    if (cluster.target === "baremetal" && !("nodes" in cluster)) cluster.nodes = { server: { host: "203.0.113.11" } };
    if ("snapshots" in cluster) cluster.snapshots = { ...cluster.snapshots as object, password };
    const complete = {
        "landfall:environment": { name: "production", host: "www.example.com", tls: { issuer: "ca" } },
        ...others,
        "landfall:cluster": cluster,
        ...(/^ *mail:/m.test(block) ? { "landfall:mailPassword": password } : {}),
    };
    const config = Object.fromEntries(Object.entries(complete).map(([key, value]) => [key, configText(value)]));
    const secretKeys = ["landfall:mailPassword", ...("snapshots" in cluster ? ["landfall:cluster"] : [])];
    expect(() => parseConfiguration({ config, secretKeys }, "dev"), block).not.toThrow();
}

const password = "correct-horse-battery";

/** What a reader's own Compose file might be. */
const composeFile = path.join(os.tmpdir(), `landfall-readme-${process.pid}.yaml`);
beforeAll(() => fs.writeFileSync(composeFile, "services: { web: { image: \"registry.example.com/web:1\", ports: [\"8080\"] } }\n"));
afterAll(() => fs.rmSync(composeFile));

describe("the troubleshooting guide", () => {
    const guide = read("infra/guides/troubleshooting.md");
    const messages = [...guide.matchAll(/^\| `([^`]+)`/gm)].map(([, message]) => message);
    const sources = ["infra", "components"].flatMap(directory => fs.readdirSync(path.join(root, directory), { recursive: true, encoding: "utf8" })
        .map(name => path.join(directory, name))).filter(file => /\.(ts|mjs|php)$|images\/.*\/bin\/[a-z-]+$/.test(file));
    // Long messages are joined from several literals.
    const said = sources.map(file => read(file).replace(/["'`]\s*\n?\s*\+\s*\n?\s*["'`]/g, "")).join("\n");

    it("has the twenty messages that people are most likely to meet", () => {
        expect(new Set(messages).size).toBe(messages.length);
        expect(messages.length).toBeGreaterThanOrEqual(20);
    });

    it.each(messages)("explains what the program really says: %s", message => {
        const parts = message.split("…").map(part => part.trim()).filter(part => part !== "");
        expect(parts.some(part => part.length >= 10)).toBe(true);
        expect(parts.filter(part => !said.includes(part))).toEqual([]);
    });
});

it("names tests and sources in the security table", () => {
    const rows = read("SECURITY.md").split("\n").filter(line => /^\| (A\.\d)/.test(line)).map(line => line.split(" | "));
    expect(rows.length).toBeGreaterThan(8);
    // A control that is enforced names where; one that isn't says so.
    expect(rows.filter(row => !/\]\((components|infra|\.github)\//.test(row[2]) && !row[1].startsWith("Not ")).map(([control]) => control)).toEqual([]);
    expect(rows.filter(row => !/\]\(tests\//.test(row[3]) && !/not tested|–/.test(row[3])).map(([control]) => control)).toEqual([]);
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
