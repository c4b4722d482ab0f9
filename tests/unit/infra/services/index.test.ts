import { beforeAll, describe, expect, it } from "vitest";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { mebibytes } from "../../../../components/quantity";
import { requestTimes } from "../../../../components/workload/limits";
import { secretPaths } from "../../../../infra/values";
import { object, objects, pods } from "../../support/program";

const shop = { image: "ghcr.io/example/shop:1.2", port: 8080 };

async function run(services: object, secrets: Record<string, string> = {}, app: object = {}): Promise<Registered[]> {
    const config = {
        "landfall:cluster": { target: "kind" }, "landfall:environment": { name: "shop", host: "shop.localhost", aliases: ["store.localhost"], redirects: ["old.localhost"] },
        "landfall:app": { type: "services", services, ...app }, "landfall:secrets": secrets,
    };
    const texts = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]));
    return (await captureProgram({ stack: "dev", config: texts, secretKeys: ["landfall:secrets"] })).resources;
}

const container = (resources: Registered[], owner: string) => pods(resources).find(pod => pod.owner === owner)!.spec.containers[0];

let resources: Registered[];
beforeAll(async () => {
    resources = await run({
        "web": { ...shop, exposed: true, talksTo: ["cache", "api"], environment: { CACHE: "cache:6379", URL: "${address}/x", RAW: "$${address}", DSN: "redis://:${secrets.apiKey}@cache" } },
        "api": { ...shop, exposed: true, path: "/api", talksTo: ["web"], database: true, secrets: { "API_KEY": "apiKey", "/run/secrets/a": "apiKey", "/etc/shop/password": "database.password" } },
        "cache": { image: "docker.io/library/redis:8", port: 6379, uid: 999, volumes: { "/data": { size: "2Gi" } } },
        "mailer": { image: shop.image, command: ["send"], args: ["--all"], after: ["cache"], talksTo: ["cache"], egress: { mail: { hosts: ["smtp.example.com"], port: 587 } }, graceSeconds: 90 },
        "low": { image: shop.image, port: 80, tcpPorts: [9090] },
    }, { apiKey: "hunter2-hunter2" });
});

