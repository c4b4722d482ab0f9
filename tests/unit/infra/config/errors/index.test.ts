import { describe, expect, it } from "vitest";
import { parseSettings } from "../../../../../infra/config";
import { secretCommand } from "../../../../../infra/config/errors/example";
import { least as eks } from "../../../support/eks";
import { linesOf, problemsOf } from "../../../support/problems";

const kind = { target: "kind" };
const existing = { target: "existing", context: "prod", registry: "ghcr.io/example", sharedStorageClass: "efs" };
const online = { host: "www.example.com" };

/** Values that a key refuses, by key. */
const refused: Record<string, unknown[]> = {
    "cluster.name": ["", "A", "a_b", "-a", "a-", "a".repeat(41), 1],
    "cluster.nodes": [0, 1.5, "2", true, null],
    "cluster.https": [0, 65536, -1, 22, 6000, 10080],
    "cluster.image": ["kindest/node", "UPPER:1", "x/UPPER:1", "x:1@sha256:abc", "", "x y:1"],
    "cluster.data": ["", 3],
    "cluster.serviceSubnet": ["10.96.0.0", "10.96.0.0/8", "10.96.0.0/30", "fd00::/16", "256.0.0.0/16", "010.0.0.0/16"],
    "environment.name": ["default", "kube-public", "Production", "a.b", "", "landfall-gateway", "landfall-dns"],
    "environment.host": ["1.2.3.4", "a..b", "*.example.com", "WWW.example.com", "a:80", "a/b", ""],
    "environment.volumes": ["keep", true],
    "environment.quota.pods": [0, "60"],
    "environment.quota.memory": ["0", "-1Gi", "many", "1Gb", true],
    "app.title": ["", "  ", "two\nlines", "a bell\u0007", "half \ud83d", "\u0085", 5],
    "app.images.date": ["2026-02-29", "tomorrow", "9999-01-01", 20261105],
    "app.images.base": ["debian", ""],
    "app.admin.user": ["", "two words", "a:b", "..."],
    "app.admin.email": [
        "editor", "a@", "a b@example.com", "a@example", "a@-x.org", "a@x-.org", ".a@x.org", "a..b@x.org", `${"a".repeat(65)}@x.org`,
        `a@${"a".repeat(64)}.org`, `a@${"ab.".repeat(33)}org`, "a@192.0.2.1", "a@b@c.org", "ä@x.org",
    ],
    "app.web.targetCpu": [9, 96],
    "app.web.uploads.accessMode": ["ReadOnlyMany", "rwx"],
    "app.web.uploads.storageClass": ["Fast", "a..b"],
    "app.database.mode": ["cluster"],
    "app.database.volume": ["1Mi", "1023Mi"],
    "app.web.cpu.limit": ["1m", "0.09"],
};

