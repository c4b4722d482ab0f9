import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readCompose, withOverrides } from "../../../../infra/compose";
import { parseConfiguration, parseSettings, type PlainSettings } from "../../../../infra/config";
import { services } from "../../support/application";
import { composeDirectory } from "../../support/compose";

const { write, read, told } = composeDirectory();

/** A service with these keys, at line 3 and below. */
const service = (keys: string) => `services:\n  web:\n    image: example/shop:1\n    ports: ["80"]\n${keys.replace(/^/gm, "    ")}\n`;
const web = (keys: string, environment: NodeJS.ProcessEnv = {}) => read(service(keys), { environment }).services.web;

beforeAll(() => void write({ "token.txt": "t0ken\n", "job.env": "A='x'\nJOBS=\"http://job:4000\"\n", "web.env": "FROM_FILE=1\nBOTH=file\nFILE_TOKEN=abc\n", "app/Dockerfile": "FROM a AS b\nEXPOSE 1\nFROM b\nEXPOSE 4000 4001/udp 4002\n" }));

describe("a Compose file", () => {
    it("that people have on a laptop becomes services with the same meaning", () => {
        const { services: found, secrets } = read(`
x-env: &env { LOG: "\${LOG:-info}" }
services:
  web:
    build: { context: app, args: [VERSION=1.2], target: prod }
    ports: ["8080:4000"]
    environment: { <<: *env, CACHE: "redis:6379", DB_PASSWORD: s3cret }
    env_file: web.env
    depends_on: { db: { condition: service_healthy }, redis: { condition: service_started } }
    healthcheck: { test: ["CMD", "check"], interval: 1m, timeout: 5s, retries: 4, start_period: 90s }
    secrets: [token]
    deploy: { resources: { limits: { cpus: "0.5", memory: 256M }, reservations: { memory: 64m } } }
  redis: { image: "redis:8" }
  db:
    image: postgres:17-alpine
    environment: [POSTGRES_PASSWORD=s3cret]
    volumes: ["db_data:/var/lib/postgresql/data"]
volumes: { db_data: }
secrets: { token: { file: token.txt } }
`);
        expect(found.web).toMatchObject({
            build: { args: { VERSION: "1.2" }, target: "prod" }, port: 4000, tcpPorts: [4002], exposed: true, after: ["db", "redis"], talksTo: ["redis", "db"],
            environment: { LOG: "info", CACHE: "redis:6379", FROM_FILE: "1", BOTH: "file" },
            secrets: { DB_PASSWORD: "web-DB_PASSWORD", FILE_TOKEN: "web-FILE_TOKEN", "/run/secrets/token": "token" },
            cpu: { request: "250m", limit: "500m" }, memory: { request: "64Mi", limit: "256Mi" },
            probes: { readiness: { command: ["check"], periodSeconds: 60, timeoutSeconds: 5, failureThreshold: 4 } },
        });
        const { startup } = found.web.probes;
        expect(startup.periodSeconds * startup.failureThreshold).toBeGreaterThanOrEqual(90 + 4 * 60);
        expect(found.redis).toMatchObject({ port: 6379, uid: 999, replicas: { min: 1, max: 1 } });
        expect(found.db).toMatchObject({
            port: 5432, uid: 70, volumes: { "/var/lib/postgresql/data": { name: "db-data" } }, environment: { PGDATA: "/var/lib/postgresql/data/pgdata" },
        });
        expect(secrets).toEqual({ "web-DB_PASSWORD": "s3cret", "web-FILE_TOKEN": "abc", "db-POSTGRES_PASSWORD": "s3cret", "token": "t0ken\n" });
    });

    it.each(["/run", "/run:size=0", "/run:size=0,mode=755"])("gives tmpfs %s, which Docker doesn't limit, the usual size", tmpfs => {
        const { services } = read(`services:\n  web:\n    ports: ["80"]\n    image: a/b:1\n    tmpfs: ["${tmpfs}"]\n`);
        expect(services.web.ephemeral).toMatchObject({ "/run": "64Mi" });
    });

    it.each<[string, string, string]>([
        ["environment", "environment: [A=1, B=x=y, C]", "environment: { A: 1, B: x=y, C: }"],
        ["build", "build: app", "build: { context: app }"],
        ["depends_on", "depends_on: [web2]", "depends_on: { web2: { condition: service_started } }"],
        ["ports", "ports: [\"8080:80\", \"81\"]", "ports: [{ target: 80, published: \"8080\" }, { target: 81 }]"],
        ["volumes", "volumes: [\"data:/d\"]", "volumes: [{ type: volume, source: data, target: /d }]"],
        ["tmpfs", "tmpfs: [\"/run:size=64m\"]", "volumes: [{ type: tmpfs, target: /run, tmpfs: { size: 67108864 } }]"],
        ["healthcheck", "healthcheck: { test: \"check a\" }", "healthcheck: { test: [CMD-SHELL, \"check a\"] }"],
        ["command", "command: run 'a b'", "command: [run, a b]"],
        ["secrets", "secrets: [token]", "secrets: [{ source: token, target: /run/secrets/token }]"],
        ["networks", "networks: [front]", "networks: { front: { aliases: [] } }"],
        ["env_file", "env_file: web.env", "env_file: [{ path: web.env, required: true }]"],
        ["resources", "mem_limit: 64m\ncpus: 1", "deploy: { resources: { limits: { memory: 64m, cpus: \"1\" } } }"],
    ])("means the same by both syntaxes of %s", (_, short, long) => {
        const around = (keys: string) => `services:\n  web:\n    ${/build|ports/.test(keys) ? "" : "ports: [\"80\"]"}\n    ${keys.includes("build") ? "" : "image: a/b:1"}\n${keys.replace(/^/gm, "    ")}\n`
            + "  web2: { image: \"a/c:1\", expose: [\"90\"], networks: [default, front] }\nvolumes: { data: }\nnetworks: { front: }\nsecrets: { token: { file: token.txt } }\n";
        expect(read(around(long), { environment: { C: "3" } }).services).toEqual(read(around(short), { environment: { C: "3" } }).services);
    });

    it("brings configs as files: of a file, of a variable, or written there", () => {
        const [file] = write({
            "configs/compose.yaml": `services:
  web:
    image: a/b:1
    ports: ["80"]
    configs:
      - plain
      - { source: site, target: /etc/nginx/conf.d/site.conf, mode: 0440 }
      - { source: motd, target: etc/motd }
configs:
  plain: { file: ./plain.ini }
  site: { content: "server_name \${HOST_NAME};" }
  motd: { environment: MOTD }
`,
            "configs/plain.ini": "a = 1\n",
        });
        const { services: found, warnings } = readCompose([file], {}, { HOST_NAME: "shop", MOTD: "hello" });
        expect(found.web.files).toEqual({ "/plain": "a = 1\n", "/etc/nginx/conf.d/site.conf": "server_name shop;", "/etc/motd": "hello" });
        expect(warnings).toEqual([expect.stringMatching(/compose\.yaml:7: services\.web\.configs\.site\.mode is left out/)]);
    });

    it.each([
        ["{ external: true }", /compose\.yaml:\d+: configs\.c is external.*files \{ \/c: … \}/], ["{ environment: NO_SUCH }", /needs the variable NO_SUCH/],
        ["{ file: ./none }", /configs\.c has no file that can be read/], ["{ file: ./binary }", /configs\.c isn't text/],
    ])("refuses a config that is %s", (config, message) => {
        const [file] = write({ "no/compose.yaml": `services: { web: { image: "a/b:1", ports: ["80"], configs: [c] } }\nconfigs: { c: ${config} }\n` });
        fs.writeFileSync(path.join(path.dirname(file), "binary"), Buffer.from([0xff, 0xfe, 0]));
        expect(() => readCompose([file], {}, {})).toThrow(message);
    });

    it("lets services of one network connect, and no others", () => {
        const { services: found } = read(`services:
  web: { image: "a/b:1", ports: ["80"], networks: [front] }
  api: { image: "a/b:1", expose: ["90"], networks: [front, back] }
  db: { image: "postgres:17", networks: [back] }
  alone: { image: "a/b:1", expose: ["1"], network_mode: none }
networks: { front: , back: }
`);
        expect(Object.fromEntries(Object.entries(found).map(([name, { talksTo }]) => [name, talksTo])))
            .toEqual({ web: ["api"], api: ["web", "db"], db: ["api"], alone: [] });
    });

    it("runs one container where it doesn't say that more are possible", () => {
        const { services: found } = read(`services:
  web: { image: "a/b:1", ports: ["80"] }
  fixed: { image: "a/b:1", expose: ["90"], deploy: { replicas: 3 } }
  worker: { image: "a/b:1" }
  cache: { image: "redis:8" }
`);
        expect([found.web.replicas, found.fixed.replicas, found.worker.replicas, found.cache.replicas])
            .toEqual([undefined, { min: 3, max: 3 }, { min: 1, max: 1 }, { min: 1, max: 1 }]);
        expect(web("deploy: { replicas: 1 }").replicas).toEqual({ min: 1, max: 1 });
    });

    it.each([["small", 3, 3], ["medium", 3, 4], ["large", 3, 12], ["small", 20, 20]])("in a %s environment, %d replicas may become %d", (size, count, most) => {
        const settings = parseSettings({
            cluster: { target: "kind" }, environment: { size, quota: { cpu: "1k", memory: "1Ti", ephemeralStorage: "1Ti" } },
            app: { type: "services", services: { web: { image: "a/b:1", port: 80, exposed: true, replicas: web(`scale: ${count}`).replicas } } },
        }, "dev");
        expect(services(settings).services.web.replicas).toEqual({ min: count, max: most });
    });

    it("takes variables from the environment before .env, and tells of those that nobody sets", () => {
        const [file] = write({ "env/compose.yaml": "services: { web: { image: \"a/b:${TAG}\", ports: [\"80\"], environment: { A: \"$OWN\", B: \"$NONE\", C: \"$$x ${Y:-$${z}}\" } } }\n", "env/.env": "TAG=1\nOWN=file\n" });
        const { services: found, warnings } = readCompose([file], {}, { OWN: "shell" });
        expect(found.web).toMatchObject({ image: "a/b:1", environment: { A: "shell", B: "" } });
        expect(warnings.join()).toContain("the variable NONE is not set");
    });

    it("is overridden by later files as the specification says", () => {
        const files = write({
            "a.yaml": "services:\n  web:\n    image: a/b:1\n    command: [old, one]\n    ports: [\"80\", \"81\"]\n    environment: { A: 1, B: 2 }\n    volumes: [\"data:/d\"]\n    tmpfs: [/x]\nvolumes: { data: , other: }\n",
            "b.yaml": "services:\n  web:\n    command: [new]\n    ports: !override [\"90\"]\n    environment: [B=3, C=4]\n    volumes: [\"other:/d\"]\n    tmpfs: !reset []\n",
        });
        const { web: found } = readCompose(files, {}, {}).services;
        expect(found).toMatchObject({ args: ["new"], port: 90, environment: { A: "1", B: "3", C: "4" }, volumes: { "/d": { name: "other" } }, ephemeral: {} });
        expect(found).not.toHaveProperty("tcpPorts");
    });

    it("extends other services", () => {
        const { services: found } = read("services:\n  base: { image: \"a/b:1\", environment: { A: 1, B: 1 }, depends_on: [other] }\n"
            + "  web: { extends: { service: base }, ports: [\"80\"], environment: { B: 2 } }\n  other: { image: \"a/b:1\" }\n");
        expect(found.web).toMatchObject({ image: "a/b:1", environment: { A: "1", B: "2" }, after: ["other"] });
    });

    it("gives an entrypoint and a command the meaning that they have in Docker", () => {
        expect(web("entrypoint: /go --now\ncommand: [a, b]")).toMatchObject({ command: ["/go", "--now"], args: ["a", "b"] });
        expect(web("entrypoint: []\ncommand: sh -c x")).toMatchObject({ command: ["sh", "-c", "x"] });
        expect(web("command: \"\"")).not.toHaveProperty("args");
    });

    it("keeps no password in plain text, but the paths of files", () => {
        const { environment, secrets } = web("environment: { DB_PASSWORD: a, API_TOKEN: b, DB_PASSWORD_FILE: /run/secrets/x, MONKEY: c, KEYBOARD: d, SECRET_KEY_BASE: e, EMPTY_PASSWORD: \"\" }");
        expect(environment).toEqual({ DB_PASSWORD_FILE: "/run/secrets/x", MONKEY: "c", KEYBOARD: "d", EMPTY_PASSWORD: "" });
        expect(Object.keys(secrets)).toEqual(["DB_PASSWORD", "API_TOKEN", "SECRET_KEY_BASE"]);
    });

    it.each([
        "REDIS_URL: redis://:s3cret@cache:6379/0", "MONGO: mongodb://shop:s3cret@db/shop", "JDBC: \"jdbc:postgresql://db/shop?user=a&password=s3cret\"",
        "ConnectionStrings__Default: \"Server=db;User=a;Password=s3cret\"", "MYSQL_PWD: s3cret", "APP_KEYS: s3cret",
    ])("keeps no password in plain text, whatever its variable is called: %s", pair => {
        const { environment, secrets } = web(`environment: { ${pair} }`);
        expect(environment).toEqual({});
        expect(Object.keys(secrets)).toEqual([pair.split(":")[0]]);
    });

    it.each(["ADDRESS: http://api:8080/a@b", "MAIL: me@example.com", "OPTIONS: \"a=b;c=d\"", "PWD: /srv"])("keeps in plain text what has no password: %s", pair => {
        expect(web(`environment: { ${pair} }`).secrets).toEqual({});
    });

    it("says where a secret stands in a command or in a file", () => {
        const warnings = (key: string) => read(service("command: [serve, --key=$API_KEY]"), { environment: { API_KEY: key } }).warnings;
        expect(warnings("abcdefgh")).toEqual([expect.stringMatching(/services\.web has the value of API_KEY in its command(?!.*abcdefgh)/)]);
        expect(warnings("")).toEqual([]);
    });

    it("doesn't need a secret's file if Pulumi has the secret", () => {
        const text = `${service("secrets: [missing]")}secrets: { missing: { file: none.txt } }\n`;
        expect(told(text).refused).toEqual(["compose.yaml:6: secrets.missing has no file that can be read. Set it: pulumi config set --secret --path landfall:secrets.missing"]);
        expect(read(text, { given: { secrets: ["missing"] } }).services.web.secrets).toEqual({ "/run/secrets/missing": "missing" });
    });
});

describe("a container that starts slowly", () => {
    it.each([
        "test: mysqladmin ping", "test: mysqladmin ping, interval: 5s, retries: 5", "test: mysqladmin ping, interval: 1s, retries: 1, start_period: 10s",
        "test: mysqladmin ping, interval: 10s, start_interval: 1s", "test: mysqladmin ping, start_period: 10m",
    ])("has five minutes at least, with { %s }, for Compose would never stop it", healthcheck => {
        const { startup } = web(`healthcheck: { ${healthcheck} }`).probes;
        expect(startup.periodSeconds * startup.failureThreshold).toBeGreaterThanOrEqual(healthcheck.includes("10m") ? 600 : 300);
    });
});

describe("what can't be carried over", () => {
    it.each<[string, string]>([
        ["privileged: true", "privileged can't be carried over: the Pod Security Standard `restricted` forbids it"],
        ["network_mode: host", "network_mode host can't be carried over: a pod has a network of its own"],
        ["volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]", "volumes /var/run/docker.sock:/var/run/docker.sock can't be carried over: a container that reaches the engine controls its node"],
        ["volumes: [\"/proc:/host/proc:ro\"]", "volumes /proc:/host/proc can't be carried over: a container sees nothing of its node's system"],
        ["volumes: [/data]", "volumes /data has no name"], ["volumes: [\"data:/d\"]", "volumes data:/d isn't listed under the file's volumes"],
        ["devices: [/dev/snd]", "devices can't be carried over"], ["cap_add: [NET_ADMIN]", "cap_add NET_ADMIN can't be carried over"], ["pid: host", "pid can't be carried over"],
        ["configs: [a]", "configs.a isn't listed at the top"], ["extra_hosts: [\"a:1.2.3.4\"]", "extra_hosts can't be carried over"],
        ["networks: { default: { aliases: [my_q] } }", "networks.default.aliases my_q can't be carried over: it can't be a name in Kubernetes' DNS"],
        ["networks: { default: { aliases: mq } }", "networks.default.aliases is \"mq\", and has to be a list"],
        ["security_opt: [\"apparmor:unconfined\"]", "security_opt apparmor:unconfined can't be carried over"], ["deploy: { mode: global }", "deploy.mode global can't be carried over"],
        ["depends_on: [nobody]", "depends_on names nobody"],
        ["expose: [\"53/udp\"]\nports: [\"53:53/udp\"]", "ports 53/udp can't be carried over: connections here are over TCP"], ["imagee: x", "imagee is no key of the Compose specification"],
        ["mem_limit: lots", "deploy.resources.limits.memory is \"lots\", and has to be a byte value"], ["healthcheck: { test: [a] }", "healthcheck.test is [\"a\"], and has to be"],
        ["env_file: none.env", "env_file none.env doesn't exist"], ["environment: { A: \"${B:?say which}\" }", "needs the variable B: say which"],
    ])("%s stops the program, with its line and the reason", (keys, reason) => {
        const { refused } = told(keys.includes("ports:") ? service(keys).replace("    ports: [\"80\"]\n", "    #\n") : service(keys));
        expect(refused.find(line => line.includes(reason)), refused.join("\n")).toMatch(/^compose\.yaml:[5-6]: /);
    });

    it.each<[string, string]>([
        ["container_name: x", "container_name x is left out: pods have names of their own"], ["labels: [a=b]", "labels is left out"], ["restart: on-failure", "restart on-failure is left out"],
        ["user: root", "user root is left out: no container runs as root"], ["user: node", "user node is left out: Kubernetes needs the user's number"],
        ["deploy: { placement: { constraints: [] } }", "deploy.placement is left out"], ["stop_signal: SIGQUIT", "stop_signal SIGQUIT is left out"], ["tty: true", "tty is left out"],
    ])("%s is left out, and told", (keys, reason) => {
        const { refused, warned } = told(service(keys));
        expect(refused).toEqual([]);
        expect(warned.find(line => line.includes(reason)), warned.join("\n")).toMatch(/^compose\.yaml:5: /);
    });

    it("is told all at once, and nothing is said of what has an effect", () => {
        const text = service("privileged: true\ncap_add: [X]\ndevices: [a]");
        expect(told(text).refused).toHaveLength(3);
        expect(() => read(text)).toThrow("`!reset null` leaves out a key or a whole service");
        expect(told(service("read_only: true\ncap_drop: [ALL]\nrestart: always\nsecurity_opt: [\"no-new-privileges:true\"]\nx-own: 1")).warned).toEqual([]);
    });

    it("includes two services for one host, and names that DNS doesn't know", () => {
        const two = "services:\n  a: { image: \"a/b:1\", ports: [\"80\"] }\n  b: { image: \"a/b:1\", ports: [\"81\"] }\n";
        expect(told(two).refused).toEqual(["compose.yaml:3: a and b publish ports, and there is one host. Say which gets its requests: "
            + "landfall:app.services.a.exposed: true; others may have a path of their own."]);
        expect(told(two, { given: { services: { b: { exposed: true } } } }).refused).toEqual([]);
        expect(told("services:\n  \"a(b+\": { image: \"a/b:1\" }\n").refused).toEqual([expect.stringContaining("services.a(b+ can't be a name")]);
        expect(told("services:\n  my_web: { image: \"a/b:1\", ports: [\"80\"] }\n").refused).toEqual([expect.stringContaining("services.my_web can't be a name in Kubernetes' DNS")]);
    });

    it.each([
        ["127.0.0.1:15672:15672", "5672:5672"], ["5672", "127.0.0.1:15672:15672"], ["[::1]:8080:8080", "6379"],
    ])("isn't a second host for ports %s and %s: people reach only another protocol's", (...ports) => {
        const text = (web: string) => `services:\n  web: { image: "a/b:1", ports: ["${web}"] }\n  queue: { image: "a/c:1", ports: ${JSON.stringify(ports)} }\n`;
        expect(read(text("5000:5000")).services).toMatchObject({ web: { exposed: true } });
        expect(read(text("5000:5000")).services.queue.exposed).toBeUndefined();
        expect(told(text("127.0.0.1:5000:5000")).refused).toEqual([expect.stringContaining("web and queue publish ports")]);
    });

    it("is a container's end: the way to do its work is told", () => {
        for (const restart of ["\"no\"", "on-failure", "on-failure:3"]) {
            expect(told(service(`restart: ${restart}`)).warned).toContainEqual(expect.stringMatching(/set landfall:app\.services\.web\.job: true\. .* a task of a service: landfall:app\.services\.<name>\.tasks/));
        }
    });

    it("is a directory of source code only where the image has it too", () => {
        const built = (volume: string) => told(`services:\n  web:\n    build: app\n    ports: ["80"]\n    volumes: ["${volume}"]\n`);
        expect(built("./app:/srv").warned).toContainEqual(expect.stringMatching(/^compose\.yaml:5: services\.web\.volumes \.\/app:\/srv is left out: the image's own files are used/));
        expect(built("./other:/srv").warned).toContainEqual(expect.stringMatching(/^compose\.yaml:5: services\.web\.volumes \.\/other:\/srv is the volume other, which begins empty/));
    });
});

describe("the stack's own database", () => {
    const text = `services:
  web: { image: "a/b:1", ports: ["80"], depends_on: [db], environment: { HOST: db, USER: shop, NAME: wiki, DB_PASSWORD: s3cret, OTHER: x, DATABASE_URL: "mysql://shop:s3cret@db:3306/wiki?a=b" } }
  db: { image: "mariadb:11", environment: { MARIADB_USER: shop, MARIADB_PASSWORD: s3cret, MARIADB_DATABASE: wiki }, volumes: ["data:/var/lib/mysql"] }
volumes: { data: }
`;

    it("replaces a service if the settings say so, in everybody's environment", () => {
        const { services: found } = read(text, { given: { replaceDatabase: "db" } });
        expect(Object.keys(found)).toEqual(["web"]);
        expect(found.web).toMatchObject({
            database: true, after: [], talksTo: [], secrets: { DB_PASSWORD: "database.password" },
            environment: {
                HOST: "${database.host}", USER: "${database.user}", NAME: "${database.name}", OTHER: "x",
                DATABASE_URL: "mysql://${database.user}:${database.password}@${database.host}:${database.port}/${database.name}?a=b",
            },
        });
    });

    it("replaces a password that is in a file", () => {
        write({ "db-password.txt": "s3cret\n" });
        const { services: { web: found } } = read(`services:
  web: { image: "a/b:1", ports: ["80"], secrets: [db_password], environment: { HOST: db, PASSWORD_FILE: /run/secrets/db_password } }
  db: { image: "mariadb:11", secrets: [db_password], environment: { MARIADB_PASSWORD_FILE: /run/secrets/db_password, MARIADB_DATABASE: wiki }, volumes: ["data:/var/lib/mysql"] }
volumes: { data: }
secrets: { db_password: { file: db-password.txt } }
`, { given: { replaceDatabase: "db" } });
        expect(found).toMatchObject({ database: true, secrets: { "/run/secrets/db_password": "database.password" }, environment: { HOST: "${database.host}", PASSWORD_FILE: "/run/secrets/db_password" } });
    });

    it("is told where an address of the replaced one stays, because nothing answers there", () => {
        const warned = (web: string, services = {}) => read(text.replace("OTHER: x", `OTHER: x, ${web}`).replace("  db:", "  wait: { image: \"a/c:1\", command: \"sh -c 'until nc -z db 3306; do sleep 1; done'\" }\n  db:"), { given: { replaceDatabase: "db", services } }).warnings;
        expect(warned("JDBC: \"jdbc:mysql://db:3306/wiki\"")).toEqual([
            expect.stringMatching(/compose\.yaml:2: services\.web has the address \/\/db of the server that the stack's own database replaces.*DATABASE_HOST/),
            expect.stringMatching(/compose\.yaml:3: services\.wait has the address db 3306/),
        ]);
        expect(warned("TASK: \"db:migrate 3306\", PATH: /srv/db-3306, DIRECTORY: /srv/db")).toHaveLength(1);
        expect(warned("MORE: y", { wait: { args: ["true"] } })).toEqual([]);
    });

    it("is offered where it could replace one", () => {
        expect(told(text).warned).toContainEqual(expect.stringMatching(/^compose\.yaml:3: services\.db runs as the file says\. With landfall:app\.replaceDatabase: db/));
        expect(read(text, { given: { replaceDatabase: "db" } }).warnings).toEqual([]);
        expect(told(text.replace("mariadb:11", "postgres:17")).warned).toEqual([]);
    });

    it("replaces nothing that isn't one", () => {
        expect(told(text, { given: { replaceDatabase: "web" } }).refused).toEqual([expect.stringContaining("landfall:app.replaceDatabase is web, which is no service with MariaDB or MySQL")]);
    });
});

describe("the settings of a stack with a Compose file", () => {
    const config = (app: object) => ({ "landfall:cluster": "{\"target\":\"kind\"}", "landfall:app": JSON.stringify({ type: "services", ...app }) });

    it("are the file's, and the stack's own over them", () => {
        const [compose] = write({ "own/compose.yaml": "services: { web: { image: \"a/b:1\", ports: [\"80\"], environment: { A: 1, B: 2, DB_PASSWORD: s3cret } } }\n" });
        const settings = parseConfiguration({ config: config({ compose, services: { web: { replicas: { max: 3 }, environment: { B: "own" } }, job: { image: "a/b:1" } } }), secretKeys: [] }, "dev") as PlainSettings;
        const { web: found, job } = services(settings).services;
        expect(found).toMatchObject({ image: "a/b:1", port: 80, exposed: true, replicas: { min: 2, max: 3 }, environment: { A: "1", B: "own" } });
        expect(job).toBeDefined();
        expect(settings.secrets).toEqual({ "web-DB_PASSWORD": "s3cret" });
    });

    it("never show what the file keeps secret", () => {
        const [compose] = write({ "bad/compose.yaml": "services: { web: { image: \"a/b:1\", ports: [\"80\"], environment: { DB_PASSWORD: hunter2 } } }\n" });
        const reading = () => parseConfiguration({ config: config({ compose, services: { web: { secrets: { X: "none" } } } }), secretKeys: [] }, "dev");
        expect(reading).toThrow(/landfall:app\.services\.web\.secrets names none/);
        expect(reading).not.toThrow(/hunter2/);
    });

    it("replace an image by a build, and one variable's kind by another", () => {
        const base = { web: { image: "a:1", environment: { A: "1", B: "2" }, secrets: { C: "c" } } };
        expect(withOverrides(base, { web: { build: { context: "." }, secrets: { A: "a" }, environment: { C: "3" } } }))
            .toEqual({ web: { build: { context: "." }, environment: { B: "2", C: "3" }, secrets: { A: "a" } } });
    });
});

describe("an image that several services run", () => {
    it.each([["shop", "shop:latest"], ["shop:1", "shop:1"], ["registry:5000/shop", "registry:5000/shop"]])("and that one of them builds is built for all, because no registry has it: %s", (built, named) => {
        const { services: found, warnings } = read(`services:\n  web: { build: app, image: "${built}", ports: ["4000"] }\n  job: { image: "${named}", command: work }\n  other: { image: "shop:2" }\n`);
        expect(found.job.build).toEqual(found.web.build);
        expect(found.job).not.toHaveProperty("image");
        expect(found.other.image).toBe("shop:2");
        expect(warnings.filter(line => line.includes("latest"))).toEqual([]);
    });

    const two = (job: string, web = "") => read(`services:\n  web: { build: app, ports: ["4000"]${web} }\n  job: { build: app${job} }\n`);

    it("listens where its own command runs, and not where another one does", () => {
        const { services: found, warnings } = two(", command: work --forever");
        expect(found.job).not.toHaveProperty("port");
        expect(found.web.talksTo).toEqual([]);
        expect(warnings).toContainEqual(expect.stringMatching(/compose\.yaml:3: services\.job listens to nothing.*write expose: \["4000"\]/));
        expect(two("").services.job.port).toBe(4000);
    });

    it.each<[string, string]>([
        [", entrypoint: [work], expose: [\"4002\"]", ""], [", command: serve", ", environment: { JOBS: \"http://job:4000/x\" }"], [", command: serve", ", environment: [HOST=job]"], [", command: serve", ", env_file: job.env"], [", command: serve", ", command: \"proxy --to job:4000\""],
        [", command: serve", ", environment: { DSN: \"amqp://me:pw@job/x\" }"],
    ])("listens if somebody says so: %s %s", (job, web) => expect(two(job, web).services.web.talksTo).toEqual(["job"]));

    it.each(["job2:4000", "my-job:4000", "a.job:1", "jobs"])("doesn't listen because of another's name: %s", text => expect(two(", command: work", `, environment: { A: "${text}" }`).services.job).not.toHaveProperty("port"));
});

describe("a service whose port the file doesn't say", () => {
    const files = (web: string, image = "example/api:1") => `services:\n  web: { image: "a/b:1", ports: ["80"]${web} }\n  api: { image: "${image}" }\nconfigs: { site: { content: "proxy http://api:8081;" } }\n`;

    it.each<[string, number[]]>([
        [", environment: { URL: \"http://api:8080/x\", OTHER: \"tcp://api:9090\" }", [8080, 9090]], [", command: [proxy, \"api:7000\"]", [7000]], [", volumes: [\"./site.conf:/etc/site.conf:ro\"]", [9000]],
        [", volumes: [\"./sites:/etc/sites:ro\"]", [9001]], [", configs: [site]", [8081]],
    ])("listens where others connect to it: %s", (web, ports) => {
        write({ "site.conf": "fastcgi_pass api:9000;\n", "sites/a.conf": "upstream x { server api:9001; }\n" });
        const { web: found, api } = read(files(web)).services;
        expect([api.port, ...api.tcpPorts ?? []]).toEqual(ports);
        expect(found.talksTo).toEqual(["api"]);
    });

    it.each<[string, number]>([
        ["docker.io/valkey/valkey:8", 6379], ["ghcr.io/immich-app/postgres:14@sha256:1", 5432], ["pgvector/pgvector:pg16", 5432], ["bitnami/mariadb", 3306], ["registry.example:5000/team/postgis:16", 5432], ["clickhouse/clickhouse-server:24", 8123],
    ])("listens as its program usually does: %s", (image, port) => expect(read(files("", image)).services.api.port).toBe(port));

    it.each(["{ A: \"api:16\" }", "{ A: \"my-api:8080\" }", "{ A: \"api.example:8080\" }", "{ A: \"api:99999\" }", "{ A: \"api:8080.1\" }"])("isn't where something else is named: %s", environment =>
        expect(read(files(`, environment: ${environment}`)).services.api).not.toHaveProperty("port"));

    it("is warned of where others name it as a host", () => {
        expect(told(files(", environment: { HOST: api }")).warned).toEqual([expect.stringMatching(/^compose\.yaml:3: services\.api has no port, and other services name it as a host.*write expose/)]);
        expect(told(files(", environment: { HOST: api }"), { given: { services: { api: { port: 5 } } } }).warned).toEqual([]);
    });

    it("stays without one where the settings have its volumes", () => {
        const given = { services: { api: { volumes: { "/d": { accessMode: "ReadWriteMany" } } } } };
        expect(read(files(", environment: { URL: \"http://api:8080\" }", "bitnami/mysql"), { given }).services.api).not.toHaveProperty("port");
    });
});
