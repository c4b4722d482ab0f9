import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "../../../../infra/config";
import { isDnsLabel, isHostname } from "../../../../infra/config/schema/fields";
import { toDnsLabel } from "../../../../infra/config/schema/defaults";
import { isAddress, parseNetwork, rangesOverlap } from "../../../../components/cluster/ipv4";
import { compareQuantities, formatQuantity, isQuantity, parseQuantity, quantity } from "../../../../components/quantity";

type Fragment = Record<string, unknown>;

const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const label = fc.tuple(
    fc.constantFrom(...letters), fc.string({ unit: fc.constantFrom(...letters, "-"), maxLength: 20 }),
    fc.constantFrom(...letters.slice(0, 26)),
).map(parts => parts.join(""));
const hostname = fc.array(label, { minLength: 1, maxLength: 5 }).map(labels => labels.join("."));
const suffix = fc.constantFrom("", "m", "u", "n", "k", "M", "G", "Ki", "Mi", "Gi", "Ti");

/** Units as the documentation of Kubernetes defines them, in billionths. */
const units: Record<string, bigint> = {
    "n": 1n, "u": 1000n, "m": 1000000n, "": 1000000000n, "k": 10n ** 12n, "M": 10n ** 15n, "G": 10n ** 18n,
    "Ki": 1024n * 10n ** 9n,
    "Mi": 1024n ** 2n * 10n ** 9n, "Gi": 1024n ** 3n * 10n ** 9n, "Ti": 1024n ** 4n * 10n ** 9n,
};
const amount = fc.record({ count: fc.bigInt(0n, 9000n), suffix });
const text = ({ count, suffix }: { count: bigint; suffix: string }) => `${count}${suffix}`;

