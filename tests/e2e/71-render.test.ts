import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { cachedManifest, loadManifests } from "../../components/platform/manifests";
import { ManifestPin, manifests, versions } from "../../components/versions";
import { captureProgram } from "../../infra/cli/capture";
import { renderJson, renderYaml } from "../../infra/cli/render";
import { readStackConfig } from "../../infra/cli/stack/config";
import { buildTools, SCHEMA_TEMPLATE, schemas } from "../../infra/offline/kit";
import { provideManifests } from "../../infra/offline/kit/manifests";
import { firstConfig } from "./support/config";
import { execute } from "./support/execute";
import { render } from "./support/npm";
import { names, root } from "./support/names";
import { figure } from "./support/stack";

interface Report {
    resources: { filename: string; kind: string; name: string; status: string; msg: string }[] | null;
    summary: { valid: number; invalid: number; errors: number; skipped: number };
}

/** All but those of the files that run beside this one, which come and go. */
const stacks = fs.readdirSync(root).flatMap(name => /^Pulumi\.(?!metal|second|compose)(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();

/** What the renderer puts in the place of a secret. */
const placeholder = "[secret]";
/** What stands for a generated value until then, see infra/cli/capture. */
const generated = /random:(?!index\/)([\w-]+)/g;

let kubeconform: (input: string) => Promise<Report>;

/** What the command prints, without a process for each stack. */
async function rendered(stack: string): Promise<{ text: string; json: string }> {
    process.env.LANDFALL_RENDER = "1";
    // Other files of the suite change its own stack's.
    const file = stack === names.stack ? firstConfig(inject("suite").directory) : path.join(root, `Pulumi.${stack}.yaml`);
    const { resources } = await captureProgram({ stack, ...readStackConfig(file, { standIns: true }) });
    return { text: renderYaml(resources), json: renderJson(resources) };
}

beforeAll(async () => {
    await loadManifests({ metallb: true }).catch(() => provideManifests(console.log));
    const crds = Object.values<readonly ManifestPin[]>(manifests).flat().map(cachedManifest);
    const program = path.join(await buildTools(console.log, ["kubeconform"]), "kubeconform");
    const location = path.join(await schemas(crds), SCHEMA_TEMPLATE);
    const args = [
        "-strict", "-summary", "-output", "json", "-kubernetes-version", versions.kubernetes.slice(1),
        "-schema-location", location, "-",
    ];
    kubeconform = async input => JSON.parse((await execute(program, args, { input })).stdout) as Report;
});

it("there are stacks to render", () => {
    expect(stacks).toEqual(expect.arrayContaining(["dev", "e2e", "minikube", "prod"]));
});

it("a file anywhere is rendered like the stack whose settings it holds", async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-render-"));
    try {
        const file = path.join(directory, "Pulumi.dev.yaml");
        fs.copyFileSync(path.join(root, "Pulumi.dev.yaml"), file);
        const { text, json } = await rendered("dev");
        expect(await render("--config", file)).toBe(text);
        expect(await render("dev", "--json")).toBe(json);
    } finally {
        fs.rmSync(directory, { recursive: true });
    }
});

it("a stack with a mistake in it is not accepted", async () => {
    const { text } = await rendered("dev");
    for (const [right, wrong] of [
        [/^(\s+)readOnlyRootFilesystem: true$/m, "$1readOnlyRootFileSystem: true"],
        [/^(\s+)minReplicas: .*$/m, "$1minReplicas: many"],
        [/^kind: HTTPRoute$/m, "kind: HTTPRoad"],
    ] as [RegExp, string][]) {
        expect(text).toMatch(right);
        const { summary } = await kubeconform(text.replace(right, wrong));
        expect(summary.invalid + summary.errors).toBe(1);
    }
});

describe.each(stacks)("rendered, the stack %s", stack => {
    let text: string;
    let json: string;

    beforeAll(async () => {
        ({ text, json } = await rendered(stack));
    });

    it("is accepted by kubeconform, all of it", async () => {
        const { resources, summary } = await kubeconform(text);
        expect(resources ?? []).toEqual([]);
        expect(summary).toEqual({ valid: yaml.parseAllDocuments(text).length, invalid: 0, errors: 0, skipped: 0 });
        expect(summary.valid).toBeGreaterThan(30);
        figure(`objects of the stack ${stack}`, summary.valid);
    });

    it("shows no secret", () => {
        const secrets = yaml.parseAllDocuments(text).map(document => document.toJS() as Secret)
            .filter(({ kind }) => kind === "Secret");
        const own = stack === "services" ? ["counter-counter"]
            : ["scheduled-tasks-credentials", "scheduled-tasks-salts", "web-credentials", "web-salts"];
        const ofLogs = /^ {2}name: landfall-logs$/m.test(text) ? ["log-collector", "log-store"] : [];
        expect(secrets.map(({ metadata }) => metadata.name).sort()).toEqual(
            ["database-credentials", "database-tls", ...own, ...ofLogs].sort());
        for (const { data = {}, stringData = {} } of secrets) {
            const decoded = Object.values(data).map(value => Buffer.from(value, "base64").toString());
            const values = [...Object.values(stringData), ...decoded];
            expect(values.length).toBeGreaterThan(0);
            expect(values.every(value => value === placeholder)).toBe(true);
        }
        // A suffix of names is no secret, nor what tells stacks apart; anything else that is generated is.
        const isPublic = new Set((JSON.parse(json) as { type: string; name: string }[])
            .filter(({ type }) => /^random:index\/random(Id|String|Uuid):/.test(type)).map(({ name }) => name));
        for (const printed of [text, json]) {
            const shown = [...printed.matchAll(generated)].map(([, name]) => name);
            expect(shown.filter(name => !isPublic.has(name))).toEqual([]);
        }
    });

    it("names each resource, its parent and what it depends on, as JSON", () => {
        const resources = JSON.parse(json) as { type: string; urn: string; parent?: string; dependsOn: string[] }[];
        const urns = new Set(resources.map(({ urn }) => urn));
        expect(urns.size).toBe(resources.length);
        expect(resources.filter(({ parent }) => parent && !urns.has(parent))).toEqual([]);
        expect(resources.flatMap(({ dependsOn }) => dependsOn).filter(urn => !urns.has(urn))).toEqual([]);
        const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
        expect(objects).toHaveLength(yaml.parseAllDocuments(text).length);
    });
});

interface Secret {
    kind: string;
    metadata: { name: string };
    data?: Record<string, string>;
    stringData?: Record<string, string>;
}
