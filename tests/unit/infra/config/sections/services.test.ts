import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfiguration, parseSettings, type PlainSettings, type Problem, SettingsError } from "../../../../../infra/config";
import { connectionsOfServices, needsOf, podsOf } from "../../../../../infra/services/limits";
import { trafficOf } from "../../../../../infra/limits";
import { databaseLimits } from "../../../../../components/workload/limits";
import { mebibytes, quantity } from "../../../../../components/quantity";
import { services } from "../../../support/application";

const shop = { image: "ghcr.io/example/shop:1.2", port: 8080 };
const web = { ...shop, exposed: true };
const task = { schedule: "0 3 * * *", command: ["report"] };
const migrate = { image: shop.image, job: true };
const quota = { cpu: "100000", memory: "1Pi", storage: "1Pi", pods: 100_000 };

function parse(given: object, others: object = {}) {
    return parseSettings({ cluster: { target: "kind" }, app: { type: "services", services: given }, ...others }, "dev");
}

function problems(given: object, others: object = {}): readonly Problem[] {
    try {
        parse(given, others);
    } catch (error) {
        if (error instanceof SettingsError) return error.problems;
        throw error;
    }
    return [];
}

const first = (given: object, others?: object): string => {
    const [found] = problems(given, others);
    return found === undefined ? "" : `${found.key} ${found.problem}`;
};