describe("a quantity", () => {
    it("is its count times its unit", () => {
        fc.assert(fc.property(amount, given => {
            expect(parseQuantity(text(given))).toBe(given.count * units[given.suffix]);
        }));
    });

    it("comes back from its shortest form", () => {
        fc.assert(fc.property(fc.bigInt(0n, 10n ** 24n), value => {
            expect(parseQuantity(formatQuantity(value))).toBe(value);
        }));
    });

    it("compares as its number does", () => {
        fc.assert(fc.property(amount, amount, (left, right) => {
            const [a, b] = [left.count * units[left.suffix], right.count * units[right.suffix]];
            expect(compareQuantities(text(left), text(right))).toBe(a < b ? -1 : a > b ? 1 : 0);
            expect(compareQuantities(text(right), text(left))).toBe(a < b ? 1 : a > b ? -1 : 0);
        }));
    });

    it("is the same as a fraction, a thousandth or an exponent", () => {
        fc.assert(fc.property(fc.integer({ min: 0, max: 99999 }), thousandths => {
            const value = quantity(`${thousandths}m`);
            const fraction = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, "0")}`;
            expect([fraction, `${thousandths}e-3`, `${thousandths}000u`].map(quantity)).toEqual([value, value, value]);
        }));
    });

    it.each(["", "Gi", "1 Gi", "-1", "+1", "1gi", "1Kb", "1.2.3", "1e", "0x10", "1e3Gi", "Infinity", "NaN", "9e18k"])(
        "is not %j", given => expect(isQuantity(given)).toBe(false),
    );
});

describe("a network", () => {
    const network = fc.record({ address: fc.nat({ max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 0, max: 32 }) })
        .map(({ address, prefix }) => ({ first: address - address % 2 ** (32 - prefix), prefix }))
        .map(({ first, prefix }) => ({ first, last: first + 2 ** (32 - prefix) - 1, prefix }));
    const dotted = (address: number) => [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join(".");

    it("is read as it is written", () => {
        fc.assert(fc.property(network, given => {
            expect(parseNetwork(`${dotted(given.first)}/${given.prefix}`)).toEqual(given);
        }));
    });

    it("has no address bit beyond its prefix", () => {
        fc.assert(fc.property(network, fc.nat(), ({ first, prefix }, more) => {
            fc.pre(prefix < 32);
            const address = first + 1 + more % (2 ** (32 - prefix) - 1);
            expect(parseNetwork(`${dotted(address)}/${prefix}`)).toBeUndefined();
        }));
    });

    it("overlaps another where one holds the other's first address", () => {
        fc.assert(fc.property(network, network, (left, right) => {
            const holds = (outer: typeof left, inner: typeof left) =>
                inner.first >= outer.first && inner.first < outer.first + 2 ** (32 - outer.prefix);
            expect(rangesOverlap(left, right)).toBe(holds(left, right) || holds(right, left));
        }));
    });

    it.each(["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.256/32", "a.b.c.d/8", "::/0", "10.0.0.0/8 "])(
        "is not %j", given => expect(parseNetwork(given)).toBeUndefined(),
    );
});

describe("an address", () => {
    it.each(["0.0.0.0", "198.18.7.255"])("is %j", given => expect(isAddress(given)).toBe(true));

    it.each(["192.0.2.1.", "192.0.2.01", "192.0.2", "192.0.2.256", "192.0.2.1/32", "0x7f.0.0.1", "::1", ""])(
        "is not %j", given => expect(isAddress(given)).toBe(false),
    );
});

describe("a name", () => {
    it("of labels is a host name", () => {
        fc.assert(fc.property(hostname, given => {
            expect(isHostname(given)).toBe(true);
        }));
    });

    it("is no host name with a stranger in it", () => {
        const stranger = fc.constantFrom(" ", "_", "/", ":", "*", "A", "ü", "..", ".-", "\n");
        fc.assert(fc.property(hostname, stranger, fc.nat(), (given, wrong, place) => {
            const at = 1 + place % given.length;
            const spoilt = given.slice(0, at) + wrong + given.slice(at);
            expect(isHostname(wrong === ".-" || wrong === ".." ? `${given}${wrong}a` : spoilt)).toBe(false);
        }));
    });

    it("is no host name where it is an address or too long", () => {
        fc.assert(fc.property(fc.ipV4(), given => {
            expect(isHostname(given)).toBe(false);
        }));
        expect([isHostname(`${"a".repeat(63)}.b`), isHostname(`${"a".repeat(64)}.b`)]).toEqual([true, false]);
        expect(isHostname(Array(127).fill("ab").join("."))).toBe(false);
    });

    it("can be made of any text", () => {
        fc.assert(fc.property(fc.string(), fc.integer({ min: 20, max: 63 }), (given, longest) => {
            expect(isDnsLabel(toDnsLabel(given, longest), longest)).toBe(true);
        }));
        fc.assert(fc.property(label, given => {
            expect(toDnsLabel(given)).toBe(given);
        }));
    });
});

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Drops what is undefined, as a file would not hold it. */
const written = (value: unknown) => JSON.parse(JSON.stringify(value)) as Fragment;
const ports = fc.uniqueArray(fc.integer({ min: 7000, max: 10000 }), { minLength: 2, maxLength: 2 });
const pin = fc.constantFrom(":1.0", `@sha256:${"0af".repeat(21)}1`, `:x@sha256:${"a".repeat(64)}`);
const image = fc.tuple(hostname, label, pin)
    .map(([host, name, tag]) => `${host}.io/${name}${tag}`);

const clusters = fc.oneof(
    fc.record({
        target: fc.constant("kind"), name: some(label), nodes: some(fc.integer({ min: 1, max: 10 })),
        image: some(image), ports,
        data: some(label.map(name => `~/${name}`)), podSubnet: some(fc.constant("198.18.0.0/16")),
        serviceSubnet: some(fc.constant("198.19.0.0/20")),
    }),
    fc.record({
        target: fc.constant("minikube"), driver: some(fc.constantFrom("docker", "kvm2", "none")), ports,
        cpus: some(fc.integer({ min: 2, max: 16 })), memory: some(fc.constantFrom("4Gi", "2e9", 3000000000)),
        kubernetesVersion: some(fc.constantFrom("v1.36.4", "1.36")),
        flags: some(fc.constantFrom([], ["--force"], ["--cni=flannel", "--nodes-of-mine=a b"])),
    }),
    fc.record({
        target: fc.constant("existing"), kubeconfig: some(label), context: label,
        registry: hostname.map(name => `${name}.io/x`), sharedStorageClass: hostname,
        metrics: some(fc.constantFrom("builtin", "install")),
        loadBalancer: some(fc.constantFrom("LoadBalancer", "NodePort")), host: some(fc.oneof(fc.ipV4(), hostname)),
    }),
    fc.record({
        target: fc.constant("existing"), context: label, registry: hostname.map(name => `${name}.io/x`), sharedStorageClass: hostname,
        loadBalancerClass: some(fc.oneof(label, fc.tuple(hostname, label).map(parts => parts.join("/")))),
        loadBalancerAnnotations: some(fc.dictionary(fc.tuple(hostname, label).map(parts => parts.join("/")), fc.string(), { maxKeys: 3 })),
    }),
    fc.record({
        target: fc.constant("existing"), stack: fc.tuple(label, label, label).map(names => names.join("/")),
        output: some(label), registry: fc.constant("localhost:5000"), sharedStorageClass: label,
        kubeletInsecureTls: some(fc.boolean()),
    }),
    fc.record({
        target: fc.constant("aks"), name: some(label), subscription: fc.uuid(), location: fc.constant("westeurope"),
        admins: fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 3 }), size: some(fc.constantFrom("development")),
        authorizedNetworks: fc.constant(["203.0.113.0/24"]), encryptionAtHost: some(fc.boolean()),
        nodePools: some(fc.dictionary(
            fc.constantFrom("web", "batch"),
            fc.record({ machineType: fc.constant("Standard_D4as_v5"), max: fc.integer({ min: 1, max: 50 }) }),
        )),
    }),
).map(cluster => {
    const [http, https] = "ports" in cluster ? cluster.ports : [undefined, undefined];
    return { ...cluster, ports: undefined, http, https };
});
const pair = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 }))
    .map(([least, more]) => [least, least + more]);
const cpu = pair.map(([request, limit]) => ({ request: `${request}00m`, limit: limit / 10 }));
/** What the parts take at least, and more. */
const memoryAbove = (least: number) => pair.map(([request, limit]) =>
    ({ request: `${request * 16}Mi`, limit: `${least + limit * 16}Mi` }));

const validSettings = fc.record({
    cluster: clusters,
    environment: fc.record({
        name: some(label.filter(name => name !== "default" && !name.startsWith("kube-"))), host: hostname,
        redirects: some(fc.uniqueArray(hostname.map(name => `old.${name}`), { maxLength: 5 })),
        volumes: some(fc.constantFrom("delete", "retain")), tls: fc.constant({ issuer: "ca" }),
        quota: fc.constant({ cpu: 1000, memory: "1Ti", storage: "1Ti", pods: 1000 }),
    }),
    app: some(fc.record({
        title: some(fc.constantFrom("a", "Größe: 5", "x".repeat(200))),
        web: some(fc.record({
            image: some(image), replicas: some(pair.map(([min, max]) => ({ min, max }))), cpu: some(cpu),
            memory: some(memoryAbove(700)), targetCpu: some(fc.integer({ min: 10, max: 95 })),
            uploads: some(fc.record({ size: fc.constantFrom("1Gi", "2G", 80000000), maxFile: some(fc.constantFrom("1Mi", "70M")) })),
        })),
        database: fc.record({ volume: some(fc.constant("7Gi")), cpu: some(cpu), memory: memoryAbove(8192) }),
    })),
    adminPassword: some(fc.stringMatching(/^[!-~][ -~]{10,60}[!-~]$/)),
}).map(written);

function keysRefused(raw: Fragment): string[] {
    try {
        parseSettings(raw, "dev");
    } catch (error) {
        if (error instanceof SettingsError) {
            return error.problems.map(problem => problem.key);
        }
        throw error;
    }
    return [];
}

describe("settings", { timeout: 60_000 }, () => {
    it("that are valid are accepted, and complete settings stay as they are", () => {
        fc.assert(fc.property(validSettings, fc.constantFrom("dev", "Pull_42", "x".repeat(90)), (raw, stack) => {
            const once = parseSettings(raw, stack);
            expect(parseSettings({ ...once }, "another")).toEqual(once);
        }));
    });

    it("with one more key are refused by its name", () => {
        const objects = (value: Fragment, above: string[]): string[][] => [above, ...Object.entries(value).flatMap(
            ([key, below]) => typeof below === "object" && !Array.isArray(below)
                ? objects(below as Fragment, [...above, key]) : [],
        )];
        fc.assert(fc.property(validSettings, fc.string({ minLength: 1 }), fc.nat(), (given, key, place) => {
            const raw = structuredClone(given);
            const paths = objects(raw, []);
            const path = paths[place % paths.length];
            const strange = `x${key}x`;
            const object = path.reduce((inner, name) => inner[name] as Fragment, raw);
            object[strange] = 1;
            expect(keysRefused(raw)).toEqual([`landfall:${[...path, strange].join(".")}`]);
        }));
    });

    it("with more replicas at least than at most are refused", () => {
        const replicas = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 999 }))
            .filter(([min, max]) => min > max);
        fc.assert(fc.property(validSettings, replicas, (raw, [min, max]) => {
            const app = { ...raw.app as Fragment, web: { replicas: { min, max } }, database: { memory: { limit: "64Gi" } } };
            expect(keysRefused({ ...raw, app })).toEqual(["landfall:app.web.replicas.min"]);
        }));
    });

    it("with a request above its limit are refused", () => {
        fc.assert(fc.property(validSettings, pair, fc.constantFrom("web", "database"), (raw, [limit, more], part) => {
            const app = { [part]: { cpu: { request: `${more + 1}00m`, limit: `${limit}00m` } } };
            expect(keysRefused({ ...raw, app })).toEqual([`landfall:app.${part}.cpu.request`]);
        }));
    });

    it("with a quota below the application's largest are refused, at it accepted", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 10 }), (max, tenths) => {
            const need = (max + Math.ceil(max / 4)) * tenths * 100 + 1000 + 500;
            const settings = (milli: number) => ({
                cluster: { target: "kind" },
                app: {
                    web: { replicas: { min: 1, max }, cpu: { request: "1m", limit: tenths / 10 } },
                    database: { memory: { limit: "8Gi" } },
                },
                environment: { quota: { cpu: `${milli}m`, memory: "1Ti", pods: 1000 } },
            });
            expect(keysRefused(settings(need))).toEqual([]);
            expect(keysRefused(settings(need - 1))).toEqual(["landfall:environment.quota.cpu"]);
        }));
    });
});
