import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ComposeError, readCompose } from "../../../../infra/compose";
import { parseSettings } from "../../../../infra/config";
import { services } from "../../support/application";
import { composeDirectory } from "../../support/compose";

const { write, read, told } = composeDirectory();

/** `web`, which people reach, and `db` with these keys. */
const two = (db: string, web = "") => `services:
  web: { image: "a/b:1", ports: ["80"]${web} }
  db: { image: "postgres:17"${db} }
networks: { back: , front: }
`;
const namesOf = (text: string, options?: Parameters<typeof read>[1]) => read(text, options).services.db.networkAliases;

beforeAll(() => void write({ "proxy.conf": "location / { proxy_pass http://shop-db; }\n", "db.env": "DB_HOST=shop-db\n" }));

describe("a service of a Compose file", () => {
    it.each<[string, string, string?]>([
        ["a network's aliases", ", networks: { default: { aliases: [database, store] } }"],
        ["those of several networks", ", networks: { back: { aliases: [database] }, front: { aliases: [store, database] } }"],
        ["links", "", ", links: [\"db:database\", \"db:store\", db]"],
        ["both", ", networks: { default: { aliases: [database] } }", ", links: [\"db:store\"]"],
        ["any letters, which are all the same in DNS", ", networks: { default: { aliases: [DataBase, STORE, database] } }"],
    ])("is found under the further names of %s", (_, db, web) => {
        expect(namesOf(two(db, web)).sort()).toEqual(["database", "store"]);
        expect(told(two(db, web)).refused).toEqual([]);
    });

    it("has none but its own if nothing says so", () => {
        for (const db of ["", ", container_name: db, hostname: db", ", networks: { default: { aliases: [db, DB] } }"]) expect(namesOf(two(db, ", links: [\"db:db\"]")), db).toBeUndefined();
        expect(told(two(", container_name: db")).warned).toEqual([]);
    });

    it("has the names of all files that the stack lists", () => {
        const files = write({
            "base/a.yaml": two(", networks: { default: { aliases: [database] } }"), "base/b.yaml": "services: { db: { networks: { default: { aliases: [store] } } } }\n",
        });
        expect(readCompose(files, {}, {}).services.db.networkAliases).toEqual(["database", "store"]);
    });

    it.each<[string, string]>([
        ["an environment", "environment: { DB_HOST: shop-db }"], ["an address", "environment: { DSN: \"postgres://me:pw@shop-db/x\" }"],
        ["a connection string", "environment: { DSN: \"Server=shop-db;User=me\" }"], ["a list", "environment: { HOSTS: \"other,shop-db\" }"], ["a command", "command: [serve, \"shop-db:5432\"]"],
        ["a file of variables", "env_file: db.env"], ["a mounted file", "volumes: [\"./proxy.conf:/etc/proxy.conf:ro\"]"],
    ])("is found under its container's name and its host name if %s of another has that as a host", (_, web) => {
        for (const key of ["container_name", "hostname"]) expect(namesOf(two(`, ${key}: shop-db`, `, ${web}`)), key).toEqual(["shop-db"]);
    });

    it.each(["", "environment: { A: shop-db2, B: my-shop-db, C: shop-db.example.com }"])("isn't found under its container's name if others don't use it (%s), which is told", web => {
        const text = two(", container_name: shop-db", web && `, ${web}`);
        expect(namesOf(text)).toBeUndefined();
        expect(told(text).warned).toEqual(["compose.yaml:3: services.db.container_name shop-db is left out: pods have names of their own. Others find it under db and landfall:app.services.db.networkAliases."]);
        expect(namesOf(two(", container_name: shop-db, environment: { SELF: shop-db }"))).toBeUndefined();
    });

    it("listens where others connect to it by a further name", () => {
        const text = (db: string) => `services:\n  web: { image: "a/b:1", ports: ["80"], environment: { API: "http://backend:8123/x" } }\n  db: { image: "a/c:1"${db} }\n`;
        for (const db of [", container_name: backend", ", networks: { default: { aliases: [backend] } }"]) {
            expect(read(text(db)).services.db, db).toMatchObject({ port: 8123, networkAliases: ["backend"] });
        }
        expect(read(text("")).services.db.port).toBeUndefined();
    });

    it("that has no port isn't found by others, which is told", () => {
        const text = "services:\n  web: { image: \"a/b:1\", ports: [\"80\"] }\n  job: { image: \"a/c:1\", networks: { default: { aliases: [worker] } } }\n";
        expect(read(text).services.job).not.toHaveProperty("networkAliases");
        expect(told(text).warned).toEqual(["compose.yaml:3: services.job.networks.default.aliases worker is left out: job has no port, so nothing connects to it."]);
        expect(read(text, { given: { services: { job: { port: 9000 } } } }).services.job.networkAliases).toEqual(["worker"]);
    });

    it("that several have from an anchor is the one's that has a port; the others' are left out, whatever they are", () => {
        const text = `x-app: &app { image: "a/b:1", networks: { default: { aliases: [app] } } }
services:
  web: { <<: *app, ports: ["80"], depends_on: { migrate: { condition: service_completed_successfully } } }
  worker: { <<: *app, command: work }
  migrate: { <<: *app, networks: { default: { aliases: [app, my_app] } } }
`;
        expect(Object.values(read(text).services).map(({ networkAliases }) => networkAliases)).toEqual([["app"], undefined, undefined]);
        expect(told(text).warned.filter(line => line.includes("so nothing connects to it"))).toHaveLength(3);
    });

    it("isn't named by a service that doesn't run", () => {
        const text = `${two("")}`.replace("networks:", "  extra: { image: \"a/c:1\", profiles: [debug], links: [\"db:database\"] }\nnetworks:");
        expect(namesOf(text)).toBeUndefined();
        expect(namesOf(text, { environment: { COMPOSE_PROFILES: "debug" } })).toEqual(["database"]);
    });
});