describe("an application of services", () => {
    it("needs no more than an image, a port, and which service gets the host", () => {
        const { web: found } = services(parse({ web })).services;
        expect(found).toMatchObject({ replicas: { min: 2, max: 4 }, uid: 10001, ephemeral: { "/tmp": "64Mi" }, path: "/" });
    });

    it("is WordPress without a type, and each type refuses the other's keys", () => {
        const of = (app: object) => parseSettings({ cluster: { target: "kind" }, app }, "dev").app.type;
        expect([of({}), of({ type: "wordpress" })]).toEqual(["wordpress", "wordpress"]);
        expect(() => of({ services: { web } })).toThrow(/landfall:app.services is an unknown key; it belongs to landfall:app with type: services/);
        expect(() => of({ type: "services", services: { web }, mail: {} })).toThrow(/landfall:app.mail is an unknown key/);
        expect(() => of({ type: "service", services: { web } })).toThrow(/landfall:app.type is none of the words it can be; did you mean services/);
    });

    it("has one pod where two would disturb each other, and else replicas", () => {
        const { replicas } = services(parse({ web, job: { image: shop.image }, store: { ...shop, volumes: { "/data": {} } } })).services.job;
        expect(replicas).toEqual({ min: 1, max: 1 });
        expect(podsOf(services(parse({ web: { ...web, volumes: { "/data": {} } } })).services.web)).toBe(1);
        expect(podsOf(services(parse({ web: { ...web, volumes: { "/data": { accessMode: "ReadWriteMany" } } } })).services.web)).toBe(5);
    });

    it.each<[string, object, string]>([
        ["no service", {}, "landfall:app.services is missing"],
        ["neither an image nor a build", { web: { port: 1, exposed: true } }, "landfall:app.services.web.image is missing"],
        ["both", { web: { ...web, build: { context: "." } } }, "landfall:app.services.web.image is one too many: landfall:app.services.<name>.build makes another"],
        ["nothing at the host", { web: shop }, "landfall:app.services.web.exposed is false, like all others: nothing would answer at the host"],
        ["two at one path", { a: web, b: web }, "landfall:app.services.b.path is that of landfall:app.services.a too"],
        ["exposed without a port", { web: { image: shop.image, exposed: true } }, "landfall:app.services.web.port is missing"],
        ["a probe of a port that there isn't", { web, job: { image: shop.image, probes: { liveness: { path: "/" } } } }, "landfall:app.services.job.port is missing"],
        ["several pods on one volume", { web: { ...web, volumes: { "/data": {} }, replicas: { max: 2 } } },
            "landfall:app.services.web.replicas.max is more than the one pod that can use a volume with accessMode ReadWriteOnce, or that has volumes but no port"],
        ["a connection to nobody", { web: { ...web, talksTo: ["cash"] }, cache: shop }, "landfall:app.services.web.talksTo names cash, which is no service"],
        ["a connection to something without a port", { web: { ...web, talksTo: ["job"] }, job: { image: shop.image } }, "landfall:app.services.web.talksTo names job, which has no port"],
        ["an order in a circle", { a: { ...web, after: ["b"] }, b: { ...shop, after: ["a"] } },
            "landfall:app.services.a.after leads back to the service itself: each would wait for the other"],
        ["a secret that nobody has set", { web: { ...web, secrets: { KEY: "apiKey" } } }, "landfall:app.services.web.secrets names apiKey, which is not in landfall:secrets"],
        ["a placeholder for nothing", { web: { ...web, environment: { A: "${database.host}" } } }, "landfall:app.services.web.environment has ${database.host}, which stands for nothing"],
        ["one claim for two volumes", { "a": { ...web, volumes: { "/b-c": {} } }, "a-b": { ...shop, volumes: { "/c": {} } } },
            "landfall:app.services.a-b.volumes has a volume at /c whose claim, a-b-c, is another's too"],
        ["a name of the stack's own", { web, gateway: shop }, "landfall:app.services.gateway can't be called gateway: that is a part of every stack"],
        ["a volume of a service that isn't there", { web: { ...web, volumes: { "/d": { of: "none" } } } }, "landfall:app.services.web.volumes has the volume of none at /d, which is no other service"],
        ["a volume of its own", { web: { ...web, volumes: { "/d": { of: "web" } } } }, "landfall:app.services.web.volumes has the volume of web at /d, which is no other service"],
        ["a volume that another hasn't", { web: { ...web, volumes: { "/d": { of: "job" } } }, job: { image: web.image, volumes: { "/e": { accessMode: "ReadWriteMany" } } } }, "landfall:app.services.web.volumes has the volume of job at /d, which has none called d"],
        ["another's volume for one pod", { web: { ...web, volumes: { "/d": { of: "job" } } }, job: { image: web.image, volumes: { "/d": {} } } }, "landfall:app.services.web.volumes has the volume of job at /d, which is for one pod"],
        ["another user's volume", { web: { ...web, volumes: { "/d": { of: "job" } } }, job: { image: web.image, uid: 33, volumes: { "/d": { accessMode: "ReadWriteMany" } } } }, "landfall:app.services.web.volumes has the volume of job at /d, which runs as another user: neither could change the other's files"],
        ["a volume of one that waits for it", { web: { ...web, volumes: { "/d": { of: "job" } } }, job: { image: web.image, after: ["web"], volumes: { "/d": { accessMode: "ReadWriteMany" } } } }, "landfall:app.services.web.volumes has the volume of job at /d, which waits for this one: neither would start"],
        ["a directory that is both", { web: { ...web, volumes: { "/tmp": {} }, ephemeral: { "/tmp": "1Mi" } } }, "landfall:app.services.web.volumes and ephemeral both are at /tmp"],
        ["a secret file among files that the program writes", { web: { ...web, secrets: { "/data/key": "apiKey" }, volumes: { "/data": {} } } },
            "landfall:app.services.web.secrets has a file in /data, where the program writes: a directory with secret files has nothing else"],
        ["a secret file in the root directory", { web: { ...web, secrets: { "/key": "apiKey" } } }, "landfall:app.services.web.secrets./key is not a valid name"],
        ["a task whose pods would be called like a service's", { "a": { ...web, tasks: { b: task } }, "a-b": shop }, "landfall:app.services.a.tasks has b, whose pods would be called a-b, as others are"],
        ["a task called like another's", { "a": { ...web, tasks: { "b-c": task } }, "a-b": { ...shop, tasks: { c: task } } },
            "landfall:app.services.a-b.tasks has c, whose pods would be called a-b-c, as others are"],
        ...Object.entries({ port: 1, replicas: { max: 2 }, probes: { startup: { command: ["a"] } }, tasks: { a: task } }).map(([key, value]) =>
            [`${key} of a job`, { web, migrate: { ...migrate, [key]: value } }, `landfall:app.services.migrate.${key} has no effect on a job, which ends when its work is done`] as [string, object, string]),
        ["a connection to a job", { web: { ...web, talksTo: ["migrate"] }, migrate }, "landfall:app.services.web.talksTo names migrate, which has no port"],
        ["a job in a circle", { web: { ...web, after: ["migrate"] }, migrate: { ...migrate, after: ["web"] } },
            "landfall:app.services.web.after leads back to the service itself: each would wait for the other"],
        ...["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "5-1 * * * *", "*/0 * * * *", "* * * * MON", "* * * * 7", "@daily", "* * * * * *", "1,,2 * * * *"].map(schedule =>
            [`a task that runs at "${schedule}"`, { web: { ...web, tasks: { a: { ...task, schedule } } } },
                "landfall:app.services.web.tasks.a.schedule is not valid"] as [string, object, string]),
    ])("with %s is refused", (_, given, problem) => {
        expect(first(given)).toBe(problem);
    });

    it("has scheduled tasks, which the quota and the database have room for", () => {
        for (const schedule of ["* * * * *", "*/5 0-6,22 1 1-12/2 6", "59 23 31 12 0"]) {
            expect(services(parse({ web: { ...web, tasks: { a: { ...task, schedule } } } })).services.web.tasks.a).toEqual({ ...task, schedule, deadlineSeconds: 600 });
        }
        const of = (tasks: object) => services(parse({ web: { ...web, database: true, connections: 7, cpu: { request: "1", limit: "2" }, tasks } }));
        const [without, two] = [of({}), of({ a: task, b: task })];
        expect(connectionsOfServices(two) - connectionsOfServices(without)).toBe(14);
        expect(needsOf(two).cpu - needsOf(without).cpu).toBe(quantity("4"));
        expect(needsOf(two).pods - needsOf(without).pods).toBe(quantity("2"));
    });

    it("has jobs, each of which is one pod that the quota and the database have room for", () => {
        const of = (others: object) => services(parse({ web: { ...web, database: true }, ...others }));
        const [without, one] = [of({}), of({ migrate: { ...migrate, database: true, connections: 7, cpu: { request: "1", limit: "2" }, replicas: { max: 1 } } })];
        expect(connectionsOfServices(one) - connectionsOfServices(without)).toBe(7);
        expect(needsOf(one).cpu - needsOf(without).cpu).toBe(quantity("2"));
        expect(needsOf(one).pods - needsOf(without).pods).toBe(quantity("1"));
    });

    it.each<[string, object, object, string]>([
        ["memory of a job", { memory: "8Gi" }, { migrate: { ...migrate, memory: { request: "1Gi", limit: "64Gi" } } }, "landfall:app.services.migrate.memory.limit"],
        ["memory of replicas", { memory: "8Gi" }, { web: { ...web, replicas: { min: 1, max: 40 } }, migrate }, "landfall:app.services.web.replicas.max or landfall:app.services.web.memory.limit"],
        ["cpu of a stateful service", { cpu: "9" }, { store: { ...shop, volumes: { "/data": {} }, cpu: { request: "1", limit: "30" } } }, "landfall:app.services.store.cpu.limit"],
        ["the database's cpu", { cpu: "9" }, { web: { ...web, database: true } }, "landfall:app.database.cpu.limit"],
        ["a volume", { storage: "9Gi" }, { store: { ...shop, volumes: { "/data": { size: "20Gi" } } } }, "landfall:app.services.store.volumes"],
        ["the database's volume", { storage: "9Gi" }, { web: { ...web, database: true } }, "landfall:app.database.volume"],
        ["pods of replicas", { pods: 9 }, { web: { ...web, replicas: { min: 1, max: 40 } } }, "landfall:app.services.web.replicas.max"],
        ["ephemeral files", { ephemeralStorage: "9Gi" }, { migrate: { ...migrate, ephemeral: { "/tmp": "20Gi" } } }, "landfall:app.services.migrate.ephemeral"],
        ["memory of one worker", { memory: "8Gi" }, { worker: { image: shop.image, memory: { request: "1Gi", limit: "64Gi" } } }, "landfall:app.services.worker.memory.limit"],
    ])("whose %s exceed the quota is told what to lower", (_, quota, others, expected) => {
        const settings = { cluster: { target: "kind" }, environment: { quota }, app: { type: "services", services: { web, ...others }, database: { cpu: { request: "1", limit: "40" }, volume: "30Gi" } } };
        expect(() => parseSettings(settings, "dev")).toThrow(new RegExp(`or lower ${expected.replaceAll(".", "\\.")}$`, "m"));
    });

    it("whose quota holds too few pods, each of which it needs, is told how many it needs", () => {
        const [{ allowed }] = problems({ web: { ...web, replicas: { min: 1, max: 1 } }, store: { ...shop, volumes: { "/data": {} } }, migrate }, { environment: { quota: { pods: 2 } } });
        expect(allowed).toMatch(/^at least pods: \d+$/);
    });

    it.each<[string, object]>([
        ["a job", { web, migrate: { ...migrate, database: true } }], ["a job with a volume", { web, migrate: { ...migrate, volumes: { "/data": {} } } }],
        ["a worker", { web, job: { image: shop.image } }], ["a volume", { web: { ...web, volumes: { "/data": {} } } }], ["tasks", { web: { ...web, tasks: { a: task } } }],
    ])("with %s is accepted with its defaults too: rules between keys read it so", (_, given) => {
        expect(first(services(parse(given)).services)).toBe("");
    });

    it("takes text that looks like a placeholder, if it says so", () => {
        expect(first({ web: { ...web, environment: { A: "$${database.host}", B: "$2y$10$x", C: "${address}/x" } } })).toBe("");
    });

    it("takes secrets that Pulumi encrypts, and no others", () => {
        const config = (secrets: object) => ({
            "landfall:cluster": "{\"target\":\"kind\"}", "landfall:secrets": JSON.stringify(secrets),
            "landfall:app": JSON.stringify({ type: "services", services: { web: { ...web, secrets: { KEY: "apiKey" } } } }),
        });
        const read = (secretKeys: string[]) => parseConfiguration({ config: config({ apiKey: "hunter2" }), secretKeys }, "dev");
        expect((read(["landfall:secrets"]) as PlainSettings).secrets).toEqual({ apiKey: "hunter2" });
        expect(() => read([])).toThrow(/landfall:secrets.apiKey is not a secret[^]*pulumi config set --secret --path landfall:secrets.apiKey/);
        expect(() => read([])).not.toThrow(/hunter2/);
        expect(() => read(["landfall:secrets", "landfall:app"])).toThrow(/landfall:app holds an encrypted value[^]*pulumi config set --secret --path landfall:secrets.apiKey/);
    });

    it("refuses a volume that many nodes write where there is none, and images that can't be delivered", () => {
        const existing = { cluster: { target: "existing", context: "a" }, environment: { host: "a.example" } };
        expect(first({ web: { ...web, volumes: { "/d": { accessMode: "ReadWriteMany" } } } }, existing)).toMatch(/^landfall:cluster.sharedStorageClass is missing/);
        const many = { "/d": { accessMode: "ReadWriteMany" } };
        for (const ofOnePod of [{ volumes: many }, { job: true, volumes: many }, { port: 1, volumes: { ...many, "/own": {} } }]) {
            expect(first({ web, other: { image: web.image, ...ofOnePod } }, existing)).toBe("");
            expect(first({ web: { ...web, after: ["other"], volumes: { "/e": { of: "other", name: "d" } } }, other: { image: web.image, ...ofOnePod } }, existing))
                .toMatch(/^landfall:cluster.sharedStorageClass is missing/);
        }
        expect(first({ web: { port: 1, exposed: true, build: { context: "." } } }, existing)).toMatch(/^landfall:cluster.registry is missing/);
        expect(first({ web: { ...web, database: true } }, existing)).toMatch(/^landfall:cluster.registry is missing/);
        expect(first({ web }, existing)).toBe("");
    });

    it("leaves both to the platform of another stack, which has its own logs", () => {
        const guest = { cluster: { target: "existing", context: "a", sharedPlatform: true }, environment: { host: "a.example", aliases: ["b.example"] } };
        const demanding = { ...web, image: undefined, build: { context: "." }, database: true, volumes: { "/d": { accessMode: "ReadWriteMany" } } };
        expect(first({ web: demanding }, guest)).toBe("");
        expect(first({ web: demanding }, { ...guest, logs: { keepDays: 3 } })).toMatch(/^landfall:logs.keepDays has no effect/);
        expect(first({ web: demanding }, { ...guest, gateway: { clientConnections: 300 } }))
            .toMatch(/^landfall:gateway.clientConnections has no effect/);
    });

    it("lets programs of a Compose file use a database without TLS, and no others unless that is said", () => {
        const tlsOf = (app: object) => services(parseSettings({ cluster: { target: "kind" }, app: { type: "services", services: { web }, ...app } }, "dev")).database.tls;
        expect([tlsOf({}), tlsOf({ database: { tls: "offered" } }), tlsOf({ replaceDatabase: "db" }), tlsOf({ replaceDatabase: "db", database: { tls: "required" } })])
            .toEqual(["required", "offered", "offered", "required"]);
    });
});

