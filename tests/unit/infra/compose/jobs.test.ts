import { describe, expect, it } from "vitest";
import { parseConfiguration, type PlainSettings } from "../../../../infra/config";
import { services } from "../../support/application";
import { composeDirectory } from "../../support/compose";

const { write, read, told } = composeDirectory();

/** An application whose services say so by the keys that are given. */
const shop = ({ migrate = "", web = "depends_on: { migrate: { condition: service_completed_successfully } }" } = {}) => `x-app: &app
  image: example/shop:1
  environment: { DATABASE: "db:5432" }
services:
  web:
    <<: *app
    ports: ["80"]
    ${web}
  migrate:
    <<: *app
    command: [migrate, --all]
    depends_on: { db: { condition: service_healthy } }
    ${migrate}
  db: { image: "postgres:17", healthcheck: { test: pg_isready } }
`;

function settingsOf(text: string, overrides: object = {}) {
    const [compose] = write({ "compose.yaml": text });
    const config = { "landfall:cluster": { target: "kind" }, "landfall:app": { type: "services", compose, services: overrides } };
    const texts = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]));
    return services(parseConfiguration({ config: texts, secretKeys: [] }, "dev") as PlainSettings).services;
}

describe("a service whose end another one waits for", () => {
    it("is a job, which may reach what it needs, and comes between the two", () => {
        const { services: found, warnings } = read(shop());
        expect(found.migrate).toMatchObject({ job: true, after: ["db"], talksTo: ["web", "db"], args: ["migrate", "--all"] });
        expect(found.web).toMatchObject({ after: ["migrate"], exposed: true });
        expect(Object.entries(found).filter(([, { job }]) => job).map(([name]) => name)).toEqual(["migrate"]);
        expect(warnings.filter(line => line.includes("migrate"))).toEqual([]);
    });

    it.each(['restart: "no"', "restart: on-failure", "restart: on-failure:3"])("is tried again by Kubernetes, so nothing is said of `%s`", restart => {
        expect(told(shop({ migrate: restart }))).toMatchObject({ refused: [], warned: [] });
    });

    it.each<[string, string]>([
        ['ports: ["8080:80"]', "ports"], ['expose: ["9000"]', "expose"], ["healthcheck: { test: check, interval: 5s }", "healthcheck"],
    ])("serves nobody, so `%s` is left out, and told", (keys, key) => {
        const { refused, warned } = told(shop({ migrate: keys }));
        expect(refused).toEqual([]);
        expect(warned).toEqual([expect.stringMatching(new RegExp(`^compose\\.yaml:13: services\\.migrate\\.${key} is left out: migrate ends when its work is done`))]);
        expect(settingsOf(shop({ migrate: keys })).migrate).toMatchObject({ job: true, probes: {} });
    });

    it("has one pod, whatever is said of replicas", () => {
        for (const keys of ["scale: 3", "deploy: { replicas: 2 }"]) expect(settingsOf(shop({ migrate: keys })).migrate.replicas).toEqual({ min: 1, max: 1 });
    });

    it("has the volume that it fills for others, because it is created first", () => {
        const text = `${shop({ web: 'depends_on: { migrate: { condition: service_completed_successfully } }\n    volumes: ["files:/srv/files"]', migrate: 'volumes: ["files:/srv/files"]' })}volumes: { files: }\n`;
        const { migrate, web } = settingsOf(text);
        expect(migrate.volumes["/srv/files"]).toMatchObject({ accessMode: "ReadWriteMany" });
        expect(web.volumes["/srv/files"]).toMatchObject({ of: "migrate" });
    });

    it("may be one that nobody waits for, if the settings say so", () => {
        const alone = shop({ web: "depends_on: [db]", migrate: 'restart: "no"\n    expose: ["81"]' });
        expect(told(alone).warned).toEqual(expect.arrayContaining([expect.stringMatching(/restart no is left out.*If migrate ends when its work is done, set landfall:app\.services\.migrate\.job: true/)]));
        expect(settingsOf(alone, { migrate: { job: true } }).migrate).not.toHaveProperty("port");
    });

    it("may be waited for by several, in short and long syntax, and need not be there", () => {
        const text = "services:\n  a: { image: \"a/b:1\", ports: [\"80\"], depends_on: { c: { condition: service_completed_successfully }, d: { condition: service_completed_successfully, required: false } } }\n"
            + "  b: { image: \"a/b:1\", depends_on: [c] }\n  c: { image: \"a/b:1\" }\n";
        const { a, b, c } = settingsOf(text);
        expect([a.after, b.after, c.job]).toEqual([["c"], ["c"], true]);
    });

    it("is none if the settings say so, and keeps its port", () => {
        expect(settingsOf(shop({ migrate: 'expose: ["9000"]' }), { migrate: { job: false } }).migrate).toMatchObject({ job: false, port: 9000 });
    });

    it("may be one that nobody waits for, if it is a job of Swarm", () => {
        expect(settingsOf(shop({ web: "", migrate: "deploy: { mode: replicated-job }" })).migrate.job).toBe(true);
        expect(told(shop({ migrate: "deploy: { mode: global }" })).refused).toEqual([expect.stringMatching(/migrate\.deploy\.mode global can't be carried over: .*Leave it out\.$/)]);
    });

    it("that has a profile is missed with the way to bring it back", () => {
        expect(told(shop({ migrate: "profiles: [tools]" })).refused)
            .toEqual([expect.stringMatching(/web\.depends_on names migrate, which has the profile tools\. COMPOSE_PROFILES=tools in \.env beside the file brings it back\. Leave it out, or/)]);
    });

    it("can't be waited for in a circle", () => {
        expect(() => settingsOf(shop({ migrate: "links: [web]" }))).toThrow(/after leads back to the service itself/);
    });
});