describe("a further name that can't be carried over", () => {
    const way = "Let others connect to db, and set landfall:app.services.db.networkAliases to its other names, or to [].";

    it.each(["my_db", "db.example.com", "9db", "-db", "db-", "d".repeat(64)])("is %s, which DNS or Kubernetes doesn't know", name => {
        const reason = `can't be carried over: it can't be a name in Kubernetes' DNS. ${way}`;
        expect(told(two(`, networks: { default: { aliases: ["${name}"] } }`)).refused).toEqual([`compose.yaml:3: services.db.networks.default.aliases ${name} ${reason}`]);
        expect(told(two("", `, links: ["db:${name}"]`)).refused).toEqual([`compose.yaml:2: services.web.links db:${name} ${reason}`]);
    });

    it("is another service's, in any network", () => {
        const reason = "can't be carried over: another service has that name too, and each name leads to one service";
        expect(told(two(", networks: { default: { aliases: [web] } }")).refused).toEqual([`compose.yaml:3: services.db.networks.default.aliases web ${reason}. ${way}`]);
        const both = two(", networks: { back: { aliases: [shared] } }", ", networks: { front: { aliases: [Shared] } }");
        expect(told(both).refused).toEqual([expect.stringContaining(`services.web.networks.front.aliases Shared ${reason}`), expect.stringContaining(`services.db.networks.back.aliases shared ${reason}`)]);
        expect(namesOf(both, { given: { services: { web: { networkAliases: [] } } } })).toEqual(["shared"]);
        expect(namesOf(both, { given: { services: { db: { networkAliases: [] }, web: { networkAliases: ["front"] } } } })).toBeUndefined();
    });

    it("stops nothing as a container's name, which may be no host, but is told", () => {
        const env = (name: string) => `, environment: { DB_HOST: ${name} }`;
        expect(told(two(", container_name: my_db", env("my_db")))).toEqual({ refused: [], warned: ["compose.yaml:3: services.db.container_name my_db is left out: it can't be a name in Kubernetes' DNS. Let others connect to db."] });
        expect(told(two(", container_name: web", `${env("web")}, networks: { default: { aliases: [front] } }`)).refused).toEqual([]);
        const { web, db } = read(two(", container_name: store", ", networks: { default: { aliases: [store] } }, environment: { HOST: store }")).services;
        expect([web.networkAliases, db.networkAliases]).toEqual([["store"], undefined]);
    });

    it("is no problem if the settings say others", () => {
        const text = two(", networks: { default: { aliases: [my_db, web] } }");
        expect(told(text, { given: { services: { db: { networkAliases: ["mydb"] } } } }).refused).toEqual([]);
    });
});