const service = fc.record({
    image: fc.constant(shop.image), port: fc.constant(8080), exposed: fc.constant(true),
    replicas: fc.integer({ min: 1, max: 60 }).map(max => ({ max })),
    cpu: fc.integer({ min: 1, max: 40 }).map(tenths => ({ request: "100m", limit: `${tenths * 100}m` })),
    database: fc.boolean(), connections: fc.integer({ min: 1, max: 30 }),
    requestSeconds: fc.integer({ min: 10, max: 230 }), largestTransfer: fc.constantFrom("1Mi", "16Mi", "512Mi"), requests: fc.integer({ min: 1, max: 2000 }),
});
const several = fc.array(service, { minLength: 1, maxLength: 4 }).map(list =>
    Object.fromEntries(list.map((each, index) => [`s${index}`, { ...each, path: `/${index}` }])));

describe("for every application that is accepted", () => {
    const accepted = fc.sample(several, 100).map(given =>
        services(parseSettings({ cluster: { target: "kind" }, environment: { quota }, app: { type: "services", services: given, database: { memory: { limit: "64Gi" } } } }, "dev")));

    it("the database accepts the connections of all pods in a rolling update at full scale", () => {
        for (const app of accepted) {
            const open = Object.values(app.services).filter(({ database }) => database)
                .reduce((sum, { replicas: { max }, connections }) => sum + (max + Math.ceil(max / 4)) * connections, 0);
            expect(connectionsOfServices(app)).toBe(open);
            expect(databaseLimits(mebibytes(app.database.memory.limit), 1).connections).toBeGreaterThanOrEqual(open);
        }
    });

    it("the gateway waits as long as the slowest service, and carries every request of every pod", () => {
        for (const app of accepted) {
            const { times, pods, requests } = trafficOf(app);
            for (const { requestSeconds, replicas, requests: each } of Object.values(app.services)) {
                expect(times.answer).toBeGreaterThanOrEqual(requestSeconds);
                expect(requests).toBeGreaterThanOrEqual(each * (replicas.max + Math.ceil(replicas.max / 4)));
                expect(pods).toBeGreaterThanOrEqual(replicas.max);
            }
        }
    });

    it("the quota holds a rolling update at full scale, to the millicore", () => {
        fc.assert(fc.property(several, given => {
            const need = Object.values(given).reduce((sum, { replicas: { max }, cpu: { limit } }) =>
                sum + (max + Math.ceil(max / 4)) * Number(limit.slice(0, -1)), Object.values(given).some(({ database }) => database) ? 1000 : 0);
            const keys = (milli: number) => {
                try {
                    const app = services(parseSettings({
                        cluster: { target: "kind" }, environment: { quota: { ...quota, cpu: `${milli}m` } },
                        app: { type: "services", services: given, database: { memory: { limit: "64Gi" } } },
                    }, "dev"));
                    expect(needsOf(app).cpu).toBe(quantity(`${need}m`));
                    return [];
                } catch (error) {
                    if (error instanceof SettingsError) return error.problems.map(({ key }) => key);
                    throw error;
                }
            };
            expect(keys(need)).toEqual([]);
            expect(keys(need - 1)).toEqual(["landfall:environment.quota.cpu"]);
        }), { numRuns: 15 });
    });
});