describe("an error", () => {
    it.each(Object.entries(refused))("about %s is alone and names it", (key, values) => {
        for (const value of values) {
            const [section, ...below] = key.split(".");
            const part = below.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
            const raw: Record<string, unknown> = { cluster: kind, [section]: part };
            raw.cluster = { ...kind, ...raw.cluster as object };
            expect(problemsOf(raw).map(problem => problem.key), JSON.stringify(value)).toEqual([`landfall:${key}`]);
        }
    });

    it("names the stack's name where the default comes from it", () => {
        expect(linesOf({ cluster: kind }, "default").slice(0, 2)).toEqual([
            "landfall:environment.name is a namespace of Kubernetes' own", "given: \"default\" (the default)",
        ]);
    });

    it.each(["toString", "constructor", "then", "__proto__", "4dabf18193072939515e22adb298388d"])(
        "names a key called %s, which would break the program", key => {
            const given = JSON.parse(`{ "${key}": "x" }`) as object;
            const keys = (cluster: object) => problemsOf({ cluster, environment: online }).map(found => found.key);
            const tagged = { ...eks, tags: given };
            expect(keys(tagged)).toEqual([`landfall:cluster.tags.${key}`]);
            const labelled = { ...eks, nodePools: { web: { machineType: "m6i.large", labels: given } } };
            expect(keys(labelled)).toEqual([`landfall:cluster.nodePools.web.labels.${key}`]);
            expect(problemsOf({ cluster: { ...kind, ...given } })[0].problem).toBe("is an unknown key");
        },
    );

    it.each<[string, Record<string, unknown>, string[]]>([
        ["a slip in the name of a key that has to be there", { cluster: existing, environment: { hots: "a.b" } },
            ["landfall:environment.hots is an unknown key; did you mean host?"]],
        ["text where a list has to be", { cluster: { ...eks, admins: "" }, environment: online }, ["landfall:cluster.admins is not a list"]],
    ])("tells %s once", (_, raw, headlines) => {
        expect(problemsOf(raw).map(({ key, problem }) => `${key} ${problem}`)).toEqual(headlines);
    });

    it.each<[string, string, unknown, string]>([
        ["a name with an umlaut", "environment.host", "www.bücher.example", 'has "ü": write it as www.xn--bcher-kva.example'],
        ["a capital letter", "environment.host", "WWW.example.com", 'has the capital letter "W"'],
        ["a control character", "app.title", "a\u0007b", "has the control character U+0007, which can't be in it"],
        ["an invisible character", "environment.host", "www\u200b.example.com", "has the invisible character U+200B: write it as www.example.com"],
        ["a space", "cluster.name", "my cluster", "has a space, which can't be in it"],
        ["an address without its length", "cluster.podSubnet", "10.1.2.3", "has no length: write 10.1.2.0/24, for example"],
        ["a length that is too long", "cluster.podSubnet", "10.0.0.0/28", "has the length 28"],
        ["yes, which is text to Pulumi", "cluster.nodes", "yes", "is not valid"],
        ["a comma in a number", "app.web.memory.limit", "1,5Gi", "has a comma: write 1.5Gi"],
        ["a unit in other letters", "app.web.memory.limit", "2GB", 'has the unit "GB": write 2G'],
        ["too little", "app.database.volume", "512Mi", "is less than 1Gi"],
        ["a number where text has to be", "app.title", 2026, 'is a number, not text. Put it in quotes: "2026"'],
        ["a home directory of someone else", "cluster.data", "~jane/data", "begins with ~jane: only ~/ is a home directory here"],
    ])("says what is wrong with %s", (_, key, value, problem) => {
        const [section, ...below] = key.split(".");
        const part = below.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
        const raw: Record<string, unknown> = { cluster: kind, [section]: section === "cluster" ? { ...kind, ...part } : part };
        expect(problemsOf(raw).map(found => found.problem)).toEqual([problem]);
    });

    it("shows what one address is as a network", () => {
        const raw = { cluster: { ...eks, authorizedNetworks: ["203.0.113.0/24", "203.0.113.5"] }, environment: online };
        expect(problemsOf(raw)[0].problem).toBe('holds "203.0.113.5", which has no length: one address is 203.0.113.5/32');
        const flag = { cluster: { ...eks, deletionProtection: "yes" }, environment: online };
        expect(problemsOf(flag)[0].problem).toBe("is text. Write true, without quotes");
    });

    it("has a command for a secret of several lines that works in both shells of Windows", () => {
        expect(secretCommand("cluster.ssh.privateKey", "~/.ssh/id", "win32")).toBe('cmd /c "pulumi config set --secret --path landfall:cluster.ssh.privateKey < %USERPROFILE%\\.ssh\\id"');
        expect(secretCommand("adminPassword", undefined, "win32")).toBe(secretCommand("adminPassword", undefined, "linux"));
    });

    it("does not end at the first problem", () => {
        const raw = {
            cluster: { target: "kind", nodes: 0, http: 81, https: 81, nodse: 1 },
            environment: { hots: "a", quota: { pods: 0 } },
            app: { web: { replicas: { min: 3, max: 2 }, image: "" } },
            adminPassword: "short",
        };
        expect(problemsOf(raw).map(problem => problem.key).sort()).toEqual([
            "landfall:adminPassword", "landfall:app.web.image", "landfall:app.web.replicas.min",
            "landfall:cluster.https", "landfall:cluster.nodes", "landfall:cluster.nodse", "landfall:environment.hots",
            "landfall:environment.quota.pods",
        ]);
    });

    it("reads as a report", () => {
        const report = [
            "The configuration of the stack dev has 1 problem. Nothing was changed.",
            "",
            "landfall:cluster.nodes is less than 1",
            "    given:   0",
            "    allowed: a whole number from 1 to 10",
            "    example: landfall:cluster: { target: kind, nodes: 2 }",
            "",
            "Settings are under \"config:\" in Pulumi.dev.yaml; infra/config/REFERENCE.md describes all of them.",
        ].join("\n");
        expect(() => parseSettings({ cluster: { target: "kind", nodes: 0 } }, "dev"))
            .toThrow(expect.objectContaining({ name: "SettingsError", message: report }));
    });

    it("has a way out that works", () => {
        const one = { web: { uploads: { accessMode: "ReadWriteOnce" }, replicas: { max: 1 } } };
        expect(problemsOf({ cluster: kind, app: one })).toEqual([]);
        const images = { web: { image: "x:1" }, database: { image: "y:1" } };
        const pulled = { ...existing, registry: undefined };
        expect(problemsOf({ cluster: pulled, environment: online, app: images })).toEqual([]);
        const lone = { ...existing, sharedStorageClass: undefined };
        expect(problemsOf({ cluster: lone, environment: online, app: one })).toEqual([]);
        const quota = { cpu: "14500m", pods: 15 };
        expect(problemsOf({ cluster: kind, environment: { quota } })).toEqual([]);
    });
});