describe("services", () => {
    it("become what Kubernetes has for each: replicas, a single pod with a volume, or replicas without a port", () => {
        const kinds = pods(resources).map(({ owner }) => owner).filter(owner => /\/(web|api|cache|mailer|low|database)$/.test(owner)).sort();
        expect(kinds).toEqual(["Deployment/api", "Deployment/low", "Deployment/mailer", "Deployment/web", "StatefulSet/cache", "StatefulSet/database"]);
        // Otherwise no correction would replace a pod that never gets ready. Those that exist keep what can't be changed in place.
        expect(object(resources, "StatefulSet", "cache").spec).toMatchObject({ replicas: 1, podManagementPolicy: "Parallel" });
        expect(resources.find(({ type, name }) => type.endsWith(":StatefulSet") && name === "cache")?.ignoreChanges).toEqual(["spec.podManagementPolicy"]);
        expect(object(resources, "PersistentVolumeClaim", "cache-data").spec).toMatchObject({ accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } });
        expect(objects(resources, "Service").map(({ metadata }) => metadata.name)).not.toContain("mailer");
        expect(objects(resources, "PodDisruptionBudget").map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(["web", "api", "cache", "mailer"]));
        expect(objects(resources, "HorizontalPodAutoscaler").map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(["web", "api", "mailer"]));
    });

    it("share the volume of one of them", async () => {
        const shared = await run({
            web: { ...shop, exposed: true, volumes: { "/srv/files": { accessMode: "ReadWriteMany", size: "3Gi" }, "/own": {} } },
            job: { image: shop.image, volumes: { "/in": { of: "web", name: "files" } } }, other: { ...shop, volumes: { "/mnt/files": { of: "web" } } },
        });
        const claims = objects<{ metadata: { name: string }; spec: { accessModes: string[] } }>(shared, "PersistentVolumeClaim").map(({ metadata, spec }) => [metadata.name, ...spec.accessModes]);
        expect(claims.sort()).toEqual([["web-files", "ReadWriteMany"], ["web-own", "ReadWriteOnce"]]);
        const mounted = (owner: string, directory: string) => {
            const { spec } = pods(shared).find(pod => pod.owner === owner)! as unknown as { spec: { volumes: { name: string; persistentVolumeClaim?: object }[]; containers: { volumeMounts: { name: string; mountPath: string }[] }[] } };
            const mount = spec.containers[0].volumeMounts.find(({ mountPath }) => mountPath === directory);
            return spec.volumes.find(({ name }) => name === mount?.name)?.persistentVolumeClaim;
        };
        expect([mounted("StatefulSet/web", "/srv/files"), mounted("StatefulSet/job", "/in"), mounted("Deployment/other", "/mnt/files")]).toEqual(Array.from({ length: 3 }, () => ({ claimName: "web-files" })));
    });

    it("have volumes for one pod if nobody shares them, whatever they say", async () => {
        const alone = await run({ web: { ...shop, exposed: true }, job: { image: shop.image, volumes: { "/in": { accessMode: "ReadWriteMany" } } } });
        expect(object(alone, "PersistentVolumeClaim", "job-in").spec).toMatchObject({ accessModes: ["ReadWriteOnce"] });
    });

    it("built from the same sources in the same way run one image, which is built and delivered once", async () => {
        const build = { context: "tests/e2e/fixtures/httpbin" };
        const of = (given: object) => ({ build: { ...build, ...given } });
        const several = await run({ web: { ...of({}), port: 8000, exposed: true }, worker: of({}), migrate: { ...of({ dockerfile: "Dockerfile" }), job: true }, other: of({ args: { A: "1" } }), stage: of({ target: "test" }) });
        expect(several.filter(({ type }) => type === "docker:index/image:Image").map(({ name }) => name).sort()).toEqual(["other-image", "stage-image", "web-image"]);
        const imageOf = (owner: string) => (container(several, owner) as unknown as { image: string }).image;
        expect([imageOf("Deployment/worker"), imageOf("Job/migrate")]).toEqual([imageOf("Deployment/web"), imageOf("Deployment/web")]);
        expect(new Set([imageOf("Deployment/web"), imageOf("Deployment/other"), imageOf("Deployment/stage")]).size).toBe(3);
    });

    it("can execute a file that is a script", async () => {
        const scripted = await run({ web: { ...shop, exposed: true, files: { "/start.sh": "#!/bin/sh\n", "/a.ini": "a" } }, other: { ...shop, files: { "/a.ini": "a" } } });
        const mode = (owner: string) => (pods(scripted).find(pod => pod.owner === owner)!.spec as unknown as { volumes: { configMap?: { defaultMode?: number } }[] }).volumes
            .find(({ configMap }) => configMap)!.configMap!.defaultMode;
        expect([mode("Deployment/web"), mode("Deployment/other")]).toEqual([0o555, undefined]);
    });

    it("are restricted like every other pod, with limits for all that they use", async () => {
        for (const { owner, spec } of pods(resources).filter(pod => /\/(web|api|cache|mailer|low)$/.test(pod.owner))) {
            expect(spec.securityContext, owner).toMatchObject({ runAsNonRoot: true, runAsUser: owner.endsWith("cache") ? 999 : 10001, seccompProfile: { type: "RuntimeDefault" } });
            const [{ securityContext, resources }] = spec.containers as unknown as { securityContext: object; resources: Record<string, object> }[];
            expect(securityContext, owner).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
            for (const kind of ["requests", "limits"]) expect(Object.keys(resources[kind]).sort(), owner).toEqual(["cpu", "ephemeral-storage", "memory"]);
        }
    });

    it("may listen below port 1024 without being root, and only those that do", async () => {
        const allowed = pods(resources).filter(({ spec }) => JSON.stringify(spec.securityContext).includes("ip_unprivileged_port_start"));
        expect(allowed.map(({ owner }) => owner)).toEqual(["Deployment/low"]);
    });

    it("reach each other by name under the container's own ports, and only those that they talk to", async () => {
        const ports = (name: string) => object<{ spec: { ports: { port: number; targetPort: unknown }[] } }>(resources, "Service", name).spec.ports
            .map(({ port, targetPort }) => [port, targetPort]);
        expect(ports("cache")).toEqual([[80, "main"], [6379, "main"]]);
        expect(ports("low")).toEqual([[80, "main"], [9090, 9090]]);
        const policies = objects(resources, "NetworkPolicy").map(({ metadata }) => metadata.name).filter(name => /-(in|e)gress$|-to-/.test(name));
        const inside = policies.filter(name => name.endsWith("-ingress") && !name.startsWith("envoy")).map(name => name.replace("-ingress", ""));
        expect(inside.filter(name => /^(web|api|cache|mailer|low)-to/.test(name)).sort())
            .toEqual(["api-to-database", "api-to-web", "mailer-to-cache", "web-to-api", "web-to-cache"]);
        expect(policies.filter(name => name.startsWith("envoy-to")).sort()).toEqual(expect.arrayContaining(["envoy-to-api-ingress", "envoy-to-web-ingress"]));
        expect(policies).toContain("mailer-to-egress-mail");
    });

    it("share the host by path", async () => {
        const routes = objects<{ metadata: { name: string }; spec: { hostnames: string[]; rules: { matches?: { path: { value: string } }[] }[] } }>(resources, "HTTPRoute");
        const paths = Object.fromEntries(routes.map(({ metadata, spec }) => [metadata.name, spec.rules[0].matches?.[0].path.value]));
        for (const host of ["shop.localhost", "store.localhost", "old.localhost"]) for (const scheme of ["http", "https"]) {
            expect(paths).toMatchObject({ [`web-${scheme}-${host}`]: undefined, [`api-${scheme}-${host}`]: "/api" });
        }
    });

    it("have the environment's priority; those with data come first, because nothing can take their place", () => {
        const classes = Object.fromEntries(pods(resources).filter(({ owner }) => /\/(web|api|cache|mailer|low|database)$/.test(owner))
            .map(({ owner, spec }) => [owner, spec.priorityClassName]));
        expect(classes).toEqual({
            "Deployment/web": "landfall-normal", "Deployment/api": "landfall-normal", "Deployment/mailer": "landfall-normal",
            "Deployment/low": "landfall-normal", "StatefulSet/cache": "landfall-normal-database", "StatefulSet/database": "landfall-normal-database",
        });
    });

    it("fit the quota that follows from them, with all that they may write to disks", () => {
        const { spec: { hard } } = objects<{ metadata: { name: string }; spec: { hard: Record<string, string> } }>(resources, "ResourceQuota")
            .find(({ spec }) => "limits.cpu" in spec.hard)!;
        // Three services with up to four pods, one more in a rolling update; a worker and its successor; one pod with data; the database.
        expect(hard.pods).toBe(String(3 * 5 + 2 + 1 + 1 + 4));
        const [name] = Object.keys(hard).filter(key => key.endsWith("ephemeral-storage") && key.startsWith("limits"));
        const disk = (owner: string) => mebibytes((container(resources, owner) as unknown as { resources: { limits: Record<string, string> } }).resources.limits["ephemeral-storage"]);
        const needed = 5 * (disk("Deployment/web") + disk("Deployment/api") + disk("Deployment/low")) + 2 * disk("Deployment/mailer")
            + disk("StatefulSet/cache") + disk("StatefulSet/database");
        expect(mebibytes(hard[name])).toBe(needed + 4 * 512);
    });

    it("verify the database by the certificate of its authority, at a path that their environment has", async () => {
        const caOf = async (more: object, replaced = {}) => {
            const of = await run({ web: { ...shop, exposed: true, database: true, ...more } }, {}, replaced);
            const { data } = object<{ data: Record<string, string> }>(of, "ConfigMap", "web-environment");
            const mounts = (container(of, "Deployment/web") as unknown as { volumeMounts: { mountPath: string }[] }).volumeMounts.map(({ mountPath }) => mountPath);
            expect(mounts).toContain(data.DATABASE_CA_FILE.replace(/\/[^/]*$/, ""));
            const secret = object<{ stringData: Record<string, string> }>(of, "Secret", `web-${data.DATABASE_CA_FILE.split("/").at(-2)}`);
            expect(Object.keys(secret.stringData)).toEqual([data.DATABASE_CA_FILE.split("/").at(-1)]);
            return { data, tls: object<{ data: Record<string, string> }>(of, "ConfigMap", "database-environment").data.MARIADB_TLS };
        };
        const usual = await caOf({ environment: { URL: "mysql://x?ssl-ca=${database.ca_file}" } });
        expect(usual).toMatchObject({ data: { DATABASE_CA_FILE: "/etc/landfall/database/ca.crt", URL: "mysql://x?ssl-ca=/etc/landfall/database/ca.crt" }, tls: "required" });
        const own = await caOf({ secrets: { "/etc/shop/ca.pem": "database.authority" } }, { database: { tls: "offered" } });
        expect(own).toMatchObject({ data: { DATABASE_CA_FILE: "/etc/shop/ca.pem" }, tls: "offered" });
    });

    it("have files beside the image's own, read-only, and start again when one changes", async () => {
        const of = (color: string) => run({ web: { ...shop, exposed: true, files: { "/etc/shop/a.ini": `color = ${color}\n`, "/etc/other/a.ini": "b\n", "/motd": "hi" } } });
        const [blue, red] = await Promise.all([of("blue"), of("red")]);
        const { data } = object<{ data: Record<string, string> }>(blue, "ConfigMap", "web-files");
        const { volumeMounts } = container(blue, "Deployment/web") as unknown as { volumeMounts: { name: string; mountPath: string; subPath?: string; readOnly: boolean }[] };
        const mounted = volumeMounts.filter(({ subPath }) => subPath !== undefined);
        expect(Object.fromEntries(mounted.map(({ mountPath, subPath }) => [mountPath, data[subPath!]])))
            .toEqual({ "/etc/shop/a.ini": "color = blue\n", "/etc/other/a.ini": "b\n", "/motd": "hi" });
        expect(mounted.every(({ readOnly }) => readOnly)).toBe(true);
        const annotations = (resources: Registered[]) => pods(resources).find(({ owner }) => owner === "Deployment/web")!.annotations;
        expect(annotations(red)).not.toEqual(annotations(blue));
    });

    it("can't have a file twice, or more than a ConfigMap holds", async () => {
        await expect(run({ web: { ...shop, exposed: true, secrets: { "/etc/a": "key" }, files: { "/etc/a": "x" } } }, { key: "hunter2" }))
            .rejects.toThrow(/services\.web\.files and secrets both say what \/etc\/a is/);
        await expect(run({ web: { ...shop, exposed: true, files: { "/etc/a": "x".repeat(1024 * 1024) } } })).rejects.toThrow(/files are 1024 KiB together/);
    });

    it("may require TLS of a database that offered it: only the database restarts, and nothing is replaced", async () => {
        const [offered, required] = await Promise.all((["offered", "required"] as const).map(tls =>
            run({ web: { ...shop, exposed: true, database: true } }, {}, { database: { tls } })));
        const inputsOf = (of: typeof offered) => Object.fromEntries(of.map(({ urn, inputs }) => [urn, JSON.stringify(inputs)]));
        const [before, after] = [inputsOf(offered), inputsOf(required)];
        expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
        const changed = Object.keys(after).filter(urn => after[urn] !== before[urn]).map(urn => urn.split("::").slice(-1)[0]);
        expect(changed.sort()).toEqual(["database", "database-environment"]);
        const dataOf = (of: typeof offered) => object<{ data: Record<string, string> }>(of, "ConfigMap", "database-environment").data;
        expect(dataOf(required)).toEqual({ ...dataOf(offered), MARIADB_TLS: "required" });
        const claims = (of: typeof offered) => objects(of, "PersistentVolumeClaim");
        expect(claims(required)).toEqual(claims(offered));
    });

    it("get placeholders replaced, and what is secret from Secrets only", async () => {
        const { data } = object<{ data: Record<string, string> }>(resources, "ConfigMap", "web-environment");
        expect(data).toEqual({ CACHE: "cache:6379", URL: "https://shop.localhost:8443/x", RAW: "${address}" });
        const secret = object<{ stringData: Record<string, string> }>(resources, "Secret", "web-environment");
        expect(secret.stringData).toEqual({ DSN: "redis://:hunter2-hunter2@cache" });
        expect(Object.keys(object<{ stringData: object }>(resources, "Secret", "api-environment").stringData)).toEqual(["API_KEY"]);
        expect(object<{ data: object }>(resources, "ConfigMap", "api-environment").data).toMatchObject({ DATABASE_PORT: "3306", DATABASE_USER: "app" });
        expect(object<{ stringData: object }>(resources, "Secret", "api-secrets").stringData).toEqual({ a: "hunter2-hunter2" });
        expect(Object.keys(object<{ stringData: object }>(resources, "Secret", "api-shop").stringData)).toEqual(["password"]);
        for (const { type, name, marked } of resources) {
            if (!JSON.stringify(marked).includes("hunter2")) continue;
            expect(type, name).toBe("kubernetes:core/v1:Secret");
            expect(secretPaths(marked).some(path => path.startsWith("stringData")), name).toBe(true);
        }
    });

    it("start in the given order, run the given command, and get the time that they need to stop", async () => {
        // The SDK registers nothing below a component before what the component depends on has been created.
        const mailer = resources.find(({ type, name }) => type === "landfall:workload:Worker" && name === "mailer")!;
        expect(mailer.dependsOn.some(urn => /:StatefulSet::cache$/.test(urn))).toBe(true);
        expect(container(resources, "Deployment/mailer")).toMatchObject({ command: ["send"], args: ["--all"] });
        expect(pods(resources).find(({ owner }) => owner === "Deployment/mailer")!.spec.terminationGracePeriodSeconds).toBe(90);
        expect(container(resources, "Deployment/mailer")).not.toHaveProperty("ports");
    });

    it.each<[string, object, number]>([
        ["as much time as they say", { graceSeconds: 1800 }, 1805], ["less than their requests would need, if they say so", { graceSeconds: 10 }, 15],
        ["what their longest request needs", {}, 5 + requestTimes({ requestSeconds: 60, largestTransfer: 2 ** 24 }).drain + 5],
        ["no less than the gateway's requests need", { exposed: true, graceSeconds: 10 }, 5 + requestTimes({ requestSeconds: 60, largestTransfer: 2 ** 24 }).drain + 5],
    ])("with a port get %s until they are killed", async (_, settings, expected) => {
        const found = await run({ api: { ...shop, ...settings }, ...!("exposed" in settings) && { web: { ...shop, exposed: true } } });
        expect(pods(found).find(({ owner }) => owner === "Deployment/api")!.spec.terminationGracePeriodSeconds).toBe(expected);
    });

    it("have a secret file in a directory called environment, beside secret variables", async () => {
        const found = await run({ web: { ...shop, exposed: true, secrets: { KEY: "apiKey", "/run/environment/key": "apiKey" } } }, { apiKey: "hunter2-hunter2" });
        const keys = objects<{ stringData?: object }>(found, "Secret").filter(({ stringData }) => JSON.stringify(stringData)?.includes("hunter2")).map(({ stringData }) => Object.keys(stringData!));
        expect(keys.sort()).toEqual([["KEY"], ["key"]]);
    });

    it("run commands on a schedule, in pods that see what the service's own see", async () => {
        const tasks = { report: { schedule: "0 3 * * *", command: ["report", "--all"], deadlineSeconds: 90 } };
        const scheduled = await run({
            web: {
                ...shop, exposed: true, uid: 33, database: true, talksTo: ["store", "other"], after: ["store"], environment: { A: "1" }, files: { "/etc/shop.ini": "x" },
                secrets: { "KEY": "apiKey", "/run/secrets/a": "apiKey" }, volumes: { "/srv": { accessMode: "ReadWriteMany" } }, tasks,
            },
            store: { ...shop, volumes: { "/data": {} }, tasks }, other: shop,
        }, { apiKey: "hunter2-hunter2" });
        const job = object<{ spec: { schedule: string; jobTemplate: { spec: { activeDeadlineSeconds: number } } } }>(scheduled, "CronJob", "web-report");
        expect(job.spec).toMatchObject({ schedule: "0 3 * * *", timeZone: "Etc/UTC", jobTemplate: { spec: { activeDeadlineSeconds: 90 } } });
        const [own, service] = ["CronJob/web-report", "Deployment/web"].map(owner => container(scheduled, owner) as unknown as { image: string; command?: string[]; volumeMounts: { mountPath: string }[] });
        expect(own).toMatchObject({ image: service.image, command: ["report", "--all"] });
        expect(own.volumeMounts).toEqual(service.volumeMounts);
        expect(pods(scheduled).find(({ owner }) => owner === "CronJob/web-report")!.spec.securityContext).toMatchObject({ runAsUser: 33 });
        for (const kind of ["ConfigMap", "Secret"]) {
            const content = (name: string) => { const { data, stringData } = object<{ data?: object; stringData?: object }>(scheduled, kind, name); return data ?? stringData; };
            expect(content("web-report-environment"), kind).toEqual(content("web-environment"));
        }
        const policies = objects(scheduled, "NetworkPolicy").map(({ metadata }) => metadata.name);
        expect(policies).toEqual(expect.arrayContaining(["web-report-to-database-egress", "web-report-to-store-egress"]));
        const { initContainers = [], containers } = pods(scheduled).find(({ owner }) => owner === "CronJob/web-report")!.spec;
        expect(initContainers.map(({ command = [] }) => command.filter(word => /^\S+:\d+$/.test(word)))).toEqual([["store.shop:8080", "database.shop:3306"]]);
        expect(initContainers[0].command, "half of its 90 seconds would be more than it ever waits").toContain("30");
        expect(initContainers[0].resources, "the quota holds it").toEqual(containers[0].resources);
        expect(pods(scheduled).find(({ owner }) => owner === "CronJob/store-report")!.spec.initContainers, "it connects to nothing").toBeUndefined();
        // A disk that is mounted on one node alone.
        expect(JSON.stringify(pods(scheduled).find(({ owner }) => owner === "CronJob/store-report")!.spec)).toContain("requiredDuringSchedulingIgnoredDuringExecution");
    });

    it("replace their pods when a secret changes", async () => {
        const of = async (apiKey: string) => {
            const changed = await run({ web: { ...shop, exposed: true, secrets: { KEY: "apiKey" } } }, { apiKey });
            return pods(changed).find(({ owner }) => owner === "Deployment/web")!.annotations["landfall.dev/config"];
        };
        const [one, same, other] = await Promise.all([of("first-secret"), of("first-secret"), of("other-secret")]);
        expect(one).toBe(same);
        expect(one).not.toBe(other);
    });
});