describe("further names of a database that the stack's own replaces", () => {
    const text = (db: string, host: string) => `services:
  web: { image: "a/b:1", ports: ["80"], environment: { HOST: ${host}, AT: "${host}:3306", USER: shop, DATABASE_URL: "mysql://shop:s3cret@${host}:3306/wiki" }${db.includes("links") ? "" : ", links: [db]"} }
  job: { image: "a/b:1"${db.includes("links") ? `, ${db}` : ""} }
  db: { image: "mariadb:11", environment: { MARIADB_USER: shop, MARIADB_PASSWORD: s3cret, MARIADB_DATABASE: wiki }, volumes: ["data:/var/lib/mysql"]${db.includes("links") ? "" : `, ${db}`} }
volumes: { data: }
`;

    it.each([
        ["networks: { default: { aliases: [mysql] } }", "mysql"], ["links: [\"db:database\"]", "database"], ["container_name: shop_db", "shop_db"], ["hostname: db.shop", "db.shop"],
        ["networks: { default: { aliases: [my_db] } }", "my_db"],
    ])("%s: others' variables lead to the own one", (db, host) => {
        const { services: found } = read(text(db, host), { given: { replaceDatabase: "db" } });
        expect(found.web).toMatchObject({
            database: true, environment: {
                HOST: "${database.host}", AT: "${database.host}:${database.port}", USER: "${database.user}",
                DATABASE_URL: "mysql://${database.user}:${database.password}@${database.host}:${database.port}/${database.name}",
            },
        });
        expect(Object.values(found).flatMap(({ networkAliases = [] }) => networkAliases)).toEqual([]);
    });
});

describe("any further names", () => {
    const name = fc.constantFrom("web", "api", "db", "mysql", "MySQL", "store", "my_db", "a.b", "9", "x-");
    const project = fc.record({ aliases: fc.array(name, { maxLength: 3 }), link: fc.option(name), container: fc.option(name), host: fc.option(name) });
    // A third link would close a circle, which nothing could start.
    const last = project.map(each => ({ ...each, link: null }));

    it("lead to the one service that the file gives them, or are refused; the settings accept them", () => {
        fc.assert(fc.property(fc.tuple(project, project, last), parts => {
            const names = ["web", "api", "db"];
            const text = JSON.stringify({
                services: Object.fromEntries(parts.map(({ aliases, link, container, host }, index) => [names[index], {
                    image: "a/b:1", ports: ["80"], networks: { default: { aliases } }, environment: { HOST: parts[(index + 1) % 3].container ?? "none" },
                    ...link !== null && { links: [`${names[(index + 1) % 3]}:${link}`] }, ...container !== null && { container_name: container }, ...host !== null && { hostname: host },
                }])),
            });
            let found: Record<string, { networkAliases?: string[] }>;
            try {
                found = read(text, { given: { services: { web: { exposed: true } } } }).services;
            } catch (error) {
                if (!(error instanceof ComposeError)) throw error;
                const wanted = parts.flatMap(({ aliases, link }, index) => [...aliases.map(alias => [names[index], alias]), ...link === null ? [] : [[names[(index + 1) % 3], link]]]);
                const distinct = new Map(wanted.map(([service, alias]) => [`${service} ${alias.toLowerCase()}`, alias.toLowerCase()]));
                const free = [...distinct].filter(([key, alias]) => key !== `${alias} ${alias}`);
                const clash = free.some(([key, alias]) => /_|\.|^9|-$/.test(alias) || names.includes(alias) || [...distinct].some(([other, each]) => each === alias && other !== key));
                expect(clash, text).toBe(true);
                return;
            }
            const given = Object.entries(found).flatMap(([service, { networkAliases = [] }]) => networkAliases.map(alias => [alias, service]));
            parts.forEach(({ aliases, link }, index) => {
                for (const alias of aliases.map(each => each.toLowerCase()).filter(each => each !== names[index])) expect(given).toContainEqual([alias, names[index]]);
                const target = names[(index + 1) % 3];
                if (link !== null && link.toLowerCase() !== target) expect(given).toContainEqual([link.toLowerCase(), target]);
            });
            const settings = parseSettings({ cluster: { target: "kind" }, app: { type: "services", services: { ...found, web: { ...found.web, exposed: true } } } }, "dev");
            expect(Object.keys(services(settings).services)).toEqual(names);
        }));
    });
});
